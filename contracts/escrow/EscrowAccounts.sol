// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IEscrowAccounts} from "../interfaces/IEscrowAccounts.sol";
import {TaskId} from "../types/Ids.sol";
import {purseKeyOf} from "../types/Request.sol";
import {EscrowState} from "./EscrowState.sol";

/// @title Money in and out of the escrow
abstract contract EscrowAccounts is EscrowState, IEscrowAccounts, ReentrancyGuardTransient {
    using SafeERC20 for IERC20Metadata;

    uint256 private constant MAX_TIME_LOCK = 365 days;
    /// @dev A nonce has 40 bits, and each purse takes 2^7 of them.
    uint256 private constant PURSES = 2 ** 33;

    /* DEPOSITS */

    /// @inheritdoc IEscrowAccounts
    function deposit(address account, uint256 amount) external nonReentrant {
        _deposit(account, amount);
    }

    /// @inheritdoc IEscrowAccounts
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external nonReentrant {
        // A permit that was submitted before has already set the allowance; without one, the transfer reverts.
        try IERC20Permit(address(TOKEN)).permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(msg.sender, amount);
    }

    /// @inheritdoc IEscrowAccounts
    function withdraw(address to, uint256 amount) external nonReentrant {
        require(to != address(0), ZeroAddress());
        require(to != address(this), InvalidReceiver(to));
        _debit(msg.sender, amount);
        emit Withdrawn(msg.sender, to, amount);
        TOKEN.safeTransfer(to, amount);
    }

    /// @inheritdoc IEscrowAccounts
    function transfer(address to, uint256 amount) external {
        require(to != address(0), ZeroAddress());
        _debit(msg.sender, amount);
        _credit(to, amount);
        emit Transferred(msg.sender, to, amount);
    }

    function _deposit(address account, uint256 amount) private {
        require(account != address(0), ZeroAddress());
        uint256 before = TOKEN.balanceOf(address(this));
        TOKEN.safeTransferFrom(msg.sender, address(this), amount);
        uint256 held = TOKEN.balanceOf(address(this));
        require(held == before + amount && held <= LOW_128, TransferMismatch(amount, held - before));
        _credit(account, amount);
        emit Deposited(account, msg.sender, amount);
    }

    /* TIME LOCKS */

    /// @inheritdoc IEscrowAccounts
    function timeLock(uint256 purse, uint256 amount, uint256 unlockAt) external {
        require(purse < PURSES, NoSuchPurse(purse));
        (uint256 locked, uint256 earliest, uint256 usedNonces) = timeLockOf(msg.sender, purse);
        if (earliest < block.timestamp) earliest = block.timestamp;
        uint256 latest = block.timestamp + MAX_TIME_LOCK;
        require(unlockAt >= earliest && unlockAt <= latest, InvalidUnlockTime(unlockAt, earliest, latest));
        _debit(msg.sender, amount);
        locked += amount;
        require(locked <= type(uint96).max, LockTooLarge(locked));
        // each part is as wide as its place: a time is below 2^32 until 2106
        _purses[purseKeyOf(msg.sender, purse)] = (usedNonces << 128) | (unlockAt << 96) | locked;
        emit TimeLocked(msg.sender, purse, amount, unlockAt);
    }

    /// @inheritdoc IEscrowAccounts
    function timeUnlock(uint256 purse) external {
        (uint256 amount, uint256 unlockAt, uint256 usedNonces) = timeLockOf(msg.sender, purse);
        require(block.timestamp > unlockAt, StillLocked(unlockAt));
        _purses[purseKeyOf(msg.sender, purse)] = usedNonces << 128; // a used nonce stays used
        _credit(msg.sender, amount);
        emit TimeUnlocked(msg.sender, purse, amount);
    }

    /* FEES */

    /// @inheritdoc IEscrowAccounts
    function collect(TaskId taskId) external {
        (uint256 royalty, uint256 treasuryShare) = feesOf(taskId);
        address publisher = TASK_REGISTRY.publisherOf(taskId);
        _fees[taskId] = 0;
        _credit(publisher, royalty);
        _credit(TREASURY, treasuryShare);
        emit FeesCollected(taskId, publisher, royalty, treasuryShare);
    }

    /// @inheritdoc IEscrowAccounts
    function timeLockOf(
        address account,
        uint256 purse
    ) public view returns (uint256 amount, uint256 unlockAt, uint256 usedNonces) {
        uint256 word = purse < PURSES ? _purses[purseKeyOf(account, purse)] : 0;
        return (word & type(uint96).max, (word >> 96) & type(uint32).max, word >> 128);
    }

    /// @inheritdoc IEscrowAccounts
    function feesOf(TaskId taskId) public view returns (uint256 royalty, uint256 treasuryShare) {
        uint256 word = _fees[taskId];
        return (word >> 128, word & LOW_128);
    }

    /// @inheritdoc IEscrowAccounts
    function token() external view returns (address) {
        return address(TOKEN);
    }
}
