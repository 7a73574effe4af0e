// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head} from "../types/Head.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";
import {IEscrowTypes} from "./IEscrowTypes.sol";

/// @title What the disputes contract of the instance tells the escrow
/// @notice Every function that changes something is for the disputes contract alone, fixed at deployment, but for `jail`.
interface IEscrowVerdicts is IEscrowTypes {
    event RequestDisputed(bytes32 indexed requestId);
    /// @param digest top 192 bits of the digest that stands; zero where any quorum's may
    /// @param until last second in which an open request can settle with it
    event VerdictRecorded(bytes32 indexed requestId, bytes32 digest, uint256 until);

    /// @notice A verdict found the root of a settled bundle wrong: its items are proven no more.
    event RootRevoked(bytes32 indexed requestId, bytes32 root);

    /// @notice The request's time to be disputed is over.
    error TooLateToDispute(uint256 until);

    /// @notice Keeps an open request from settling and expiring. Up to its deadline plus expire delay.
    /// @return members the committee, in draw order, each nodeId << 32 | ask
    function blockOpen(Request calldata request_) external returns (uint256[] memory members);

    /// @notice Keeps a recorded result from being paid, up to the end of its challenge window. Of a settled request it only
    ///         checks that the slot holds the outcome and the request can still be disputed: what is paid stays paid.
    /// @return isSettled whether it was paid already
    function blockOutcome(
        Request calldata request_,
        bytes32 digest,
        Head head,
        address settler
    ) external returns (bool isSettled);

    /// @notice Lets a blocked request go on: an open one settles with this digest until then, also after its deadline, and is
    ///         refunded by `expire` afterwards; a recorded one can be finalised from the next second on.
    /// @param digest only the top 192 bits count; zero for any digest
    function uphold(Request calldata request_, bytes32 digest, uint256 until) external;

    /// @notice Refunds a blocked request.
    /// @param reason selector of the error that names why
    function overturn(Request calldata request_, bytes4 reason) external;

    /// @notice Stops serving a settled result that a verdict found wrong: a callback that failed is not delivered any more, and
    ///         of a bundle no item is proven.
    function revokeResult(bytes32 requestId) external;

    /// @notice Moves a bond from an account to that of the disputes contract, which asks in its caller's name only.
    function collectBond(address from, uint256 amount) external;

    /// @notice Pays jurors from the account of the disputes contract into their earnings; what is too much for one of them
    ///         goes to the treasury.
    /// @param members each nodeId << 32 | ask
    /// @param seats bit i is member i
    /// @param each pay of each, below 2^96
    function payJurors(uint256[] calldata members, uint256 seats, uint256 each) external;

    /// @notice Takes a node's key away, without keeping it as a former one, and its reputation. By the node registry.
    function jail(NodeId nodeId) external;

    /// @notice The current keys of drawn nodes, zero for a jailed one.
    /// @param members each nodeId << 32 | ask
    function signersOf(uint256[] calldata members) external view returns (address[] memory signers);

    /// @return the disputes contract of this instance
    function disputes() external view returns (address);
}
