// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";
import {ITeeRegistry} from "./ITeeRegistry.sol";
import {NodeId} from "../types/Ids.sol";
import {Parameters} from "../types/Parameters.sol";

/// @title Parameters, and the earnings of nodes
interface IEscrowLedger is IEscrowTypes {
    event ParametersSet(uint256 indexed version, Parameters parameters);
    event RequestsPaused(uint256 until);
    event EarningsClaimed(NodeId indexed nodeId, uint256 amount, uint256 availableAt);
    event EarningsWithdrawn(NodeId indexed nodeId, address indexed owner, uint256 amount);

    /// @notice Only the node's owner or its signer may claim.
    error NotOperator(NodeId nodeId, address caller);
    error NothingToClaim(NodeId nodeId);
    /// @notice Withdraw the pending claim first; it is available from this time.
    error ClaimPending(NodeId nodeId, uint256 availableAt);
    /// @notice A pause lasts at most seven days.
    error PauseTooLong(uint256 until, uint256 latest);
    /// @notice After a pause everything stays open for seven days.
    error PauseTooSoon(uint256 earliest);

    /// @notice Sets the parameters of requests made from now on. Governance only. Reverts where unbonding would not be longer
    ///         than `INodeRegistry.leastUnbonding` then, and below `leastTimes`.
    function setParameters(Parameters calldata parameters) external;

    /// @notice Refuses new requests until a time at most seven days ahead, or lifts or shortens a pause. Open ones are not
    ///         touched. The next pause can begin seven days after the end of this one. Guardian only.
    function pauseRequests(uint256 until) external;

    /// @notice First step: sets a node's earnings aside for one dispute window. By its owner or signer.
    function claimEarnings(NodeId nodeId) external;

    /// @notice Second step, by anyone: moves a claim whose window is over to the account of the node's owner.
    function withdrawEarnings(NodeId nodeId) external;

    /// @return version of the parameters in force
    /// @return pausedUntil new requests are refused until then
    /// @return parameters the values
    function parameters() external view returns (uint256 version, uint256 pausedUntil, Parameters memory parameters);

    /// @notice What the first parameters said of times that count in blocks of this chain: no decision goes below, for draws
    ///         could be foreseen, and phases end before a transaction is in a block. In seconds.
    function leastTimes() external view returns (uint256 beaconDelay, uint256 chainPhase);

    /// @notice The other contracts of this instance, fixed for good.
    function instance()
        external
        view
        returns (address nodeRegistry, address taskRegistry, address beacon, address treasury);

    /// @return says whose keys live in TEEs, for tasks that name a workload; fixed for good too
    function teeRegistry() external view returns (ITeeRegistry);

    /// @return amount set aside by `claimEarnings`
    /// @return availableAt when it can be withdrawn
    function claimOf(NodeId nodeId) external view returns (uint256 amount, uint256 availableAt);
}
