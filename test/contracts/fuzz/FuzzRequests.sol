// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {IBeacon} from "../../../contracts/interfaces/IBeacon.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {EvilConsumer} from "../../../contracts/mocks/EvilConsumer.sol";
import {Head, HeadFields, countBits} from "../../../contracts/types/Head.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {FLAG_BUNDLE, Request} from "../../../contracts/types/Request.sol";
import {Parameters} from "../../../contracts/types/Parameters.sol";
import {SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {FuzzNodes} from "./FuzzNodes.sol";
import {vm} from "./Vm.sol";

/// @dev Requests and what committees say of them, true and false.
abstract contract FuzzRequests is FuzzNodes {
    uint24 internal constant SLOTS = 40;

    bytes32 internal _lastRequest;
    /// @dev Certified settlements without their proofs, which `finalize` does not need.
    mapping(bytes32 settlement => bytes encoded) internal _shown;

    /* ASKING */

    function _goodParams(uint256 seed, address requester) internal view returns (IEscrowTypes.RequestParams memory p) {
        p.taskId = _servedTask(seed);
        p.units = uint64(1 + ((seed >> 8) % 10_000));
        p.maxAsk = uint32(9 + ((seed >> 32) % 3));
        p.tip = uint96(1_000 + ((seed >> 40) % 100_000));
        p.k = uint8(1 + ((seed >> 72) % 21));
        p.quorum = seed % 3 == 0 ? 0 : uint8(p.k / 2 + 1 + ((seed >> 80) % (p.k - p.k / 2)));
        p.slot = _freeSlot(requester);
        p.acceptNoPanel = true;
        p.challengeWindow = p.k == 1 || (seed >> 96) % 6 == 0 ? uint24(1 + ((seed >> 100) % 30)) : 0;
        p.callbackGas = _isConsumer(requester) ? uint24(1_500_000) : 0;
    }

    /// @dev The requester's first slot that is free.
    function _freeSlot(address requester) internal view returns (uint24 slot) {
        while (!escrow.slotOf(requester, slot).isFree(block.timestamp)) ++slot;
        if (slot >= SLOTS) revert Broken("ESC-2", "slots are not freed", slot, live.length);
    }

    function _refresh(TaskId taskId) internal {
        if (block.timestamp > escrow.taskWord(taskId).publishedAt() + 2 days) _publish(taskId);
    }

    /// @dev Asks in the requester's name. Returns zero if it was refused.
    function _ask(address requester, IEscrowTypes.RequestParams memory p, uint256 kind) internal returns (bytes32) {
        bytes memory call;
        string memory name;
        bytes32 root = keccak256("root");
        if (kind == 0) (name, call) = ("request", abi.encodeCall(IEscrowCore.request, (p, "input")));
        if (kind == 1)
            (name, call) = ("requestByUri", abi.encodeCall(IEscrowCore.requestByUri, (p, root, "ipfs://input")));
        if (kind == 2)
            (name, call) = ("requestBundle", abi.encodeCall(IEscrowCore.requestBundle, (p, 1, root, "ipfs://inputs")));
        (bool success, bytes memory result) = _act(name, requester, call);
        if (!success) return 0;
        if (_isConsumer(requester)) result = abi.decode(result, (bytes));
        return _lastRequest = abi.decode(result, (bytes32));
    }

    /// @dev A call to the escrow in a requester's name, who may be a consumer.
    function _act(string memory name, address requester, bytes memory call) internal returns (bool, bytes memory) {
        if (!_isConsumer(requester)) return _exec(name, requester, address(escrow), call);
        return _exec(name, TREASURY, requester, abi.encodeCall(EvilConsumer.act, (call)));
    }

    /// @dev A new request that must be taken, because nothing is wrong with it.
    function _freshRequest(uint256 seed, address requester, bool isInstant) internal returns (bytes32 id) {
        _refresh(_servedTask(seed));
        _fund(requester);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requester);
        if (isInstant && p.k == 1) p.k = 2;
        if (isInstant) (p.challengeWindow, p.quorum) = (0, 0);
        id = _ask(requester, p, (seed >> 120) % 3);
        if (id == 0) revert Broken("ESC-3", "a good request is refused", p.slot, p.k);
    }

    function _fund(address requester) internal {
        (uint256 balance, ) = escrow.accountOf(requester);
        if (balance >= WEALTH / 2) return;
        escrow.deposit(requester, WEALTH);
    }

    function _requester(uint256 seed) internal view returns (address) {
        return requesters[seed % requesters.length];
    }

    function ask(uint256 seed) external step {
        _freshRequest(seed, _requester(seed >> 200), false);
    }

    function askWrongly(uint256 seed) external step {
        address requester = _requester(seed >> 200);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requester);
        uint256 fault = (seed >> 160) % 9;
        if (fault == 0) p.k = uint8(22 + ((seed >> 170) % 200));
        if (fault == 1) p.quorum = p.k + 1;
        if (fault == 2) p.maxAsk = 0;
        if (fault == 3) p.units = type(uint64).max;
        if (fault == 4) p.tip = _belowFloor();
        if (fault == 5) p.callbackGas = uint24(2_000_001 + ((seed >> 170) % 10_000_000));
        if (fault == 6) p.challengeWindow = uint24(1 days + 1 + ((seed >> 170) % 1_000));
        if (fault == 7) p.taskId = TaskId.wrap(1_000);
        if (fault == 8) p.tip = type(uint96).max;
        if (_ask(requester, p, seed % 3) != 0) revert Broken("ESC-3", "a bad request is taken", fault, 0);
    }

    /// @dev A tip that is too low, or one too high to pay where there is no floor.
    function _belowFloor() private view returns (uint96) {
        (, , Parameters memory parameters) = escrow.parameters();
        return parameters.tipFloor == 0 ? type(uint96).max : parameters.tipFloor - 1;
    }

    /* ROUNDS */

    function _post(uint256 round) internal {
        if (block.timestamp < beacon.timeOf(uint64(round))) vm.warp(beacon.timeOf(uint64(round)));
        bytes memory data = abi.encodeCall(IBeacon.submit, (uint64(round), beacon.signatureOf(uint64(round))));
        _mustExec("Beacon.submit", TREASURY, address(beacon), data);
    }

    function postRound(uint256 seed) external step {
        uint64 round = beacon.roundAt(block.timestamp + (seed % 16 == 0 ? 20 : 0)); // sometimes by a clock that lags
        bytes memory signature = beacon.signatureOf(seed % 5 == 0 ? round + 1 : round);
        bool isKnown = wordOf[round] != 0;
        (bool success, ) = _exec(
            "Beacon.submit",
            TREASURY,
            address(beacon),
            abi.encodeCall(IBeacon.submit, (round, signature))
        );
        if (success && seed % 5 == 0 && !isKnown) revert Broken("BCN-1", "a wrong signature", round, 0);
        bytes memory forged = abi.encodeCall(IEscrowCore.recordRound, (round, seed));
        (success, ) = _exec("a round from elsewhere", requesters[0], address(escrow), forged);
        if (success) revert Broken("BCN-1", "recorded by anyone", round, 0);
    }

    /* COMMITTEES */

    struct Said {
        uint256 status;
        bytes output;
        uint256 committed;
        uint256 attested;
    }

    function _saidByAll(Request memory r, uint256 members) internal pure returns (Said memory said) {
        said.output = r.rules.has(FLAG_BUNDLE) ? abi.encode(keccak256("results")) : bytes("output");
        said.committed = said.attested = (1 << members) - 1;
    }

    /// @dev Like all, but with some members silent or absent, as far as the quorum allows.
    function _saidByMost(Request memory r, uint256 members, uint256 seed) internal pure returns (Said memory said) {
        said = _saidByAll(r, members);
        for (uint256 i = 0; i < members; ++i) {
            if (countBits(said.attested) <= r.origin.quorum() || (seed >> i) % 4 != 0) continue;
            said.attested &= ~(uint256(1) << i);
            if ((seed >> (i + 32)) % 2 == 0) said.committed &= ~(uint256(1) << i);
        }
    }

    function _digestOf(Request memory r, Said memory said) internal pure returns (bytes32) {
        if (r.rules.has(FLAG_BUNDLE)) return bytes32(said.output);
        return keccak256(abi.encode(said.status, uint256(7), keccak256(said.output)));
    }

    /// @dev What a committee shows of itself. Certified if it is a quorum of right keys.
    function _settlement(
        bytes32 id,
        Request memory r,
        uint256[] memory members,
        Said memory said
    ) internal returns (IEscrowTypes.Settlement memory s) {
        bytes32 digest = _digestOf(r, said);
        bytes32 root = _rootOf(id, digest, members, said.committed);
        bytes32 hash = keccak256(
            abi.encodePacked(
                hex"1901",
                escrow.domainSeparator(),
                Attestations.structHash(id, 0, digest, said.committed, root)
            )
        );
        for (uint256 i = 0; i < members.length; ++i) {
            if ((said.committed >> i) & 1 == 0) continue;
            bytes memory part =
                (said.attested >> i) & 1 == 1
                    ? abi.encodePacked(_compact(_keyFor(members[i] >> 32, r.rules.submittedAt()), hash), _salt(id, i))
                    : abi.encodePacked(_leaf(id, digest, members[i], i));
            s.proof = abi.encodePacked(s.proof, part);
        }
        uint256 usage = r.rules.has(FLAG_BUNDLE) ? 0 : 7;
        s.request = r;
        s.output = said.output;
        s.head = Head.wrap((said.attested << 104) | (said.committed << 72) | (usage << 8) | said.status);
        bool isQuorum = countBits(said.attested) >= r.origin.quorum() && said.committed >> members.length == 0;
        if (isQuorum && said.attested & ~said.committed == 0) _certify(_settlementKey(id, digest, s.head), s);
    }

    function _certify(bytes32 key, IEscrowTypes.Settlement memory s) internal {
        _certified[key] = true;
        if (s.request.rules.challengeWindow() != 0)
            _shown[key] = abi.encode(IEscrowTypes.Settlement(s.request, s.head, "", s.output));
    }

    function _rootOf(
        bytes32 id,
        bytes32 digest,
        uint256[] memory members,
        uint256 committed
    ) private pure returns (bytes32) {
        bytes memory leaves;
        for (uint256 i = 0; i < members.length; ++i) {
            if ((committed >> i) & 1 == 1) leaves = abi.encodePacked(leaves, _leaf(id, digest, members[i], i));
        }
        return keccak256(leaves);
    }

    function _leaf(bytes32 id, bytes32 digest, uint256 member, uint256 i) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, uint256(0), digest, member >> 32, _salt(id, i)));
    }

    function _salt(bytes32 id, uint256 i) internal pure returns (bytes16) {
        return bytes16(keccak256(abi.encode(id, i)));
    }

    function _compact(uint256 key, bytes32 hash) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, hash);
        return abi.encodePacked(r, uint256(s) | (uint256(v - 27) << 255));
    }

    /// @dev The node's current key, or for every other node the one it had when the request was made.
    function _keyFor(uint256 nodeId, uint256 time) internal view returns (uint256 key) {
        key = _currentKey(nodeId);
        if (nodeId % 2 == 0) return key;
        for (uint256 i = 0; i < _keys[nodeId].length; ++i) {
            if (_since[nodeId][i] <= time) key = _keys[nodeId][i];
        }
    }

    /* SETTLING */

    /// @dev A request that is open and can settle now, its round posted; a new one if there is none at hand.
    function _ready(uint256 seed) internal returns (bytes32 id) {
        id = live.length == 0 ? bytes32(0) : live[seed % live.length];
        if (id == 0 || !_canSettle(id)) id = _freshRequest(seed, _requester(seed >> 200), false);
        _prepare(id);
    }

    function _canSettle(bytes32 id) internal view returns (bool) {
        Request memory r = _known[id].request;
        return _known[id].stage == Stage.Open && !_isDisputed(r) && _inTime(r, id);
    }

    /// @dev Whether its round is as it should be, its committee complete and its deadline not over.
    function _inTime(Request memory r, bytes32 id) internal view returns (bool) {
        uint256 word = escrow.roundWord(uint64(r.rules.round()));
        uint256 due = beacon.timeOf(uint64(r.rules.round()));
        if (word == 0) return block.timestamp <= due + r.terms.beaconTimeout();
        uint256 postedAt = uint40(word);
        if (postedAt + r.terms.beaconDelay() / 2 < due || postedAt > due + r.terms.beaconTimeout()) return false;
        return
            block.timestamp <= (postedAt > due ? postedAt : due) + r.terms.life() &&
            _draw(r, id).length == r.origin.k();
    }

    function _isDisputed(Request memory r) internal view returns (bool) {
        return escrow.slotOf(r.origin.requester(), r.origin.slot()).state() == SlotWordFields.OPEN_DISPUTED;
    }

    function _prepare(bytes32 id) internal {
        uint256 round = _known[id].request.rules.round();
        if (escrow.roundWord(uint64(round)) == 0) _post(round);
    }

    function _settle(bytes32 id, uint256 seed) internal returns (IEscrowTypes.Settlement memory s, address settler) {
        Request memory r = _known[id].request;
        if (!_canSettle(id)) return (s, settler); // its round was posted early, or its draw is too dear: it is refunded
        uint256[] memory members = _draw(r, id);
        s = _settlement(id, r, members, _saidByMost(r, members.length, seed));
        settler = _settler(seed, members);
        _mustExec(
            "settle",
            settler,
            address(escrow),
            abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)))
        );
    }

    /// @dev A member by its key, or anyone.
    function _settler(uint256 seed, uint256[] memory members) internal view returns (address) {
        uint256 place = (seed >> 180) % (2 * members.length);
        return place < members.length ? _signers[members[place] >> 32] : requesters[place % 3];
    }

    function _only(IEscrowTypes.Settlement memory s) internal pure returns (IEscrowTypes.Settlement[] memory all) {
        all = new IEscrowTypes.Settlement[](1);
        all[0] = s;
    }

    function settle(uint256 seed) external step {
        _settle(_ready(seed), seed);
    }

    /// @dev Several at once, among them one twice and one that is bad: the good ones settle.
    function settleBatch(uint256 seed) external step {
        uint256 count = 3 + (seed % 3);
        IEscrowTypes.Settlement[] memory batch = new IEscrowTypes.Settlement[](count);
        uint256 settled = endedRequests;
        for (uint256 i = 0; i + 2 < count; ++i) {
            bytes32 id = _freshRequest(uint256(keccak256(abi.encode(seed, i))), requesters[((seed % 3) + i) % 3], true);
            _prepare(id);
            if (!_canSettle(id)) return;
            Request memory r = _known[id].request;
            batch[i] = _settlement(id, r, _draw(r, id), _saidByMost(r, r.origin.k(), seed));
        }
        batch[count - 2] = batch[0];
        batch[count - 1] = _spoiled(batch[0], seed);
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (batch, new IEscrowTypes.RoundSignature[](0)));
        bytes memory result = _mustExec("settle (batch)", requesters[0], address(escrow), data);
        settled = endedRequests - settled;
        if (settled != count - 2) revert Broken("ESC-3", "bad items stop good ones", settled, count - 2);
        if (abi.decode(result, (uint256)) != settled) revert Broken("ESC-2", "settled", settled, count);
    }

    function settleWrongly(uint256 seed) external step {
        bytes32 id = _ready(seed);
        if (!_canSettle(id)) return;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        IEscrowTypes.Settlement memory s = _spoiled(_settlement(id, r, members, _saidByAll(r, members.length)), seed);
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        (bool success, ) = _exec("settle (spoiled)", requesters[0], address(escrow), data);
        if (success) revert Broken("SET-1", "a spoiled settlement", seed % 8, uint256(id));
    }

    /// @dev The same settlement with something wrong in it.
    function _spoiled(
        IEscrowTypes.Settlement memory good,
        uint256 seed
    ) internal pure returns (IEscrowTypes.Settlement memory s) {
        s = abi.decode(abi.encode(good), (IEscrowTypes.Settlement)); // a copy
        uint256 head = Head.unwrap(s.head);
        uint256 fault = seed % 8;
        if (fault == 0) s.proof[(seed >> 16) % s.proof.length] ^= 0x01;
        if (fault == 1) s.head = Head.wrap(head & ~(uint256(type(uint32).max) << 104));
        if (fault == 2) s.head = Head.wrap(head | (1 << 103));
        if (fault == 3) s.head = Head.wrap(head ^ (1 << (8 + ((seed >> 16) % 64))));
        if (fault == 4) s.output = abi.encodePacked(s.output, uint8(1));
        if (fault == 5) s.proof = abi.encodePacked(s.proof, uint8(0));
        if (fault == 6) s.request.inputDigest ^= bytes32(uint256(1));
        if (fault == 7) _signByStranger(s);
    }

    /// @dev Replaces the first signature by one of a key that is nobody's.
    function _signByStranger(IEscrowTypes.Settlement memory s) private pure {
        bytes memory stranger = _compact(uint256(keccak256("stranger")), keccak256(s.proof));
        for (uint256 i = 0; i < 64 && i < s.proof.length; ++i) s.proof[i] = stranger[i];
    }
}
