// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IEscrowCore} from "./interfaces/IEscrowCore.sol";
import {IEscrowLedger} from "./interfaces/IEscrowLedger.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {ITeeRegistry} from "./interfaces/ITeeRegistry.sol";
import {Pools} from "./libraries/Pools.sol";
import {SnapshotCode} from "./libraries/SnapshotCode.sol";
import {Connected} from "./types/Connected.sol";
import {NodeId, TaskId} from "./types/Ids.sol";
import {MAX_SNAPSHOT_AGE, MAX_TASK_WINDOW} from "./types/Limits.sol";
import {Pause} from "./types/Pause.sol";
import {TaskWord} from "./types/TaskWord.sol";

/// @title What is served: tasks, subscriptions, pools and snapshots
contract TaskRegistry is ITaskRegistry, Connected, AccessManaged {
    using Pools for Pools.Pool;

    struct Publication {
        address publisher;
        uint40 bondFreeAt; // set when the task is deprecated
        uint128 bond;
        string artifactUri;
    }

    uint256 private constant MAX_ROYALTY = 2_000;
    uint256 private constant MAX_MIN_REPUTATION = 60_000;
    uint256 private constant MAX_OUTPUT = 16_384;
    uint256 private constant MAX_ASK_EXPONENT = 18;
    uint256 private constant BOND_DELAY = 7 days;
    uint256 private constant EVIDENCE_GRACE = 1 days;
    uint256 private constant STAKE_PRICE_INTERVAL = 7 days;
    /// @dev A node's stake covers this many times its pay.
    uint256 private constant STAKE_COVER = 100;
    uint256 private constant MAX_BOND = 100_000e18;
    uint256 private constant ACTIVATIONS_PER_SNAPSHOT = 200;
    /// @dev Longer than a request waits for its round (7 days), is worked on (a day and four hours) and its no-shows can be
    ///      slashed (a day).
    uint256 private constant RAISE_DELAY = 10 days;

    INodeRegistry private immutable NODE_REGISTRY;

    uint32 private _taskCount;
    /// @dev Creation nonce of the next snapshot; a contract's first is 1 (EIP-161).
    uint32 private _nextSnapshot = 1;
    uint40 private _stakePriceSetAt;
    uint128 private _stakePrice;
    Settings private _settings;
    uint256 private _pausedUntil;
    /// @dev The no-show slash of requests that were open when it was raised, in basis points, and until when it holds.
    uint16 private _formerNoShowSlash;
    uint40 private _formerNoShowSlashUntil;
    mapping(TaskId taskId => Task task) private _tasks;
    mapping(TaskId taskId => Publication publication) private _publications;
    mapping(TaskId taskId => Pools.Pool pool) private _pools;

    /// @param nodeRegistry where stake is; it learns of this contract from the escrow
    constructor(
        INodeRegistry nodeRegistry,
        address authority,
        Settings memory initial,
        uint128 initialStakePrice
    ) AccessManaged(authority) {
        NODE_REGISTRY = nodeRegistry;
        _setSettings(initial);
        _stakePrice = initialStakePrice;
        emit StakePriceSet(initialStakePrice);
    }

    modifier onlyPublisher(TaskId taskId) {
        require(msg.sender == _publications[taskId].publisher, NotPublisher(taskId, msg.sender));
        _;
    }

    modifier onlyNodeOwner(NodeId nodeId) {
        require(msg.sender == NODE_REGISTRY.ownerOf(nodeId), NotNodeOwner(nodeId, msg.sender));
        _;
    }

    modifier whenNotPaused() {
        require(block.timestamp > _pausedUntil, RegistrationsPaused(_pausedUntil));
        _;
    }

    /* TASKS */

    /// @inheritdoc ITaskRegistry
    function register(Task calldata task, string calldata artifactUri) external whenNotPaused returns (TaskId taskId) {
        _bound("royalty", task.royalty, 0, MAX_ROYALTY);
        _bound("minReputation", task.minReputation, 0, MAX_MIN_REPUTATION);
        _bound("askExponent", task.askExponent, 0, MAX_ASK_EXPONENT);
        _bound("window", task.window, 1, MAX_TASK_WINDOW);
        _bound("maxOutput", task.maxOutput, 0, MAX_OUTPUT);
        _bound("unitSize", task.unitSize, 1, type(uint64).max);
        taskId = TaskId.wrap(++_taskCount);
        uint128 bond = _settings.publisherBond;
        _tasks[taskId] = task;
        _publications[taskId] = Publication(msg.sender, 0, bond, artifactUri);
        emit TaskRegistered(taskId, msg.sender, task, artifactUri);
        NODE_REGISTRY.lockBond(msg.sender, bond);
    }

    function _bound(string memory field, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, TaskFieldOutOfBounds(field, value, least, most));
    }

    /// @inheritdoc ITaskRegistry
    function setArtifactUri(TaskId taskId, string calldata artifactUri) external onlyPublisher(taskId) {
        _publications[taskId].artifactUri = artifactUri;
        emit ArtifactUriChanged(taskId, artifactUri);
    }

    /// @inheritdoc ITaskRegistry
    function deprecate(TaskId taskId) external onlyPublisher(taskId) {
        require(!_isDeprecated(taskId), TaskIsDeprecated(taskId));
        _publications[taskId].bondFreeAt = uint40(block.timestamp + BOND_DELAY); // fits until the year 36812
        emit TaskDeprecated(taskId);
        IEscrowCore(escrow()).setTaskWord(taskId, TaskWord.wrap(0));
    }

    /// @inheritdoc ITaskRegistry
    function returnBond(TaskId taskId) external {
        Publication storage publication = _publications[taskId];
        (address publisher, uint256 amount) = (publication.publisher, publication.bond);
        uint256 earliest = publication.bondFreeAt;
        require(_isDeprecated(taskId) && block.timestamp >= earliest, BondStillNeeded(taskId, earliest));
        require(amount != 0, NoBondHeld(taskId));
        publication.bond = 0;
        emit PublisherBondReturned(taskId, publisher, amount);
        NODE_REGISTRY.returnBond(publisher, amount);
    }

    function _isDeprecated(TaskId taskId) private view returns (bool) {
        return _publications[taskId].bondFreeAt != 0;
    }

    /* SUBSCRIPTIONS */

    /// @inheritdoc ITaskRegistry
    function subscribe(TaskId taskId, NodeId nodeId, uint32 ask) external whenNotPaused onlyNodeOwner(nodeId) {
        Pools.Pool storage pool = _pools[taskId];
        Task storage task = _tasks[taskId];
        require(_publications[taskId].publisher != address(0), UnknownTask(taskId));
        require(!_isDeprecated(taskId), TaskIsDeprecated(taskId));
        _bound("ask", ask, 1, type(uint32).max);
        require(pool.positions[nodeId].place == Pools.Place.None, AlreadySubscribed(taskId, nodeId));
        require(uint256(pool.count) + pool.waiting < Pools.MAX_NODES, PoolFull(taskId));
        uint256 jailedUntil = NODE_REGISTRY.jailedUntil(nodeId);
        require(jailedUntil == 0, INodeRegistry.NodeIsJailed(nodeId, jailedUntil));
        uint256 reputation = _reputationOf(nodeId);
        require(reputation >= task.minReputation, ReputationTooLow(nodeId, reputation, task.minReputation));

        uint256 activeAt = block.timestamp + _settings.activationDelay;
        pool.enqueue(nodeId, ask, uint40(activeAt)); // fits until the year 36812
        emit Subscribed(taskId, nodeId, ask, activeAt);
        NODE_REGISTRY.allocate(nodeId, taskId, task.stakePerNode);
    }

    /// @inheritdoc ITaskRegistry
    function updateAsk(TaskId taskId, NodeId nodeId, uint32 ask) external onlyNodeOwner(nodeId) {
        _requireSubscribed(taskId, nodeId);
        _bound("ask", ask, 1, type(uint32).max);
        _pools[taskId].setAsk(nodeId, ask);
        emit AskUpdated(taskId, nodeId, ask);
    }

    /// @inheritdoc ITaskRegistry
    function unsubscribe(TaskId taskId, NodeId nodeId) external onlyNodeOwner(nodeId) {
        _requireSubscribed(taskId, nodeId);
        _unsubscribe(taskId, nodeId);
    }

    /// @inheritdoc ITaskRegistry
    function evict(TaskId taskId, NodeId nodeId) external {
        _requireSubscribed(taskId, nodeId);
        Task storage task = _tasks[taskId];
        uint256 stake = NODE_REGISTRY.allocatedStake(nodeId, taskId);
        bool isShort = stake * 10 < uint256(task.stakePerNode) * 9;
        bool isUnfit = isShort || NODE_REGISTRY.jailedUntil(nodeId) != 0;
        isUnfit = isUnfit || _reputationOf(nodeId) < task.minReputation || _lacksEvidence(task.workloadId, nodeId);
        require(isUnfit, NotEvictable(taskId, nodeId));
        _unsubscribe(taskId, nodeId);
    }

    /// @dev A binding that ended by itself is forgiven for a day: collateral may come late, and not by the node's fault.
    function _lacksEvidence(bytes32 workloadId, NodeId nodeId) private view returns (bool) {
        if (workloadId == 0) return false;
        address signer = NODE_REGISTRY.nodeOf(nodeId).signer;
        ITeeRegistry.Binding memory binding = IEscrowLedger(escrow()).teeRegistry().bindingOf(workloadId, signer);
        return binding.nodeId != nodeId || binding.until + EVIDENCE_GRACE < block.timestamp;
    }

    /// @inheritdoc ITaskRegistry
    function expel(TaskId taskId, NodeId nodeId) external {
        require(msg.sender == address(NODE_REGISTRY), OnlyNodeRegistry(msg.sender));
        if (_pools[taskId].positions[nodeId].place != Pools.Place.None) _unsubscribe(taskId, nodeId);
    }

    /// @inheritdoc ITaskRegistry
    function restoreStake(TaskId taskId, NodeId nodeId) external onlyNodeOwner(nodeId) {
        _requireSubscribed(taskId, nodeId);
        uint256 stake = NODE_REGISTRY.allocatedStake(nodeId, taskId);
        NODE_REGISTRY.allocate(nodeId, taskId, _tasks[taskId].stakePerNode - stake); // slashing only takes
    }

    function _unsubscribe(TaskId taskId, NodeId nodeId) private {
        _pools[taskId].remove(nodeId);
        emit Unsubscribed(taskId, nodeId);
        NODE_REGISTRY.unbond(nodeId, taskId);
    }

    function _requireSubscribed(TaskId taskId, NodeId nodeId) private view {
        require(_pools[taskId].positions[nodeId].place != Pools.Place.None, NotSubscribed(taskId, nodeId));
    }

    function _reputationOf(NodeId nodeId) private view returns (uint256) {
        return IEscrowCore(escrow()).nodeWord(nodeId).reputation();
    }

    /* SNAPSHOTS */

    /// @inheritdoc ITaskRegistry
    function activate(TaskId taskId, uint256 most) external returns (uint256) {
        return _pools[taskId].activate(most, block.timestamp);
    }

    /// @inheritdoc ITaskRegistry
    function publishSnapshot(TaskId taskId) external returns (uint256 snapshotId) {
        Pools.Pool storage pool = _pools[taskId];
        require(!_isDeprecated(taskId), TaskIsDeprecated(taskId));
        pool.activate(ACTIVATIONS_PER_SNAPSHOT, block.timestamp);
        uint256 count = pool.count;
        require(count != 0, PoolEmpty(taskId));
        TaskWord header = _headerOf(taskId, count);
        snapshotId = _nextSnapshot++;
        address snapshot = SnapshotCode.create(pool.encode(TaskWord.unwrap(header)));
        emit SnapshotPublished(taskId, snapshotId, snapshot, count);
        IEscrowCore(escrow()).setTaskWord(taskId, header.withId(snapshotId));
    }

    function _headerOf(TaskId taskId, uint256 count) private view returns (TaskWord) {
        Task storage task = _tasks[taskId];
        // each field fits its place: bounded by `register`, its type, or the pool's size
        uint256 word = task.royalty;
        word = (word << 1) | (task.workloadId == 0 ? 0 : 1);
        word = (word << 7) | task.askExponent;
        word = (word << 32) | task.window;
        word = (word << 24) | task.maxOutput;
        word = (word << 32) | TaskId.unwrap(taskId);
        word = (word << 40) | block.timestamp;
        word = (word << 24) | _settings.maxSnapshotAge;
        word = (word << 16) | count;
        return TaskWord.wrap((word << 64) | _maxPay(task.stakePerNode, task.askExponent));
    }

    /// @dev The most that maxAsk * units may be: stake * price / 100, in multiples of the ask scale.
    function _maxPay(uint256 stake, uint256 askExponent) private view returns (uint256) {
        uint256 pay = Math.saturatingMul(stake, _stakePrice) / (1e18 * STAKE_COVER * 10 ** askExponent);
        return Math.min(pay, type(uint64).max);
    }

    /* SETTINGS */

    /// @inheritdoc ITaskRegistry
    function setSettings(Settings calldata settings_) external restricted {
        if (settings_.noShowSlash != _settings.noShowSlash) {
            _formerNoShowSlash = uint16(_noShowSlash()); // at most 1000
            _formerNoShowSlashUntil = uint40(block.timestamp + RAISE_DELAY); // fits until the year 36812
        }
        _setSettings(settings_);
        NODE_REGISTRY.requireUnbonding();
    }

    function _setSettings(Settings memory s) private {
        require(s.activationDelay <= 7 days, SettingOutOfBounds("activationDelay", s.activationDelay, 0, 7 days));
        require(
            s.maxSnapshotAge >= 1 hours && s.maxSnapshotAge <= MAX_SNAPSHOT_AGE,
            SettingOutOfBounds("maxSnapshotAge", s.maxSnapshotAge, 1 hours, MAX_SNAPSHOT_AGE)
        );
        require(s.noShowSlash <= 1_000, SettingOutOfBounds("noShowSlash", s.noShowSlash, 0, 1_000));
        require(s.publisherBond <= MAX_BOND, SettingOutOfBounds("publisherBond", s.publisherBond, 0, MAX_BOND));
        _settings = s;
        emit SettingsSet(s);
    }

    /// @inheritdoc ITaskRegistry
    function pauseRegistrations(uint256 until) external restricted {
        _pausedUntil = Pause.next(_pausedUntil, until);
        emit RegistrationsPausedUntil(_pausedUntil);
    }

    /// @inheritdoc ITaskRegistry
    function setStakePrice(uint256 price) external restricted {
        uint256 current = _stakePrice;
        uint256 nextChangeAt = _stakePriceSetAt + STAKE_PRICE_INTERVAL;
        (uint256 least, uint256 most) = (current - current / 5, current + current / 5);
        require(
            block.timestamp >= nextChangeAt && price >= least && price <= most && price <= type(uint128).max,
            StakePriceMove(price, least, most, nextChangeAt)
        );
        _stakePrice = uint128(price); // checked above
        _stakePriceSetAt = uint40(block.timestamp); // fits until the year 36812
        emit StakePriceSet(price);
    }

    /* VIEWS */

    /// @inheritdoc ITaskRegistry
    function taskOf(TaskId taskId) external view returns (Task memory) {
        return _tasks[taskId];
    }

    /// @inheritdoc ITaskRegistry
    function workloadOf(TaskId taskId) external view returns (bytes32) {
        return _tasks[taskId].workloadId;
    }

    /// @inheritdoc ITaskRegistry
    function artifactUriOf(TaskId taskId) external view returns (string memory) {
        return _publications[taskId].artifactUri;
    }

    /// @inheritdoc ITaskRegistry
    function publisherOf(TaskId taskId) external view returns (address) {
        return _publications[taskId].publisher;
    }

    /// @inheritdoc ITaskRegistry
    function taskCount() external view returns (uint256) {
        return _taskCount;
    }

    /// @inheritdoc ITaskRegistry
    function poolSize(TaskId taskId) external view returns (uint256) {
        return _pools[taskId].count;
    }

    /// @inheritdoc ITaskRegistry
    function subscriptionOf(
        TaskId taskId,
        NodeId nodeId
    ) external view returns (bool subscribed, bool active, uint32 ask) {
        Pools.Place place = _pools[taskId].positions[nodeId].place;
        return (place != Pools.Place.None, place == Pools.Place.Active, _pools[taskId].askOf(nodeId));
    }

    /// @inheritdoc ITaskRegistry
    function snapshotAddress(uint256 snapshotId) external view returns (address) {
        return SnapshotCode.addressOf(address(this), snapshotId);
    }

    /// @inheritdoc ITaskRegistry
    function noShowSlashOf(TaskId taskId) external view returns (uint256) {
        return (uint256(_tasks[taskId].stakePerNode) * _noShowSlash()) / 10_000;
    }

    /// @dev In force: lowered at once, raised when whatever was open is over.
    function _noShowSlash() private view returns (uint256) {
        uint256 latest = _settings.noShowSlash;
        return block.timestamp < _formerNoShowSlashUntil ? Math.min(latest, _formerNoShowSlash) : latest;
    }

    /// @inheritdoc ITaskRegistry
    function settings() external view returns (Settings memory) {
        return _settings;
    }

    /// @inheritdoc ITaskRegistry
    function pausedUntil() external view returns (uint256) {
        return _pausedUntil;
    }

    /// @inheritdoc ITaskRegistry
    function stakePrice() external view returns (uint256) {
        return _stakePrice;
    }
}
