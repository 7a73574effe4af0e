// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommitteeDraw} from "../libraries/CommitteeDraw.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";

/// @title Measures the draw by itself
contract DrawHarness {
    /// @notice Writes a snapshot with an empty header.
    /// @param entries 8 bytes a node
    function write(bytes calldata entries) external returns (address snapshot) {
        return SnapshotCode.create(bytes.concat(new bytes(33), entries));
    }

    /// @notice Gas of drawing k of the snapshot once its account is warm.
    function gasOf(address snapshot, uint256 count, bytes32 seed, uint256 k) external view returns (uint256 used) {
        SnapshotCode.header(snapshot);
        uint256[] memory none = new uint256[](0);
        uint256 start = gasleft();
        uint256[] memory members = CommitteeDraw.draw(snapshot, count, seed, k, 10, none);
        used = start - gasleft();
        require(members.length == k, "incomplete draw");
    }
}
