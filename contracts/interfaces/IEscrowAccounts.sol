// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";
import {TaskId} from "../types/Ids.sol";

/// @title Money in and out of the escrow
/// @notice The escrow is the only vault of the payment token: what it holds is the sum of accounts (free and
///         time-locked), locks of open requests, left-overs in slots, node earnings and collected fees. Amounts are in units of the payment token.
interface IEscrowAccounts is IEscrowTypes {
    event Deposited(address indexed account, address indexed from, uint256 amount);
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    event Transferred(address indexed from, address indexed to, uint256 amount);
    event TimeLocked(address indexed account, uint256 indexed purse, uint256 amount, uint256 unlockAt);
    event TimeUnlocked(address indexed account, uint256 indexed purse, uint256 amount);
    event FeesCollected(TaskId indexed taskId, address indexed publisher, uint256 royalty, uint256 treasuryShare);

    /// @notice The token delivered another amount than it was asked for; such a token cannot be used.
    error TransferMismatch(uint256 expected, uint256 received);
    /// @notice The escrow cannot be paid out of an account: what it moves to itself belongs to nobody.
    error InvalidReceiver(address to);
    /// @notice Time-locked money stays until this time; unlock it afterwards.
    error StillLocked(uint256 unlockAt);
    /// @notice Purses are numbered below 2^33.
    error NoSuchPurse(uint256 purse);
    /// @notice A time lock can only be moved later, and at most 365 days ahead.
    error InvalidUnlockTime(uint256 given, uint256 earliest, uint256 latest);

    /// @notice Moves `amount` of the payment token from the caller into the account of `account`.
    /// @dev MUST revert when the token moves another amount than asked.
    function deposit(address account, uint256 amount) external;

    /// @notice `deposit` into the caller's own account with an ERC-2612 permit. A permit that somebody else submitted first does no harm.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Pays out from the caller's free balance.
    /// @param to neither the zero address nor the escrow itself
    function withdraw(address to, uint256 amount) external;

    /// @notice Moves `amount` of the caller's free balance to another account of the escrow.
    function transfer(address to, uint256 amount) external;

    /// @notice Moves `amount` of the caller's free balance under a time lock, into one of its purses. A purse pays for the
    ///         signed requests with the 128 nonces purse * 128 .. purse * 128 + 127, each once.
    /// @param purse number below 2^33
    /// @param amount at most 2^96 - 1 together with what the purse holds
    /// @param unlockAt the whole purse stays locked until then; not earlier than an existing lock
    function timeLock(uint256 purse, uint256 amount, uint256 unlockAt) external;

    /// @notice Moves a purse back to the caller's free balance once its lock is over. Used nonces stay used.
    function timeUnlock(uint256 purse) external;

    /// @notice Moves a task's royalties to its publisher's account and its fees to the treasury's. By anyone.
    function collect(TaskId taskId) external;

    /// @return amount time-locked balance of the purse
    /// @return unlockAt when it can be unlocked
    /// @return usedNonces bit n is set once nonce purse * 128 + n was paid for
    function timeLockOf(
        address account,
        uint256 purse
    ) external view returns (uint256 amount, uint256 unlockAt, uint256 usedNonces);

    /// @return royalty owed to the task's publisher
    /// @return treasuryShare owed to the treasury: fees, pay of absent members, rest of tips
    function feesOf(TaskId taskId) external view returns (uint256 royalty, uint256 treasuryShare);

    /// @return the payment token
    function token() external view returns (address);
}
