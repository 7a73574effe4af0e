// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head} from "../types/Head.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";

/// @title ATOMA for nodes whose work paid protocol fees
/// @notice Of every settled request that is shown here, each node that was paid is credited the protocol fee on its own pay,
///         valued in ATOMA. After an epoch it may claim that value, or its part of the epoch's budget where the budget is
///         less. So a node's emission never exceeds the fees that its work paid, at a price that governance keeps above the
///         market's: neither idle stake nor work for oneself earns anything.
///         Nothing is minted: what is paid out was granted to this contract before.
interface IEmissions {
    /// @notice A settled request, as events and calldata tell it.
    /// @param digest what was settled
    /// @param head status, usage and bitmaps, as settled
    struct Work {
        Request request;
        bytes32 digest;
        Head head;
    }

    /// @notice ATOMA of an epoch, in units of 10^-18.
    /// @param budget set aside for it
    /// @param valued value of all that was recorded in it
    /// @param paid what was claimed so far
    /// @param isOpened whether anything was recorded in it
    /// @param isClosed whether what nobody can claim was given back
    struct Epoch {
        uint128 budget;
        uint128 valued;
        uint128 paid;
        bool isOpened;
        bool isClosed;
    }

    /// @param budget set aside for the epoch so far
    event EpochFunded(uint256 indexed epoch, uint256 budget);
    /// @param value credited to all members of the request, in ATOMA
    event WorkRecorded(bytes32 indexed requestId, uint256 indexed epoch, uint256 value);
    event EmissionPaid(uint256 indexed epoch, NodeId indexed nodeId, address indexed owner, uint256 amount);
    event EpochClosed(uint256 indexed epoch, uint256 unclaimed);
    event BudgetSet(uint256 budget);
    event PriceSet(uint256 price);
    event GivenBack(address indexed treasury, uint256 amount);

    /// @notice The requester's slot does not hold this outcome as settled; it does so at least for the dispute window.
    error NotSettled(bytes32 requestId);
    /// @notice All of this was recorded before, or paid no fee.
    error NothingRecorded();
    error EpochNotOver(uint256 epoch, uint256 endsAt);
    /// @notice Claims of an epoch end a year after it.
    error ClaimsAreOver(uint256 epoch);
    error ClaimsGoOn(uint256 epoch, uint256 until);
    error NothingToClaim(NodeId nodeId, uint256 epoch);
    /// @notice A jailed node claims nothing until it is released.
    error NodeIsJailed(NodeId nodeId);
    error BudgetOutOfBounds(uint256 budget, uint256 most);
    /// @notice The price is at least four times the stake price, and falls by at most a fifth in seven days.
    error PriceOutOfBounds(uint256 price, uint256 least, uint256 most);
    error PriceSetTooSoon(uint256 earliest);
    /// @notice Only what no epoch has set aside goes back.
    error InsufficientFunds(uint256 available, uint256 wanted);
    error InvalidSettings();

    /// @notice Records settled requests, each once, in the current epoch. By anyone. What was recorded before is skipped.
    ///         Each record sets the running epoch's budget aside, as far as it is not yet and this contract holds it.
    ///         Of a request with a challenge window, members that were jailed after it was made are not credited: who was in
    ///         jail when it ended was not paid.
    ///         Requests signed off chain have no slot that remembers them, and count for nothing here.
    function record(Work[] calldata work) external;

    /// @notice Pays a node's emission of an epoch that is over to the node's owner. By anyone.
    function claim(NodeId nodeId, uint256 epoch) external returns (uint256 amount);

    /// @notice Frees what nobody claimed within a year. By anyone.
    function close(uint256 epoch) external;

    /// @notice ATOMA of each epoch from the running one on, 0..`MOST_BUDGET`; what is set aside stays so. Governance only.
    function setBudget(uint128 budget) external;

    /// @notice Units of the payment token per ATOMA by which fees are valued from now on. Governance only, to be kept above the
    ///         market's price.
    function setPrice(uint128 price) external;

    /// @notice Gives ATOMA that no epoch has set aside back to the treasury. Governance only.
    function giveBack(uint256 amount) external;

    /// @return number of the epoch that now belongs to
    function currentEpoch() external view returns (uint256);

    /// @return units of the payment token per ATOMA in force: what was set, or four times the stake price if that is more
    function price() external view returns (uint256);

    /// @return ATOMA that no epoch has set aside
    function available() external view returns (uint256);

    function epochOf(uint256 epoch) external view returns (Epoch memory);

    /// @return value of a node's work that was recorded in an epoch, not yet claimed
    function creditOf(uint256 epoch, NodeId nodeId) external view returns (uint256);

    function isRecorded(bytes32 requestId) external view returns (bool);
}
