// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ModelText} from "../consumers/ModelText.sol";
import {SvgShapes} from "../consumers/SvgShapes.sol";

/// @title What consumers do with texts, callable from outside
contract TextHarness {
    function quote(string calldata text, uint256 most) external pure returns (bytes memory) {
        return ModelText.quote(text, most);
    }

    function labelOf(bytes calldata text, string calldata labels) external pure returns (uint256) {
        return ModelText.labelOf(text, labels);
    }

    function areDrawings(bytes[] calldata texts) external pure returns (bool[] memory results) {
        results = new bool[](texts.length);
        for (uint256 i = 0; i < texts.length; ++i) results[i] = SvgShapes.isDrawing(texts[i]);
    }

    /// @notice Gas that looking at a text takes.
    function gasOf(bytes calldata text) external view returns (uint256) {
        uint256 before = gasleft();
        SvgShapes.isDrawing(text);
        return before - gasleft();
    }
}
