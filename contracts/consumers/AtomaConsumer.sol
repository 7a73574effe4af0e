// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAtomaConsumer} from "../interfaces/IAtomaConsumer.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
// for contracts that inherit, which import it from here
// solhint-disable-next-line no-unused-import
import {TaskId} from "../types/Ids.sol";

/// @title Base of a contract that offloads computation
/// @notice Call `_ask` and implement `_onResult`. The contract pays from its own account in the escrow: anyone can fill it
///         with `deposit(address(consumer), amount)`.
/// @dev Requests go round a ring of slots, so that each costs a rewritten storage word instead of a new one.
abstract contract AtomaConsumer is IAtomaConsumer, IEscrowTypes {
    /// @dev Requests that can be open, or waiting for disputes and retries to end, at the same time.
    uint24 private constant RING = 64;

    IRequestEscrow public immutable escrow;

    /// @notice Only the escrow calls back.
    error NotEscrow(address caller);

    constructor(IRequestEscrow escrow_) {
        escrow = escrow_;
    }

    /// @inheritdoc IAtomaConsumer
    function onAtomaResult(bytes32 requestId, uint8 status, bytes32 digest, bytes calldata output) external {
        require(msg.sender == address(escrow), NotEscrow(msg.sender));
        _onResult(requestId, status, digest, output);
    }

    /// @notice Asks for a computation over `input`. The slot in `params` is chosen here.
    function _ask(RequestParams memory params, bytes memory input) internal returns (bytes32 requestId) {
        params.slot = _takeSlot();
        return escrow.request(params, input);
    }

    /// @dev The slot of the next request: a free one of the ring.
    function _takeSlot() internal virtual returns (uint24 slot) {
        return escrow.freeSlot(address(this), RING);
    }

    /// @dev See `IAtomaConsumer.onAtomaResult`. Keep it short: it runs on the gas that was asked for.
    function _onResult(bytes32 requestId, uint8 status, bytes32 digest, bytes calldata output) internal virtual;
}
