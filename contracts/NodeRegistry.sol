// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEscrowCore} from "./interfaces/IEscrowCore.sol";
import {IEscrowLedger} from "./interfaces/IEscrowLedger.sol";
import {IEscrowVerdicts} from "./interfaces/IEscrowVerdicts.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IRequestEscrow} from "./interfaces/IRequestEscrow.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {LeastUnbonding} from "./libraries/LeastUnbonding.sol";
import {Connected} from "./types/Connected.sol";
import {NodeId, TaskId} from "./types/Ids.sol";
import {MAX_SNAPSHOT_AGE} from "./types/Limits.sol";

/// @title Who serves: identity, signers and stake of nodes
contract NodeRegistry is INodeRegistry, Connected, AccessManaged, EIP712 {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    struct Unbonding {
        uint128 amount;
        uint40 releaseAt;
    }

    /// @param until when it was replaced; zero while it is current
    struct Key {
        NodeId nodeId;
        uint40 until;
    }

    /// @param until from when its owner may release it; zero, as `since`, if the node is not jailed
    /// @param last when it was jailed last, for good
    struct Jail {
        uint40 since;
        uint40 until;
        uint40 last;
    }

    bytes32 private constant CONSENT_TYPEHASH = keccak256("SignerConsent(address owner,uint256 deadline)");
    uint256 private constant MAX_ENDPOINT = 256;
    uint40 private constant MIN_UNBONDING = 1 minutes;
    uint40 private constant MAX_UNBONDING = 60 days;

    IERC20 private immutable ATOMA;

    uint32 private _count;
    uint40 private _unbonding;
    /// @dev What held before it was set, and until when it still does if it is longer.
    uint40 private _formerUnbonding;
    uint40 private _formerUnbondingUntil;
    /// @dev What counted before it was lengthened, and until when it does: stake that left under it is in snapshots as long.
    uint40 private _coveredBefore;
    uint40 private _coveredBeforeUntil;
    mapping(NodeId nodeId => Node node) private _nodes;
    mapping(address signer => Key key) private _keys;
    mapping(NodeId nodeId => uint256 amount) private _free;
    mapping(NodeId nodeId => mapping(TaskId taskId => uint256 amount)) private _allocated;
    mapping(NodeId nodeId => mapping(TaskId taskId => Unbonding unbonding)) private _leaving;
    mapping(address account => uint256 amount) private _awards;
    mapping(NodeId nodeId => Jail jail) private _jails;
    mapping(NodeId nodeId => mapping(TaskId taskId => uint256 until)) private _frozenUntil;

    /// @param unbonding_ seconds, see `setUnbonding`
    constructor(
        IERC20 atoma,
        address authority,
        uint40 unbonding_
    ) AccessManaged(authority) EIP712("Atoma Nodes", "1") {
        ATOMA = atoma;
        _setUnbonding(unbonding_);
    }

    modifier onlyOwner(NodeId nodeId) {
        require(msg.sender == _nodes[nodeId].owner, NotOwner(nodeId, msg.sender));
        _;
    }

    modifier onlyTaskRegistry() {
        (, address taskRegistry, , ) = IEscrowLedger(escrow()).instance();
        require(msg.sender == taskRegistry, OnlyTaskRegistry(msg.sender));
        _;
    }

    modifier onlyDisputes() {
        require(msg.sender == IEscrowVerdicts(escrow()).disputes(), OnlySlasher(msg.sender));
        _;
    }

    /* IDENTITY */

    /// @inheritdoc INodeRegistry
    function register(
        address signer,
        string calldata endpoint,
        uint256 consentDeadline,
        bytes calldata consent
    ) external returns (NodeId nodeId) {
        nodeId = NodeId.wrap(++_count);
        Node storage node = _nodes[nodeId];
        node.owner = msg.sender;
        _setEndpoint(nodeId, endpoint);
        _useSigner(nodeId, signer, msg.sender, consentDeadline, consent);
        emit NodeRegistered(nodeId, msg.sender, signer, endpoint);
    }

    /// @inheritdoc INodeRegistry
    function rotateSigner(
        NodeId nodeId,
        address signer,
        uint256 consentDeadline,
        bytes calldata consent
    ) external onlyOwner(nodeId) {
        address former = _nodes[nodeId].signer;
        uint256 jailedUntil_ = _jails[nodeId].until;
        require(block.timestamp >= jailedUntil_, NodeIsJailed(nodeId, jailedUntil_));
        if (jailedUntil_ != 0) (_jails[nodeId].since, _jails[nodeId].until) = (0, 0);
        _keys[former].until = uint40(block.timestamp); // fits until the year 36812
        _useSigner(nodeId, signer, msg.sender, consentDeadline, consent);
        emit SignerRotated(nodeId, former, signer);
    }

    /// @dev A key serves one node for good, so that neither a consent nor an attestation can be used twice.
    function _useSigner(
        NodeId nodeId,
        address signer,
        address owner,
        uint256 deadline,
        bytes calldata consent
    ) private {
        require(signer != owner, SignerIsOwner(signer));
        require(_keys[signer].nodeId == NodeId.wrap(0), SignerTaken(signer, _keys[signer].nodeId));
        require(block.timestamp <= deadline, ConsentExpired(deadline));
        bytes32 hash = _hashTypedDataV4(keccak256(abi.encode(CONSENT_TYPEHASH, owner, deadline)));
        (address recovered, ECDSA.RecoverError failure, ) = ECDSA.tryRecoverCalldata(hash, consent);
        require(failure == ECDSA.RecoverError.NoError && recovered == signer, InvalidConsent(signer));
        uint256 since = _nodes[nodeId].signerSince;
        _nodes[nodeId].signer = signer;
        _nodes[nodeId].signerSince = uint40(block.timestamp); // fits until the year 36812
        _keys[signer].nodeId = nodeId;
        IEscrowCore(escrow()).setSigner(nodeId, signer, since);
    }

    /// @inheritdoc INodeRegistry
    function setEndpoint(NodeId nodeId, string calldata endpoint) external onlyOwner(nodeId) {
        _setEndpoint(nodeId, endpoint);
        emit EndpointChanged(nodeId, endpoint);
    }

    function _setEndpoint(NodeId nodeId, string calldata endpoint) private {
        require(bytes(endpoint).length <= MAX_ENDPOINT, EndpointTooLong(bytes(endpoint).length, MAX_ENDPOINT));
        _nodes[nodeId].endpoint = endpoint;
    }

    /// @inheritdoc INodeRegistry
    function transferOwnership(NodeId nodeId, address newOwner) external onlyOwner(nodeId) {
        _nodes[nodeId].pendingOwner = newOwner;
        emit OwnershipOffered(nodeId, msg.sender, newOwner);
    }

    /// @inheritdoc INodeRegistry
    function acceptOwnership(NodeId nodeId) external {
        Node storage node = _nodes[nodeId];
        require(msg.sender == node.pendingOwner, NotPendingOwner(nodeId, msg.sender));
        require(msg.sender != node.signer, SignerIsOwner(msg.sender));
        address former = node.owner;
        (node.owner, node.pendingOwner) = (msg.sender, address(0));
        emit OwnershipAccepted(nodeId, former, msg.sender);
    }

    /* STAKE */

    /// @inheritdoc INodeRegistry
    function deposit(NodeId nodeId, uint256 amount) external {
        require(_nodes[nodeId].owner != address(0), UnknownNode(nodeId));
        _free[nodeId] += amount;
        emit StakeDeposited(nodeId, msg.sender, amount);
        ATOMA.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc INodeRegistry
    function withdraw(NodeId nodeId, address to, uint256 amount) external onlyOwner(nodeId) {
        _requireOutside(to);
        _takeFree(nodeId, amount);
        emit StakeWithdrawn(nodeId, to, amount);
        ATOMA.safeTransfer(to, amount);
    }

    function _requireOutside(address to) private view {
        require(to != address(this), InvalidReceiver(to));
    }

    /// @inheritdoc INodeRegistry
    function allocate(NodeId nodeId, TaskId taskId, uint256 amount) external onlyTaskRegistry {
        _takeFree(nodeId, amount);
        _allocated[nodeId][taskId] += amount;
        emit StakeAllocated(nodeId, taskId, amount);
    }

    /// @inheritdoc INodeRegistry
    function unbond(NodeId nodeId, TaskId taskId) external onlyTaskRegistry {
        uint256 amount = _allocated[nodeId][taskId];
        uint256 releaseAt = block.timestamp + unbonding();
        Unbonding storage leaving = _leaving[nodeId][taskId];
        _allocated[nodeId][taskId] = 0;
        leaving.amount += amount.toUint128();
        // stake that was already leaving waits for the later of the two times
        if (releaseAt > leaving.releaseAt) leaving.releaseAt = uint40(releaseAt); // fits until the year 36812
        emit StakeUnbonding(nodeId, taskId, amount, leaving.releaseAt);
    }

    /// @inheritdoc INodeRegistry
    function release(NodeId nodeId, TaskId taskId) external {
        Unbonding memory leaving = _leaving[nodeId][taskId];
        require(leaving.amount != 0, NothingUnbonding(nodeId, taskId));
        require(block.timestamp >= leaving.releaseAt, StillUnbonding(nodeId, taskId, leaving.releaseAt));
        uint256 frozenUntil_ = _frozenUntil[nodeId][taskId];
        require(block.timestamp > frozenUntil_, StakeFrozen(nodeId, taskId, frozenUntil_));
        delete _leaving[nodeId][taskId];
        _free[nodeId] += leaving.amount;
        emit StakeReleased(nodeId, taskId, leaving.amount);
    }

    function _takeFree(NodeId nodeId, uint256 amount) private {
        uint256 free = _free[nodeId];
        require(amount <= free, InsufficientStake(nodeId, free, amount));
        _free[nodeId] = free - amount;
    }

    /// @inheritdoc INodeRegistry
    function setUnbonding(uint40 duration) external restricted {
        uint40 covered = _coveredUnbonding();
        if (duration > covered) {
            // fits until the year 36812
            (_coveredBefore, _coveredBeforeUntil) = (covered, uint40(block.timestamp + MAX_SNAPSHOT_AGE));
        }
        _formerUnbonding = unbonding();
        _formerUnbondingUntil = uint40(block.timestamp) + _formerUnbonding; // fits until the year 36812
        _setUnbonding(duration);
        requireUnbonding();
    }

    function _setUnbonding(uint40 duration) private {
        require(
            duration >= MIN_UNBONDING && duration <= MAX_UNBONDING,
            UnbondingOutOfBounds(duration, MIN_UNBONDING, MAX_UNBONDING)
        );
        _unbonding = duration;
        emit UnbondingSet(duration);
    }

    /// @inheritdoc INodeRegistry
    function requireUnbonding() public view {
        uint256 least = leastUnbonding();
        uint256 covered = _coveredUnbonding();
        require(covered > least, UnbondingTooShort(covered, least));
    }

    /// @dev What all stake waits that can still be drawn: the unbonding set, and the one before for a snapshot's age.
    function _coveredUnbonding() private view returns (uint40) {
        bool isNew = block.timestamp < _coveredBeforeUntil && _coveredBefore < _unbonding;
        return isNew ? _coveredBefore : _unbonding;
    }

    function _afterConnect() internal view override {
        requireUnbonding();
    }

    /* SLASHING */

    /// @inheritdoc INodeRegistry
    function slash(NodeId nodeId, TaskId taskId, uint256 amount) external returns (uint256 taken) {
        address escrow_ = escrow();
        require(msg.sender == escrow_ || msg.sender == IEscrowVerdicts(escrow_).disputes(), OnlySlasher(msg.sender));
        Unbonding storage leaving = _leaving[nodeId][taskId];
        uint256 allocated = _allocated[nodeId][taskId];
        uint256 fromAllocated = Math.min(amount, allocated);
        uint256 fromLeaving = Math.min(amount - fromAllocated, leaving.amount);
        _allocated[nodeId][taskId] = allocated - fromAllocated;
        leaving.amount -= uint128(fromLeaving); // at most what is there
        taken = fromAllocated + fromLeaving;
        _awards[msg.sender] += taken;
        emit Slashed(nodeId, taskId, amount, taken);
    }

    /// @inheritdoc INodeRegistry
    function freeze(NodeId nodeId, TaskId taskId, uint256 until) external onlyDisputes {
        if (until <= _frozenUntil[nodeId][taskId]) return;
        _frozenUntil[nodeId][taskId] = until;
        emit StakeFrozenUntil(nodeId, taskId, until);
    }

    /// @inheritdoc INodeRegistry
    function jail(NodeId nodeId, TaskId taskId) external onlyDisputes {
        uint256 until = block.timestamp + unbonding();
        Jail storage held = _jails[nodeId];
        uint40 timestamp = uint40(block.timestamp); // fits until the year 36812
        if (held.since == 0) held.since = timestamp;
        (held.until, held.last) = (uint40(until), timestamp); // fits until the year 36812
        emit NodeJailed(nodeId, until);
        address escrow_ = escrow();
        IEscrowVerdicts(escrow_).jail(nodeId);
        (, address taskRegistry, , ) = IEscrowLedger(escrow_).instance();
        ITaskRegistry(taskRegistry).expel(taskId, nodeId);
    }

    /// @inheritdoc INodeRegistry
    function award(address to, uint256 amount) external {
        _takeAward(amount);
        _awards[to] += amount;
        emit Awarded(msg.sender, to, amount);
    }

    /// @inheritdoc INodeRegistry
    function withdrawAward(address to, uint256 amount) external {
        _requireOutside(to);
        _takeAward(amount);
        emit AwardWithdrawn(msg.sender, to, amount);
        ATOMA.safeTransfer(to, amount);
    }

    function _takeAward(uint256 amount) private {
        uint256 held = _awards[msg.sender];
        require(amount <= held, InsufficientAward(msg.sender, held, amount));
        _awards[msg.sender] = held - amount;
    }

    /* PUBLISHER BONDS */

    /// @inheritdoc INodeRegistry
    function lockBond(address publisher, uint256 amount) external onlyTaskRegistry {
        emit BondLocked(publisher, amount);
        ATOMA.safeTransferFrom(publisher, address(this), amount);
    }

    /// @inheritdoc INodeRegistry
    function returnBond(address publisher, uint256 amount) external onlyTaskRegistry {
        emit BondReturned(publisher, amount);
        ATOMA.safeTransfer(publisher, amount);
    }

    /* VIEWS */

    /// @inheritdoc INodeRegistry
    function nodeOf(NodeId nodeId) external view returns (Node memory) {
        return _nodes[nodeId];
    }

    /// @inheritdoc INodeRegistry
    function ownerOf(NodeId nodeId) external view returns (address) {
        return _nodes[nodeId].owner;
    }

    /// @inheritdoc INodeRegistry
    function nodeOfSigner(address signer) external view returns (NodeId) {
        return _keys[signer].nodeId;
    }

    /// @inheritdoc INodeRegistry
    function keyOf(address signer) external view returns (NodeId nodeId, uint256 until) {
        Key memory key = _keys[signer];
        return (key.nodeId, key.until);
    }

    /// @inheritdoc INodeRegistry
    function jailedUntil(NodeId nodeId) external view returns (uint256) {
        return _jails[nodeId].until;
    }

    /// @inheritdoc INodeRegistry
    function jailedSince(NodeId nodeId) external view returns (uint256) {
        return _jails[nodeId].since;
    }

    /// @inheritdoc INodeRegistry
    function lastJailedAt(NodeId nodeId) external view returns (uint256) {
        return _jails[nodeId].last;
    }

    /// @inheritdoc INodeRegistry
    function frozenUntil(NodeId nodeId, TaskId taskId) external view returns (uint256) {
        return _frozenUntil[nodeId][taskId];
    }

    /// @inheritdoc INodeRegistry
    function nodeCount() external view returns (uint256) {
        return _count;
    }

    /// @inheritdoc INodeRegistry
    function freeStake(NodeId nodeId) external view returns (uint256) {
        return _free[nodeId];
    }

    /// @inheritdoc INodeRegistry
    function allocatedStake(NodeId nodeId, TaskId taskId) external view returns (uint256) {
        return _allocated[nodeId][taskId];
    }

    /// @inheritdoc INodeRegistry
    function unbondingStake(NodeId nodeId, TaskId taskId) external view returns (uint256 amount, uint256 releaseAt) {
        Unbonding memory leaving = _leaving[nodeId][taskId];
        return (leaving.amount, leaving.releaseAt);
    }

    /// @inheritdoc INodeRegistry
    function unbonding() public view returns (uint40) {
        bool isShortened = block.timestamp < _formerUnbondingUntil && _formerUnbonding > _unbonding;
        return isShortened ? _formerUnbonding : _unbonding;
    }

    /// @inheritdoc INodeRegistry
    function targetUnbonding() external view returns (uint40) {
        return _unbonding;
    }

    /// @inheritdoc INodeRegistry
    function leastUnbonding() public view returns (uint256) {
        return LeastUnbonding.secondsOf(IRequestEscrow(escrow()));
    }

    /// @inheritdoc INodeRegistry
    function awardOf(address account) external view returns (uint256) {
        return _awards[account];
    }
}
