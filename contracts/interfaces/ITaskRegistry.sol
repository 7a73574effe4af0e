// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId, TaskId} from "../types/Ids.sol";

/// @title What is served: tasks, subscriptions, pools and snapshots
interface ITaskRegistry {
    /// @notice A task's immutable identity and terms.
    /// @param kind label, such as "wasm" or "chat"
    /// @param artifactDigest sha256 of the module or of the weights manifest
    /// @param runtimeDigest hash of whatever must be equal for outputs to be equal: engine, version, settings, hardware class
    /// @param workloadId the TEE workload that may serve the task; zero if none is needed
    /// @param unitSize what one unit buys, in the runtime's own measure (fuel for wasm)
    /// @param stakePerNode ATOMA that a subscription locks
    /// @param royalty of the pay of all members drawn, in basis points, at most 2000
    /// @param askExponent asks are multiples of 10^askExponent units of the payment token, at most 18
    /// @param minReputation of a subscribing node, at most 60000
    /// @param window seconds for execution and commits, 1 second..1 day
    /// @param maxOutput bytes of output that are delivered on chain, at most 16384
    struct Task {
        bytes32 kind;
        bytes32 artifactDigest;
        bytes32 runtimeDigest;
        bytes32 workloadId;
        uint64 unitSize;
        uint128 stakePerNode;
        uint16 royalty;
        uint8 askExponent;
        uint16 minReputation;
        uint32 window;
        uint24 maxOutput;
    }

    /// @param activationDelay from subscribing to the first snapshot that counts it; 0..7 days
    /// @param maxSnapshotAge during which a snapshot can be named; 1 hour..3 days
    /// @param noShowSlash of a task's stakePerNode, taken for a proven no-show, in basis points; 0..1000. A raise holds ten days
    ///        later, when whatever was open is over
    /// @param publisherBond ATOMA locked per task, at most 100,000
    struct Settings {
        uint32 activationDelay;
        uint24 maxSnapshotAge;
        uint16 noShowSlash;
        uint128 publisherBond;
    }

    event TaskRegistered(TaskId indexed taskId, address indexed publisher, Task task, string artifactUri);
    event ArtifactUriChanged(TaskId indexed taskId, string artifactUri);
    event TaskDeprecated(TaskId indexed taskId);
    event PublisherBondReturned(TaskId indexed taskId, address indexed publisher, uint256 amount);
    event Subscribed(TaskId indexed taskId, NodeId indexed nodeId, uint32 ask, uint256 activeAt);
    event AskUpdated(TaskId indexed taskId, NodeId indexed nodeId, uint32 ask);
    event Unsubscribed(TaskId indexed taskId, NodeId indexed nodeId);
    event SnapshotPublished(TaskId indexed taskId, uint256 indexed snapshotId, address snapshot, uint256 nodes);
    event SettingsSet(Settings settings);
    event StakePriceSet(uint256 price);
    event RegistrationsPausedUntil(uint256 until);

    /// @notice No tasks are registered and no node subscribes up to and including this second.
    error RegistrationsPaused(uint256 until);
    /// @notice A pause lasts at most seven days.
    error PauseTooLong(uint256 until, uint256 latest);
    /// @notice After a pause everything stays open for seven days.
    error PauseTooSoon(uint256 earliest);
    error UnknownTask(TaskId taskId);
    error TaskIsDeprecated(TaskId taskId);
    error NotPublisher(TaskId taskId, address caller);
    error NotNodeOwner(NodeId nodeId, address caller);
    error OnlyNodeRegistry(address caller);
    /// @notice A field of the task is outside its bounds; see `Task`.
    error TaskFieldOutOfBounds(string field, uint256 value, uint256 least, uint256 most);
    error BondStillNeeded(TaskId taskId, uint256 earliest);
    /// @notice The task has no bond: it was paid back already, or none was asked for.
    error NoBondHeld(TaskId taskId);
    error AlreadySubscribed(TaskId taskId, NodeId nodeId);
    error NotSubscribed(TaskId taskId, NodeId nodeId);
    /// @notice The pool holds 3,067 nodes, all that a snapshot can.
    error PoolFull(TaskId taskId);
    error ReputationTooLow(NodeId nodeId, uint256 reputation, uint256 needed);
    /// @notice Only a node below the task's least reputation, or slashed below nine tenths of its stake, or jailed, or without evidence,
    ///         can be evicted.
    error NotEvictable(TaskId taskId, NodeId nodeId);
    /// @notice No subscription is active yet.
    error PoolEmpty(TaskId taskId);
    error SettingOutOfBounds(string name, uint256 value, uint256 least, uint256 most);
    /// @notice The stake price moves at most 20% a week.
    error StakePriceMove(uint256 given, uint256 least, uint256 most, uint256 nextChangeAt);

    /// @notice Registers a task, published by the caller, whose bond is pulled by the node registry (approve it first).
    function register(Task calldata task, string calldata artifactUri) external returns (TaskId taskId);

    function setArtifactUri(TaskId taskId, string calldata artifactUri) external;

    /// @notice Stops new requests; open ones finish. By the publisher.
    function deprecate(TaskId taskId) external;

    /// @notice Pays the bond of a deprecated task back, after a week, once. By anyone, to the publisher.
    function returnBond(TaskId taskId) external;

    /// @notice Promises to serve a task, and locks its stakePerNode. By the node's owner.
    /// @param ask price per unit, in multiples of 10^askExponent units of the payment token, at least 1
    function subscribe(TaskId taskId, NodeId nodeId, uint32 ask) external;

    /// @notice Changes the price from the next snapshot on. By the node's owner.
    function updateAsk(TaskId taskId, NodeId nodeId, uint32 ask) external;

    /// @notice Takes the promise back from the next snapshot on, and starts the unbonding of the stake. By the node's owner.
    ///         Warning: the node stays in earlier snapshots, and is drawn from them, until they are too old.
    function unsubscribe(TaskId taskId, NodeId nodeId) external;

    /// @notice Locks again what slashing took from a subscription's stake, out of the node's free stake. By its owner.
    function restoreStake(TaskId taskId, NodeId nodeId) external;

    /// @notice Unsubscribes a node whose reputation fell below the task's least, or whose locked stake below nine tenths of
    ///         the task's stakePerNode, or that is jailed, or whose present key is not bound to the workload that the task names
    ///         and was not within the last day. By anyone.
    function evict(TaskId taskId, NodeId nodeId) external;

    /// @notice Unsubscribes a node that was jailed over a task, if it subscribes to it. MUST NOT revert because of anything that
    ///         a node did. By the node registry. Snapshots stay as they are.
    function expel(TaskId taskId, NodeId nodeId) external;

    /// @notice Lets subscriptions whose delay is over count from the next snapshot, oldest first. By anyone; `publishSnapshot`
    ///         does the same for up to 200 of them.
    /// @return activated how many
    function activate(TaskId taskId, uint256 most) external returns (uint256 activated);

    /// @notice Writes the pool as contract code and names it to the escrow as the task's latest. By anyone.
    /// @return snapshotId the creation nonce of the snapshot's contract
    function publishSnapshot(TaskId taskId) external returns (uint256 snapshotId);

    /// @notice Sets the settings in force from now on. Governance only. Reverts where unbonding would not be longer than
    ///         `INodeRegistry.leastUnbonding` then.
    function setSettings(Settings calldata settings) external;

    /// @notice Sets the conservative value of ATOMA that bounds a request by the stake behind it.
    /// @param price units of the payment token per 10^18 units of ATOMA; within 20% of the last, once a week
    function setStakePrice(uint256 price) external;

    /// @notice Refuses new tasks and new subscriptions until a time at most seven days ahead, or lifts or shortens a pause.
    ///         What is there goes on: asks, snapshots, leaving, bonds. The next pause can begin seven days after the end of
    ///         this one. Guardian only.
    function pauseRegistrations(uint256 until) external;

    function taskOf(TaskId taskId) external view returns (Task memory);

    /// @return the TEE workload that may serve the task; zero if none is needed
    function workloadOf(TaskId taskId) external view returns (bytes32);

    function artifactUriOf(TaskId taskId) external view returns (string memory);

    function publisherOf(TaskId taskId) external view returns (address);

    function taskCount() external view returns (uint256);

    /// @return number of active subscriptions
    function poolSize(TaskId taskId) external view returns (uint256);

    /// @return subscribed whether the node subscribes to the task
    /// @return active whether the next snapshot counts it
    /// @return ask its price
    function subscriptionOf(
        TaskId taskId,
        NodeId nodeId
    ) external view returns (bool subscribed, bool active, uint32 ask);

    function snapshotAddress(uint256 snapshotId) external view returns (address);

    /// @return ATOMA taken from a node of this task for a no-show proven now
    function noShowSlashOf(TaskId taskId) external view returns (uint256);

    function settings() external view returns (Settings memory);

    function stakePrice() external view returns (uint256);

    /// @return last second in which tasks and subscriptions are refused
    function pausedUntil() external view returns (uint256);
}
