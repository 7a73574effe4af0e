// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {CommitteeDraw} from "../libraries/CommitteeDraw.sol";
import {Panels} from "../libraries/Panels.sol";
import {Payout} from "../libraries/Payout.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {Connected} from "../types/Connected.sol";
import {DisputeParameters} from "../types/DisputeParameters.sol";
import {Appeal, Claim, Docket, Tally} from "../types/Docket.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";

/// @title What disputes store, and what all their rules read
abstract contract DisputesState is IDisputes, Connected, AccessManaged {
    /// @param pot slashed from losers(128) | slashed from silent jurors(128)
    /// @param redrawn levels whose void round was replaced, one bit each: 1 and 2
    struct Case {
        Docket docket;
        Claim claim;
        Tally first;
        Appeal appeal;
        Tally second;
        uint256 pot;
        uint256 redrawn;
    }

    enum Round {
        Awaited,
        Good,
        Void
    }

    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant NAME_HASH = keccak256("Atoma");
    bytes32 private constant VERSION_HASH = keccak256("1");
    /// @dev Pays of a bond beside those of the jurors.
    uint256 private constant BOND_MARGIN = 4;

    INodeRegistry internal immutable NODE_REGISTRY;
    ITaskRegistry internal immutable TASK_REGISTRY;
    address internal immutable BEACON;
    /// @dev First round's time and the time between rounds, in seconds.
    uint256 internal immutable GENESIS;
    uint256 internal immutable PERIOD;

    uint256 internal _version;
    mapping(uint256 version => DisputeParameters parameters) internal _parameters;
    mapping(bytes32 requestId => Case dispute) internal _cases;
    /// @dev See `punishmentOf`.
    mapping(bytes32 requestId => mapping(NodeId nodeId => uint256 punishment)) internal _punished;

    constructor(INodeRegistry nodeRegistry, ITaskRegistry taskRegistry, IBeacon beacon) {
        (NODE_REGISTRY, TASK_REGISTRY, BEACON) = (nodeRegistry, taskRegistry, address(beacon));
        (GENESIS, PERIOD) = (beacon.genesis(), beacon.period());
    }

    function _escrow() internal view returns (IRequestEscrow) {
        return IRequestEscrow(escrow());
    }

    function _idOf(Request calldata r) internal view returns (bytes32) {
        return RequestIds.idOfShown(r, block.chainid, escrow(), BEACON);
    }

    /// @dev The dispute over a request, which must exist.
    function _caseOf(Request calldata r) internal view returns (bytes32 requestId, Case storage dispute) {
        requestId = _idOf(r);
        dispute = _cases[requestId];
        require(dispute.docket.exists(), NotDisputed(requestId));
    }

    /* ROUNDS AND PANELS */

    function _newRound(Request calldata r) internal view returns (uint256) {
        uint256 time = block.timestamp + r.terms.beaconDelay();
        return time <= GENESIS ? 1 : (time - GENESIS + PERIOD - 1) / PERIOD + 1;
    }

    /// @dev Whether a round can draw a panel, from when that panel's time counts, and its randomness. A round that nobody
    ///      posted in time, or that proves that the chain's clock lags, draws none, for good. `startAt` of an awaited or void
    ///      one is when it is given up at the latest.
    function _startOf(
        Request calldata r,
        uint256 round
    ) internal view returns (Round state, uint256 startAt, uint256 randomness) {
        uint256 word = _escrow().roundWord(uint64(round)); // a round has 32 bits
        uint256 dueAt = _dueAt(round);
        uint256 latest = dueAt + r.terms.beaconTimeout();
        uint256 postedAt = uint40(word); // the low 40 bits
        if (word == 0 && block.timestamp <= latest) return (Round.Awaited, latest, 0);
        if (postedAt > latest || postedAt + r.terms.beaconDelay() / 2 < dueAt) return (Round.Void, latest, 0);
        return (Round.Good, postedAt > dueAt ? postedAt : dueAt, word >> 40);
    }

    function _dueAt(uint256 round) internal view returns (uint256) {
        return GENESIS + (round - 1) * PERIOD;
    }

    function _roundOf(Case storage dispute, uint256 level) internal view returns (uint256 round) {
        require(level == 1 || level == Panels.LEVELS, NoSuchLevel(level));
        if (level == 1) return dispute.docket.round();
        require(dispute.appeal.exists(), NoSuchLevel(level));
        return dispute.appeal.round();
    }

    /// @dev The members of a level, by drawing it and those below it anew.
    function _jurors(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        uint256 level
    ) internal view returns (uint256[] memory jurors) {
        uint256[] memory committee = _escrow().committeeOf(r);
        if (level == 0) return committee;
        uint256[] memory nobody;
        jurors = _panel(r, requestId, dispute, 1, Panels.idsOf(committee, nobody));
        if (level == 1) return jurors;
        return _panel(r, requestId, dispute, level, Panels.idsOf(committee, jurors));
    }

    function _panel(
        Request calldata r,
        bytes32 requestId,
        Case storage dispute,
        uint256 level,
        uint256[] memory excluded
    ) private view returns (uint256[] memory) {
        uint256 round = _roundOf(dispute, level);
        (Round state, , uint256 randomness) = _startOf(r, round);
        require(state == Round.Good, NoRound(round));
        Docket docket = dispute.docket;
        uint256 size = Panels.seats(level, r.origin.k(), _parameters[docket.version()].panelMin);
        bytes32 seed = CommitteeDraw.seedOf(randomness, requestId, level);
        return Panels.draw(address(TASK_REGISTRY), docket.snapshotId(), r.work.snapshotId(), seed, size, excluded);
    }

    /// @return seconds from a panel's start to its end
    function _panelTime(uint256 taskWindow, DisputeParameters memory p) internal pure returns (uint256) {
        return 2 * taskWindow > p.panelWindow ? 2 * taskWindow : p.panelWindow;
    }

    function _requireUntil(uint256 latest) internal view {
        require(block.timestamp <= latest, WindowOver(latest));
    }

    /// @dev Seconds from the opening of a dispute to its close, at the longest: each level waits for a void round and its
    ///      replacement, is judged, and waits out its appeal window.
    function _longest(uint256 panel, uint256 beaconWait, DisputeParameters memory p) internal pure returns (uint256) {
        return Panels.LEVELS * (Panels.ROUNDS * (beaconWait + p.appealWindow) + panel) + p.punishWindow;
    }

    /* SIGNATURES */

    /// @dev The hash that is signed, in the domain of the escrow.
    function _signedHash(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, escrow()));
        return MessageHashUtils.toTypedDataHash(domain, structHash);
    }

    function _signerOf(bytes32 requestId, uint256 level, Evidence calldata e) internal view returns (address) {
        bytes32 structHash = Attestations.structHash(requestId, level, e.digest, e.committed, e.commitRoot);
        return Attestations.recover(_signedHash(structHash), e.r, e.yParityAndS);
    }

    /// @dev The node whose evidence this is: its current key, or one that it still had when the request was made. Zero
    ///      otherwise: a key that was replaced before can no longer speak for the node.
    function _nodeOfKey(Request calldata r, address signer) internal view returns (NodeId) {
        if (signer == address(0)) return NodeId.wrap(0);
        (NodeId nodeId, uint256 until) = NODE_REGISTRY.keyOf(signer);
        return until == 0 || until >= r.rules.submittedAt() ? nodeId : NodeId.wrap(0);
    }

    /// @dev The node that was drawn for the evidence's seat, and did sign it.
    function _witness(
        Request calldata r,
        bytes32 requestId,
        uint256 level,
        uint256[] memory members,
        Evidence calldata e
    ) internal view returns (NodeId nodeId) {
        nodeId = _seated(members, e.seat);
        require(_nodeOfKey(r, _signerOf(requestId, level, e)) == nodeId, NotSignedBy(nodeId));
    }

    /// @dev The same of a node that is not jailed: one that has nothing to lose any more cannot open a dispute.
    function _liveWitness(
        Request calldata r,
        bytes32 requestId,
        uint256[] memory members,
        Evidence calldata e
    ) internal view returns (NodeId nodeId) {
        nodeId = _seated(members, e.seat);
        require(_isLive(r, nodeId, _signerOf(requestId, 0, e)), NotSignedBy(nodeId));
    }

    /// @dev Whether the node is not jailed and the key its own, now or when the request was made.
    function _isLive(Request calldata r, NodeId nodeId, address signer) internal view returns (bool) {
        address current = _escrow().nodeWord(nodeId).signer();
        if (signer == current) return signer != address(0);
        return current != address(0) && _nodeOfKey(r, signer) == nodeId;
    }

    function _seated(uint256[] memory members, uint256 seat) internal pure returns (NodeId) {
        require(seat < members.length, NoSuchSeat(seat, members.length));
        return NodeId.wrap(uint32(members[seat] >> 32)); // the upper half of 64 bits
    }

    /* MONEY */

    /// @dev One pay in units of the payment token: what any ask within the request's cap is paid at most.
    function _payOf(Request calldata r) internal pure returns (uint256) {
        return r.work.maxAsk() * Payout.payPerAsk(r.work, r.terms);
    }

    function _bondOf(Request calldata r, uint256 level, uint256 version) internal view returns (uint256) {
        uint256 jurors = Panels.seats(level, r.origin.k(), _parameters[version].panelMin);
        return (jurors + BOND_MARGIN) * _payOf(r);
    }
}
