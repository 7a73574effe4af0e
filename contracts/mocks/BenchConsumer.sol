// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AtomaConsumer} from "../consumers/AtomaConsumer.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";

/// @title A consumer that asks for whatever it is told to and ignores the answer
contract BenchConsumer is AtomaConsumer {
    constructor(IRequestEscrow escrow_) AtomaConsumer(escrow_) {}

    /// @notice Asks in the given slot, as a consumer does that keeps track of its slots itself.
    function ask(RequestParams calldata params, bytes calldata input) external returns (bytes32) {
        return escrow.request(params, input);
    }

    /// @notice Asks in a slot that the base contract chooses.
    function askAnywhere(RequestParams calldata params, bytes calldata input) external returns (bytes32) {
        return _ask(params, input);
    }

    function askBundle(
        RequestParams calldata params,
        uint32 items,
        bytes32 root,
        string calldata uri
    ) external returns (bytes32) {
        return escrow.requestBundle(params, items, root, uri);
    }

    function _onResult(bytes32, uint8, bytes32, bytes calldata) internal override {}
}
