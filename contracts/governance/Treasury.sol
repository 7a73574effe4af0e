// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IEscrowAccounts} from "../interfaces/IEscrowAccounts.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {ITreasury} from "../interfaces/ITreasury.sol";

/// @title What the protocol owns, and whom governance gives it to
contract Treasury is ITreasury, AccessManaged {
    using SafeERC20 for IERC20;

    uint256 private constant LONGEST_STREAM = 10 * 365 days;
    uint256 private constant MOST_SHIFT = 365 days;

    Stream[] private _streams;
    mapping(IERC20 token => uint256 amount) private _promised;

    /// @param authority access manager of the instances
    constructor(address authority) AccessManaged(authority) {}

    /* GIVING */

    /// @inheritdoc ITreasury
    function grant(IERC20 token, address to, uint256 amount) external restricted {
        _requireReceiver(to);
        _requireAvailable(token, amount);
        emit Granted(token, to, amount);
        token.safeTransfer(to, amount);
    }

    /// @inheritdoc ITreasury
    function createStream(
        IERC20 token,
        address recipient,
        uint128 total,
        uint40 start,
        uint40 end
    ) external restricted returns (uint256 streamId) {
        _requireReceiver(recipient);
        bool isTimely = start + MOST_SHIFT >= block.timestamp && start <= block.timestamp + MOST_SHIFT;
        bool isLong = end > start && end <= start + LONGEST_STREAM;
        require(total != 0 && isTimely && isLong, InvalidStream(total, start, end));
        _requireAvailable(token, total);
        streamId = _streams.length;
        _streams.push(Stream(token, total, start, end, recipient, 0));
        _promised[token] += total;
        emit StreamCreated(streamId, token, recipient, total, start, end);
    }

    /// @inheritdoc ITreasury
    function endStream(uint256 streamId) external restricted {
        Stream storage stream = _existing(streamId);
        require(block.timestamp < stream.end, StreamIsOver(streamId));
        uint256 kept = _accruedInAll(stream);
        _promised[stream.token] -= stream.total - kept;
        stream.total = uint128(kept); // at most the former total
        stream.end = uint40(block.timestamp); // below the former end
        if (stream.start > stream.end) stream.start = stream.end;
        emit StreamEnded(streamId, kept);
    }

    /// @inheritdoc ITreasury
    function payStream(uint256 streamId) external returns (uint256 amount) {
        Stream storage stream = _existing(streamId);
        amount = _accruedInAll(stream) - stream.paid;
        require(amount != 0, NothingAccrued(streamId));
        stream.paid += uint128(amount); // at most the total
        _promised[stream.token] -= amount;
        emit StreamPaid(streamId, stream.recipient, amount);
        stream.token.safeTransfer(stream.recipient, amount);
    }

    /// @inheritdoc ITreasury
    function changeRecipient(uint256 streamId, address recipient) external {
        Stream storage stream = _existing(streamId);
        require(msg.sender == stream.recipient, NotRecipient(streamId, msg.sender));
        _requireReceiver(recipient);
        stream.recipient = recipient;
        emit RecipientChanged(streamId, msg.sender, recipient);
    }

    function _requireReceiver(address to) private view {
        require(to != address(0) && to != address(this), InvalidReceiver(to));
    }

    function _requireAvailable(IERC20 token, uint256 amount) private view {
        uint256 free = available(token);
        require(amount <= free, InsufficientFunds(token, free, amount));
    }

    function _existing(uint256 streamId) private view returns (Stream storage) {
        require(streamId < _streams.length, UnknownStream(streamId));
        return _streams[streamId];
    }

    /// @dev Grows with time and never exceeds the total.
    function _accruedInAll(Stream storage stream) private view returns (uint256) {
        (uint256 start, uint256 end) = (stream.start, stream.end);
        if (block.timestamp >= end) return stream.total;
        if (block.timestamp <= start) return 0;
        return (uint256(stream.total) * (block.timestamp - start)) / (end - start);
    }

    /* COLLECTING */

    /// @inheritdoc ITreasury
    function pullFees(address escrow, uint256 amount) external {
        IEscrowAccounts(escrow).withdraw(address(this), amount);
    }

    /// @inheritdoc ITreasury
    function pullAwards(address nodeRegistry, uint256 amount) external {
        INodeRegistry(nodeRegistry).withdrawAward(address(this), amount);
    }

    /* VIEWS */

    /// @inheritdoc ITreasury
    function available(IERC20 token) public view returns (uint256) {
        (uint256 held, uint256 owed) = (token.balanceOf(address(this)), _promised[token]);
        return held > owed ? held - owed : 0;
    }

    /// @inheritdoc ITreasury
    function promised(IERC20 token) external view returns (uint256) {
        return _promised[token];
    }

    /// @inheritdoc ITreasury
    function streamOf(uint256 streamId) external view returns (Stream memory) {
        return _existing(streamId);
    }

    /// @inheritdoc ITreasury
    function accrued(uint256 streamId) external view returns (uint256) {
        Stream storage stream = _existing(streamId);
        return _accruedInAll(stream) - stream.paid;
    }

    /// @inheritdoc ITreasury
    function streamCount() external view returns (uint256) {
        return _streams.length;
    }
}
