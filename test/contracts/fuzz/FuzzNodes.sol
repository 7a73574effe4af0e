// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {FuzzLedger} from "./FuzzLedger.sol";
import {vm} from "./Vm.sol";

/// @dev Nodes, stake and pools: what their owners do.
abstract contract FuzzNodes is FuzzLedger {
    uint256 internal constant FIRST_NODES = 28;
    uint256 internal constant MOST_NODES = 40;
    /// @dev Pools do not get smaller than this, so that there are enough to draw from.
    uint256 internal constant LEAST_POOL = 24;
    uint256 internal constant STAKE = 100_000 ether;
    bytes32 private constant CONSENT_TYPEHASH = keccak256("SignerConsent(address owner,uint256 deadline)");

    struct Subscription {
        NodeId nodeId;
        TaskId taskId;
    }

    /// @dev Every pair of node and task that ever was, for the sum of stakes.
    Subscription[] public pairs;
    mapping(NodeId nodeId => mapping(TaskId taskId => bool)) private _isPair;
    /// @dev Keys that the node has or had, oldest first, and since when.
    mapping(uint256 nodeId => uint256[] keys) internal _keys;
    mapping(uint256 nodeId => uint256[] times) internal _since;
    /// @dev Zero for a jailed node.
    mapping(uint256 nodeId => address signer) internal _signers;
    /// @dev The keys before this one ended with the node's jail.
    mapping(uint256 nodeId => uint256 index) internal _firstKey;
    uint256 private _keyCount;

    /* SET-UP */

    function _populate() internal {
        atoma.approve(address(nodes), type(uint256).max);
        for (uint256 i = 0; i < SERVED_TASKS; ++i) _registerTask(uint16(250 * i), 0);
        for (uint256 i = 0; i < FIRST_NODES; ++i) {
            NodeId nodeId = _register(FLEET_OWNER);
            for (uint32 taskId = 1; taskId <= SERVED_TASKS; ++taskId) {
                _subscribe(nodeId, TaskId.wrap(taskId), uint32(1 + (i % 9)));
            }
        }
    }

    function _registerTask(uint16 royalty, uint16 minReputation) internal returns (TaskId) {
        ITaskRegistry.Task memory task = ITaskRegistry.Task({
            kind: "fuzz",
            artifactDigest: 0,
            runtimeDigest: 0,
            workloadId: 0,
            unitSize: 1,
            stakePerNode: 1_000 ether,
            royalty: royalty,
            askExponent: 0,
            minReputation: minReputation,
            window: 60,
            maxOutput: 512
        });
        bytes memory data = abi.encodeCall(ITaskRegistry.register, (task, "ipfs://task"));
        return abi.decode(_mustExec("TaskRegistry.register", address(this), address(tasks), data), (TaskId));
    }

    function _register(address owner) internal returns (NodeId nodeId) {
        uint256 key = uint256(keccak256(abi.encode("node", ++_keyCount)));
        bytes memory data = abi.encodeCall(
            INodeRegistry.register,
            (vm.addr(key), "http://127.0.0.1", type(uint40).max, _consent(key, owner))
        );
        nodeId = abi.decode(_mustExec("NodeRegistry.register", owner, address(nodes), data), (NodeId));
        _remember(nodeId, key);
        _deposit(nodeId, STAKE);
    }

    function _remember(NodeId nodeId, uint256 key) private {
        uint256 id = NodeId.unwrap(nodeId);
        _keys[id].push(key);
        _since[id].push(block.timestamp);
        _signers[id] = vm.addr(key);
    }

    function _consent(uint256 key, address owner) internal view returns (bytes memory) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Atoma Nodes"),
                keccak256("1"),
                block.chainid,
                address(nodes)
            )
        );
        bytes32 words = keccak256(abi.encode(CONSENT_TYPEHASH, owner, type(uint40).max));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, keccak256(abi.encodePacked(hex"1901", separator, words)));
        return abi.encodePacked(r, s, v);
    }

    function _deposit(NodeId nodeId, uint256 amount) internal {
        _mustExec(
            "NodeRegistry.deposit",
            address(this),
            address(nodes),
            abi.encodeCall(INodeRegistry.deposit, (nodeId, amount))
        );
    }

    function _subscribe(NodeId nodeId, TaskId taskId, uint32 ask) internal returns (bool success) {
        address owner = nodes.ownerOf(nodeId);
        if (nodes.freeStake(nodeId) < 1_000 ether) _deposit(nodeId, 1_000 ether);
        (success, ) = _exec(
            "TaskRegistry.subscribe",
            owner,
            address(tasks),
            abi.encodeCall(ITaskRegistry.subscribe, (taskId, nodeId, ask))
        );
        if (!success || _isPair[nodeId][taskId]) return success;
        _isPair[nodeId][taskId] = true;
        pairs.push(Subscription(nodeId, taskId));
    }

    function _publish(TaskId taskId) internal {
        _exec(
            "TaskRegistry.publishSnapshot",
            address(this),
            address(tasks),
            abi.encodeCall(ITaskRegistry.publishSnapshot, (taskId))
        );
    }

    function _someNode(uint256 seed) internal view returns (NodeId) {
        return NodeId.wrap(uint32(1 + (seed % nodes.nodeCount())));
    }

    function _servedTask(uint256 seed) internal pure returns (TaskId) {
        return TaskId.wrap(uint32(1 + (seed % SERVED_TASKS)));
    }

    function _currentKey(uint256 nodeId) internal view returns (uint256) {
        return _keys[nodeId][_keys[nodeId].length - 1];
    }

    /* WHAT NODES DO */

    function registerNode(uint256 seed) external step {
        if (nodes.nodeCount() < MOST_NODES) _register(FLEET_OWNER);
        uint256 taken = _currentKey(NodeId.unwrap(_someNode(seed)));
        bytes memory data = abi.encodeCall(
            INodeRegistry.register,
            (vm.addr(taken), "", type(uint40).max, _consent(taken, FLEET_OWNER))
        );
        (bool success, ) = _exec("a consent used twice", FLEET_OWNER, address(nodes), data);
        if (success) revert Broken("SET-1", "a key serves two nodes", seed, 0);
    }

    function rotateSigner(uint256 seed) external step {
        _rotate(_someNode(seed));
    }

    function _rotate(NodeId nodeId) internal {
        uint256 key = uint256(keccak256(abi.encode("node", ++_keyCount)));
        address owner = nodes.ownerOf(nodeId);
        uint256 jailedUntil = nodes.jailedUntil(nodeId);
        bytes memory data = abi.encodeCall(
            INodeRegistry.rotateSigner,
            (nodeId, vm.addr(key), type(uint40).max, _consent(key, owner))
        );
        (bool success, ) = _exec("NodeRegistry.rotateSigner", owner, address(nodes), data);
        if (success != (block.timestamp >= jailedUntil)) revert Broken("REP-1", "jail", jailedUntil, block.timestamp);
        if (success) _remember(nodeId, key);
    }

    function setEndpoint(uint256 seed) external step {
        NodeId nodeId = _someNode(seed);
        bytes memory data = abi.encodeCall(INodeRegistry.setEndpoint, (nodeId, string(new bytes(seed % 300))));
        _exec("NodeRegistry.setEndpoint", nodes.ownerOf(nodeId), address(nodes), data);
        _exec("another's endpoint", TREASURY, address(nodes), data);
    }

    function handOver(uint256 seed) external step {
        NodeId nodeId = _someNode(seed);
        address next = address(uint160(0x0F + ((seed >> 128) % 4)));
        bytes memory offer = abi.encodeCall(INodeRegistry.transferOwnership, (nodeId, next));
        _mustExec("NodeRegistry.transferOwnership", nodes.ownerOf(nodeId), address(nodes), offer);
        if (seed % 4 == 0) return;
        _mustExec(
            "NodeRegistry.acceptOwnership",
            next,
            address(nodes),
            abi.encodeCall(INodeRegistry.acceptOwnership, (nodeId))
        );
        _know(next);
    }

    function stake(uint256 seed) external step {
        _deposit(_someNode(seed), 1 + ((seed >> 64) % 5_000 ether));
    }

    function unstake(uint256 seed) external step {
        NodeId nodeId = _someNode(seed);
        uint256 free = nodes.freeStake(nodeId);
        uint256 amount = (seed >> 64) % (free + free / 8 + 1);
        address owner = nodes.ownerOf(nodeId);
        bytes memory data = abi.encodeCall(INodeRegistry.withdraw, (nodeId, owner, amount));
        (bool success, ) = _exec("NodeRegistry.withdraw", owner, address(nodes), data);
        if (success != (amount <= free)) revert Broken("STK-1", "free stake", amount, free);
    }

    function subscribe(uint256 seed) external step {
        _subscribe(_someNode(seed), _servedTask(seed >> 32), uint32(1 + ((seed >> 64) % 12)));
    }

    function unsubscribe(uint256 seed) external step {
        (NodeId nodeId, TaskId taskId) = (_someNode(seed), _servedTask(seed >> 32));
        if (tasks.poolSize(taskId) <= LEAST_POOL) return;
        bytes memory data = abi.encodeCall(ITaskRegistry.unsubscribe, (taskId, nodeId));
        _exec("TaskRegistry.unsubscribe", nodes.ownerOf(nodeId), address(tasks), data);
    }

    /// @dev Asks go from 0, which is refused, to 12; requests pay 9 to 11, so that some nodes are too dear.
    function updateAsk(uint256 seed) external step {
        TaskId taskId = _servedTask(seed >> 32);
        for (uint256 i = 0; i < 2; ++i) {
            NodeId nodeId = _someNode((seed % 1_000) + 7 * i);
            bytes memory data = abi.encodeCall(ITaskRegistry.updateAsk, (taskId, nodeId, uint32((seed >> 64) % 13)));
            _exec("TaskRegistry.updateAsk", nodes.ownerOf(nodeId), address(tasks), data);
        }
    }

    function releaseStake(uint256 seed) external step {
        Subscription memory pair = pairs[seed % pairs.length];
        for (uint256 i = 0; i < pairs.length; ++i) {
            (uint256 unbonding, uint256 freeAt) = nodes.unbondingStake(pairs[i].nodeId, pairs[i].taskId);
            if (unbonding != 0 && (block.timestamp >= freeAt || seed % 8 == 0)) pair = pairs[i];
        }
        (uint256 amount, uint256 releaseAt) = nodes.unbondingStake(pair.nodeId, pair.taskId);
        bytes memory data = abi.encodeCall(INodeRegistry.release, (pair.nodeId, pair.taskId));
        if (seed % 16 == 0 && block.timestamp < releaseAt) vm.warp(releaseAt);
        bool isFrozen = block.timestamp <= nodes.frozenUntil(pair.nodeId, pair.taskId);
        (bool success, ) = _exec("NodeRegistry.release", TREASURY, address(nodes), data);
        if (success != (amount != 0 && block.timestamp >= releaseAt && !isFrozen))
            revert Broken("STK-1", "release", amount, releaseAt);
    }

    function setUnbonding(uint256 seed) external step {
        uint256 least = nodes.leastUnbonding();
        uint256 duration = least - 300 + (seed % 600) + (seed % 8 < 6 ? 2 days : 0);
        bytes memory data = abi.encodeCall(INodeRegistry.setUnbonding, (uint40(duration)));
        bool isAdmin = seed % 5 != 0;
        (bool success, ) = _exec("NodeRegistry.setUnbonding", isAdmin ? ADMIN : TREASURY, address(nodes), data);
        if (success != (isAdmin && duration > least)) revert Broken("STK-2", "unbonding", duration, least);
    }

    /// @dev STK-2: no setter makes the longest dispute longer than unbonding.
    function _setTimes(string memory name, address target, bytes memory data) internal {
        (bool success, bytes memory result) = _exec(name, ADMIN, target, data);
        bool isRefused = bytes4(result) == INodeRegistry.UnbondingTooShort.selector;
        if (!success && !isRefused) revert Broken("STK-2", name, uint256(bytes32(result)), 0);
        uint256 least = nodes.leastUnbonding();
        uint256 set = nodes.targetUnbonding();
        if (set <= least || nodes.unbonding() < set) revert Broken("STK-2", "unbonding", set, least);
    }

    function activate(uint256 seed) external step {
        bytes memory data = abi.encodeCall(ITaskRegistry.activate, (_servedTask(seed), (seed >> 32) % 4));
        _mustExec("TaskRegistry.activate", TREASURY, address(tasks), data);
    }

    function publish(uint256 seed) external step {
        _publish(_servedTask(seed));
    }
}
