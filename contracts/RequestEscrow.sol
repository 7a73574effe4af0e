// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IEscrowCore} from "./interfaces/IEscrowCore.sol";
import {IEscrowLedger} from "./interfaces/IEscrowLedger.sol";
import {Attestations} from "./libraries/Attestations.sol";
import {CommitteeShape} from "./libraries/CommitteeShape.sol";
import {Payout} from "./libraries/Payout.sol";
import {RequestIds} from "./libraries/RequestIds.sol";
import {ChainWordFields} from "./types/ChainWord.sol";
import {NodeId, TaskId} from "./types/Ids.sol";
import {MAX_CHALLENGE_WINDOW} from "./types/Limits.sol";
import {NodeWord} from "./types/NodeWord.sol";
import {ParametersWord, ParametersWordFields} from "./types/Parameters.sol";
import {
    FLAG_ACCEPT_NO_PANEL,
    FLAG_BUNDLE,
    FLAG_INPUT_BY_URI,
    Origin,
    Request,
    Rules,
    Terms,
    Work,
    slotKeyOf
} from "./types/Request.sol";
import {SlotWord, SlotWordFields} from "./types/SlotWord.sol";
import {TaskWord} from "./types/TaskWord.sol";
import {EscrowExtension} from "./EscrowExtension.sol";
import {EscrowSigned} from "./escrow/EscrowSigned.sol";
import {EscrowState} from "./escrow/EscrowState.sol";

/// @title Requests: asking, settling, calling back, refunding
/// @notice The whole of this address is `IRequestEscrow`; what is not here is in `EscrowExtension`.
contract RequestEscrow is EscrowSigned, IEscrowCore, Multicall {
    uint256 private constant MAX_CALLBACK_GAS = 2_000_000;

    address private immutable EXTENSION;

    /// @param extension_ made with the same config; its storage stays unused
    constructor(Config memory c, EscrowExtension extension_) EscrowState(c) {
        require(extension_.configHash() == keccak256(abi.encode(c)), ExtensionMismatch());
        EXTENSION = address(extension_);
        _parameters = ParametersWordFields.pack(c.parameters, 1, 1, 1);
        emit IEscrowLedger.ParametersSet(1, c.parameters);
    }

    modifier onlyFrom(address allowed) {
        require(msg.sender == allowed, OnlyFrom(allowed));
        _;
    }

    /// @dev Everything that is not of the core runs in the extension's code on this contract's storage.
    fallback() external {
        address target = EXTENSION;
        // Memory-safe: works beyond the free pointer, and the call ends here.
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let success := delegatecall(gas(), target, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(success) {
                revert(data, returndatasize())
            }
            return(data, returndatasize())
        }
    }

    /* ASKING */

    /// @inheritdoc IEscrowCore
    function request(RequestParams calldata params, bytes calldata input) external returns (bytes32) {
        return _request(params, 1, Attestations.hashOf(input), 0, input);
    }

    /// @inheritdoc IEscrowCore
    function requestByUri(
        RequestParams calldata params,
        bytes32 inputDigest,
        string calldata uri
    ) external returns (bytes32) {
        require(bytes(uri).length != 0, UriRequired());
        return _request(params, 1, inputDigest, FLAG_INPUT_BY_URI, bytes(uri));
    }

    /// @inheritdoc IEscrowCore
    function requestBundle(
        RequestParams calldata params,
        uint32 items,
        bytes32 inputsRoot,
        string calldata uri
    ) external returns (bytes32) {
        require(bytes(uri).length != 0, UriRequired());
        require(items != 0 && items <= params.units, InvalidItems());
        return _request(params, items, inputsRoot, FLAG_BUNDLE | FLAG_INPUT_BY_URI, bytes(uri));
    }

    function _request(
        RequestParams calldata p,
        uint256 items,
        bytes32 inputDigest,
        uint256 flags,
        bytes calldata data
    ) private returns (bytes32 requestId) {
        ParametersWord parameters_ = _parameters;
        TaskWord task = _tasks[p.taskId];
        uint256 key = slotKeyOf(msg.sender, p.slot);
        SlotWord slot = _slots[key];
        require(block.timestamp > parameters_.time(), Paused(parameters_.time()));
        require(slot.isFree(block.timestamp), SlotBusy(msg.sender, p.slot));
        require(block.timestamp <= task.publishedAt() + task.freshFor(), SnapshotStale(p.taskId, task.publishedAt()));
        if (p.acceptNoPanel) flags |= FLAG_ACCEPT_NO_PANEL;
        uint256 quorum = CommitteeShape.check(p.k, p.quorum, _asked(p), task, flags);
        _checkRules(p, parameters_, task.isTee());

        Request memory r;
        r.work = Work.wrap(_packWork(p, task.id()));
        r.terms = Terms.wrap(task.termsPart() | parameters_.termsPart());
        r.rules = _rulesOf(p, r.terms, items, flags);
        r.inputDigest = inputDigest;
        uint256 lock = Payout.lockUp(p.k, r.work, r.terms);
        require(lock <= type(uint96).max, LockTooLarge(lock));
        uint256 sequence = _debitForRequest(msg.sender, lock, slot.leftover());
        r.origin = Origin.wrap(
            (uint256(uint160(msg.sender)) << 96) |
                (sequence << 56) |
                (uint256(p.slot) << 32) |
                (parameters_.version() << 16) |
                (uint256(p.k) << 8) |
                quorum
        );
        requestId = RequestIds.idOf(r, block.chainid, address(this), BEACON);
        _slots[key] = SlotWordFields.open(requestId);
        emit Requested(requestId, p.taskId, msg.sender, r, data);
    }

    function _asked(RequestParams calldata p) private pure returns (uint256) {
        unchecked {
            return uint256(p.maxAsk) * p.units; // below 2^96
        }
    }

    function _checkRules(RequestParams calldata p, ParametersWord parameters_, bool isTee) private view {
        require(p.callbackGas <= MAX_CALLBACK_GAS, CallbackGasTooHigh(p.callbackGas, MAX_CALLBACK_GAS));
        require(
            p.challengeWindow <= MAX_CHALLENGE_WINDOW,
            InvalidChallengeWindow(p.challengeWindow, MAX_CHALLENGE_WINDOW)
        );
        require(p.k > 1 || p.challengeWindow != 0 || isTee, ChallengeWindowRequired());
        uint256 tipFloor;
        unchecked {
            tipFloor = parameters_.tipFloor() * MICRO; // below 2^40 * 10^(decimals - 6)
        }
        require(p.tip >= tipFloor, TipTooLow(p.tip, tipFloor));
    }

    function _packWork(RequestParams calldata p, uint256 snapshotId) private pure returns (uint256) {
        // each field is as wide as its place
        return
            (uint256(TaskId.unwrap(p.taskId)) << 224) |
            (snapshotId << 192) |
            (uint256(p.units) << 128) |
            (uint256(p.maxAsk) << 96) |
            p.tip;
    }

    function _rulesOf(
        RequestParams calldata p,
        Terms terms,
        uint256 items,
        uint256 flags
    ) private view returns (Rules) {
        uint256 round = _roundAt(block.timestamp + terms.beaconDelay()); // below 2^32 for 136 years of 1 s rounds
        return
            Rules.wrap(
                (block.timestamp << 120) |
                    (round << 88) |
                    (uint256(p.challengeWindow) << 64) |
                    (uint256(p.callbackGas) << 40) |
                    (items << 8) |
                    flags
            );
    }

    /* SETTLING */

    /// @inheritdoc IEscrowCore
    function settle(
        Settlement[] calldata settlements,
        RoundSignature[] calldata rounds
    ) external returns (uint256 settled) {
        _post(rounds);
        if (settlements.length == 1) return _settleOne(settlements[0]);
        bytes32 due = _reserve(settlements.length);
        uint256 tips;
        bytes4 firstReason;
        for (uint256 i = 0; i < settlements.length; ++i) {
            Settlement calldata s = settlements[i];
            (bytes4 reason, bytes32 requestId, bytes32 digest, uint256 tip) = _settle(s);
            if (reason != OK) {
                if (firstReason == OK) firstReason = reason;
                emit SettlementSkipped(requestId, reason);
                continue;
            }
            unchecked {
                ++settled;
                tips += tip; // each below 2^96
            }
            if (s.request.rules.isCalledBackAtOnce()) _note(due, i, requestId, digest);
        }
        require(settled != 0, NothingSettled(firstReason));
        _credit(msg.sender, tips);
        for (uint256 i = 0; i < settlements.length; ++i) {
            (bytes32 requestId, bytes32 digest) = _noted(due, i);
            if (requestId != 0) _callBack(settlements[i], requestId, digest);
        }
    }

    /// @dev Most batches: one item, which needs no notes of whom to call back.
    function _settleOne(Settlement calldata s) private returns (uint256 settled) {
        (bytes4 reason, bytes32 requestId, bytes32 digest, uint256 tip) = _settle(s);
        require(reason == OK, NothingSettled(reason));
        _credit(msg.sender, tip);
        if (s.request.rules.isCalledBackAtOnce()) _callBack(s, requestId, digest);
        return 1;
    }

    /// @dev Memory for an id and a digest per item, all zero.
    function _reserve(uint256 items) private pure returns (bytes32 notes) {
        assembly ("memory-safe") {
            notes := mload(0x40)
            mstore(0x40, add(notes, shl(6, items)))
            calldatacopy(notes, calldatasize(), shl(6, items)) // beyond the calldata is zero
        }
    }

    function _note(bytes32 notes, uint256 item, bytes32 requestId, bytes32 digest) private pure {
        assembly ("memory-safe") {
            let at := add(notes, shl(6, item)) // one of the items that were reserved
            mstore(at, requestId)
            mstore(add(at, 0x20), digest)
        }
    }

    function _noted(bytes32 notes, uint256 item) private pure returns (bytes32 requestId, bytes32 digest) {
        assembly ("memory-safe") {
            let at := add(notes, shl(6, item)) // one of the items that were reserved
            requestId := mload(at)
            digest := mload(add(at, 0x20))
        }
    }

    /// @dev Settles one item, or says why not, having changed nothing.
    function _settle(
        Settlement calldata s
    ) private returns (bytes4 reason, bytes32 requestId, bytes32 digest, uint256 tip) {
        Request calldata r = s.request;
        requestId = _idOf(r);
        SlotWord slot = _slots[r.origin.slotKey()];
        if (!slot.holdsOpen(requestId)) return (NotOpen.selector, requestId, 0, 0);
        uint256[] memory members;
        (reason, digest, members) = _agreed(s, requestId, slot.state() == SlotWordFields.OPEN_DISPUTED);
        if (reason != OK) return (reason, requestId, 0, 0);
        tip = _conclude(s, requestId, digest, members);
    }

    /* COMMITTING ON CHAIN; THE REST OF THE FALLBACK IS IN THE EXTENSION */

    /// @inheritdoc IEscrowCore
    function commitOnChain(Request calldata r, NodeId nodeId, bytes32 leaf) external {
        bytes32 requestId = _idOf(r);
        (bytes4 reason, uint256 opensAt, ) = _startOf(r);
        require(reason == OK, SettlementRefused(reason));
        opensAt += r.terms.fallbackAfter();
        _requirePhase(opensAt, opensAt + r.terms.chainPhase());
        uint256 id = NodeId.unwrap(nodeId);
        bool isSigner =
            msg.sender == _nodeWord(id).signer() || _wasSigner(id, uint160(msg.sender), r.rules.submittedAt());
        require(isSigner, NotSigner(nodeId, msg.sender));
        _requireLive(r, id, msg.sender);
        require(_chainWords[requestId][id].state() == 0, AlreadyCommitted(nodeId));
        _chainWords[requestId][id] = ChainWordFields.committed(leaf);
        emit CommittedOnChain(requestId, nodeId, leaf);
    }

    /* PUSHED BY THE INSTANCE */

    /// @inheritdoc IEscrowCore
    function setSigner(NodeId nodeId, address signer, uint256 since) external onlyFrom(address(NODE_REGISTRY)) {
        address former = _nodeWord(NodeId.unwrap(nodeId)).signer();
        if (former != address(0))
            _formerSigners[NodeId.unwrap(nodeId)][uint160(former)] = (since << 40) | block.timestamp;
        _setNodeWord(NodeId.unwrap(nodeId), _nodeWord(NodeId.unwrap(nodeId)).withSigner(signer));
        emit SignerSet(nodeId, former, signer);
    }

    /// @inheritdoc IEscrowCore
    function setTaskWord(TaskId taskId, TaskWord word) external onlyFrom(address(TASK_REGISTRY)) {
        _tasks[taskId] = word;
        emit TaskWordSet(taskId, word);
    }

    /// @inheritdoc IEscrowCore
    function recordRound(uint64 round, uint256 word) external onlyFrom(BEACON) {
        require(_rounds[round] == 0, RoundAlreadyRecorded(round));
        _rounds[round] = word;
        emit RoundRecorded(round, word);
    }

    /* VIEWS */

    /// @inheritdoc IEscrowCore
    function requestIdOf(Request calldata r) external view returns (bytes32) {
        return _idOf(r);
    }

    /// @inheritdoc IEscrowCore
    function slotOf(address requester, uint256 slot) external view returns (SlotWord) {
        return slot >> 24 == 0 ? _slots[slotKeyOf(requester, slot)] : SlotWord.wrap(0);
    }

    /// @inheritdoc IEscrowCore
    function freeSlot(address requester, uint24 ring) external view returns (uint24 slot) {
        (, uint256 sequence) = accountOf(requester);
        for (uint256 i = 0; i < ring; ++i) {
            slot = uint24((sequence + i) % ring); // below ring < 2^24
            if (_slots[slotKeyOf(requester, slot)].isFree(block.timestamp)) return slot;
        }
        require(ring != 0, EmptyRing());
        revert SlotBusy(requester, slot);
    }

    /// @inheritdoc IEscrowCore
    function nodeWord(NodeId nodeId) external view returns (NodeWord) {
        return _nodeWord(NodeId.unwrap(nodeId));
    }

    /// @inheritdoc IEscrowCore
    function taskWord(TaskId taskId) external view returns (TaskWord) {
        return _tasks[taskId];
    }

    /// @inheritdoc IEscrowCore
    function roundWord(uint64 round) external view returns (uint256) {
        return _rounds[round];
    }

    /// @inheritdoc IEscrowCore
    function accountOf(address account) public view returns (uint256 balance, uint256 sequence) {
        uint256 word = _accounts[account];
        return (word & LOW_128, (word >> 128) & type(uint40).max);
    }

    /// @inheritdoc IEscrowCore
    function extension() external view returns (address) {
        return EXTENSION;
    }
}
