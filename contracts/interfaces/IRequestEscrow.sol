// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowAccounts} from "./IEscrowAccounts.sol";
import {IEscrowCore} from "./IEscrowCore.sol";
import {IEscrowFallback} from "./IEscrowFallback.sol";
import {IEscrowLanes} from "./IEscrowLanes.sol";
import {IEscrowLedger} from "./IEscrowLedger.sol";
import {IEscrowSigned} from "./IEscrowSigned.sol";
import {IEscrowVerdicts} from "./IEscrowVerdicts.sol";

/// @title Requests: asking, settling, calling back, refunding
/// @notice All that the escrow's address answers. The core and the signed lane are its own code, the rest that of its extension: together
///         they exceed the 24,576 bytes that one contract may have (EIP-170).
interface IRequestEscrow is
    IEscrowCore,
    IEscrowSigned,
    IEscrowAccounts,
    IEscrowLanes,
    IEscrowFallback,
    IEscrowLedger,
    IEscrowVerdicts
{}
