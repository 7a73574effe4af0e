// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";

/// @title Requests that their requesters sign off chain
interface IEscrowSigned is IEscrowTypes {
    /// @notice Settles a request that travels with its requester's signature and is paid from time-locked balance: no slot,
    ///         no callback, no reputation, no `proveItem`, and no challenge window.
    /// @param requesterSignature 64 bytes (EIP-2098) over EIP-712 `SignedRequest`
    function settleSigned(
        Settlement calldata settlement,
        bytes calldata requesterSignature,
        RoundSignature[] calldata rounds
    ) external;
}
