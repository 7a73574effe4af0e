// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title What the protocol owns, and whom governance gives it to
/// @notice Fees of all instances end here. Governance grants at once or streams over time; what a stream promises is set
///         aside when it is made, so that no later decision can promise it again. Amounts are in units of each token.
interface ITreasury {
    /// @param token what is streamed
    /// @param total promised in all
    /// @param start from which it accrues evenly
    /// @param end when all has accrued
    /// @param recipient whom it is paid to
    /// @param paid what was paid so far
    struct Stream {
        IERC20 token;
        uint128 total;
        uint40 start;
        uint40 end;
        address recipient;
        uint128 paid;
    }

    event Granted(IERC20 indexed token, address indexed to, uint256 amount);
    event StreamCreated(
        uint256 indexed streamId,
        IERC20 indexed token,
        address indexed recipient,
        uint256 total,
        uint256 start,
        uint256 end
    );
    event StreamPaid(uint256 indexed streamId, address indexed recipient, uint256 amount);
    /// @param accrued what the recipient keeps, and can still be paid
    event StreamEnded(uint256 indexed streamId, uint256 accrued);
    event RecipientChanged(uint256 indexed streamId, address indexed former, address indexed recipient);

    /// @notice The treasury holds this much that no stream has promised.
    error InsufficientFunds(IERC20 token, uint256 available, uint256 wanted);
    error InvalidReceiver(address to);
    /// @notice A stream takes one second to ten years, from a start at most a year ago or ahead.
    error InvalidStream(uint256 total, uint256 start, uint256 end);
    error UnknownStream(uint256 streamId);
    error StreamIsOver(uint256 streamId);
    error NothingAccrued(uint256 streamId);
    error NotRecipient(uint256 streamId, address caller);

    /// @notice Gives tokens that no stream has promised. Governance only.
    function grant(IERC20 token, address to, uint256 amount) external;

    /// @notice Promises tokens that no other stream has promised, to accrue evenly. Governance only.
    function createStream(
        IERC20 token,
        address recipient,
        uint128 total,
        uint40 start,
        uint40 end
    ) external returns (uint256 streamId);

    /// @notice Ends a stream now: what has accrued stays the recipient's, the rest is the treasury's again. Governance only.
    function endStream(uint256 streamId) external;

    /// @notice Pays what has accrued to the stream's recipient. By anyone.
    function payStream(uint256 streamId) external returns (uint256 amount);

    /// @notice Names another recipient of all that is not paid. By the recipient.
    function changeRecipient(uint256 streamId, address recipient) external;

    /// @notice Takes the treasury's balance out of an instance's escrow. By anyone.
    /// Warning: an escrow of a stranger's can name any token and pay nothing; only what arrives counts.
    function pullFees(address escrow, uint256 amount) external;

    /// @notice Takes slashed ATOMA that was awarded to the treasury out of an instance's node registry. By anyone.
    function pullAwards(address nodeRegistry, uint256 amount) external;

    /// @return tokens held that no stream has promised
    function available(IERC20 token) external view returns (uint256);

    /// @return tokens that streams have promised and not paid
    function promised(IERC20 token) external view returns (uint256);

    function streamOf(uint256 streamId) external view returns (Stream memory);

    /// @return what `payStream` would pay now
    function accrued(uint256 streamId) external view returns (uint256);

    function streamCount() external view returns (uint256);
}
