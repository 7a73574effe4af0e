// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EscrowAccounts} from "./escrow/EscrowAccounts.sol";
import {EscrowFallback} from "./escrow/EscrowFallback.sol";
import {EscrowLanes} from "./escrow/EscrowLanes.sol";
import {EscrowLedger} from "./escrow/EscrowLedger.sol";
import {EscrowState} from "./escrow/EscrowState.sol";
import {EscrowVerdicts} from "./escrow/EscrowVerdicts.sol";

/// @title The part of the escrow that does not fit the core's code
/// @notice Runs by delegatecall on the escrow's storage, chosen for good by the escrow's constructor. Called directly it
///         works on storage of its own, which holds nothing and which no other contract looks at.
contract EscrowExtension is EscrowAccounts, EscrowLanes, EscrowFallback, EscrowLedger, EscrowVerdicts {
    /// @notice Hash of the config; the core must have the same.
    bytes32 public immutable configHash;

    constructor(Config memory c) EscrowState(c) {
        configHash = keccak256(abi.encode(c));
    }
}
