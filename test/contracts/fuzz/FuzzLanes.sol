// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowLanes} from "../../../contracts/interfaces/IEscrowLanes.sol";
import {IEscrowSigned} from "../../../contracts/interfaces/IEscrowSigned.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {RequestIds} from "../../../contracts/libraries/RequestIds.sol";
import {SignedRequests} from "../../../contracts/libraries/SignedRequests.sol";
import {EvilConsumer} from "../../../contracts/mocks/EvilConsumer.sol";
import {
    FLAG_ACCEPT_NO_PANEL,
    FLAG_SIGNED,
    Origin,
    Request,
    Rules,
    Terms,
    Work
} from "../../../contracts/types/Request.sol";
import {SlotWord, SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {FuzzVoidRounds} from "./FuzzVoidRounds.sol";
import {vm} from "./Vm.sol";

/// @dev Challenge windows, refunds, failed callbacks, bundles and signed requests.
abstract contract FuzzLanes is FuzzVoidRounds {
    uint40 private _nonce;

    /* CHALLENGE WINDOWS */

    function _recorded(uint256 seed) private returns (IEscrowTypes.Settlement memory s, address settler, bytes32 id) {
        address requester = _requester(seed >> 200);
        _refresh(_servedTask(seed));
        _fund(requester);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requester);
        p.challengeWindow = uint24(1 + ((seed >> 100) % 30));
        id = _ask(requester, p, seed % 2);
        if (id == 0) revert Broken("ESC-3", "a good request is refused", uint32(_refusal), p.k);
        _prepare(id);
        (s, settler) = _settle(id, seed);
    }

    function finalize(uint256 seed) external step {
        (IEscrowTypes.Settlement memory s, address settler, bytes32 id) = _recorded(seed);
        if (settler == address(0)) return;
        _endRecorded(seed, s, id, "finalize", abi.encodeCall(IEscrowLanes.finalize, (s, settler)), 0);
    }

    function finalizeWithoutOutput(uint256 seed) external step {
        (IEscrowTypes.Settlement memory s, address settler, bytes32 id) = _recorded(seed);
        if (settler == address(0)) return;
        bytes32 digest = _known[id].digest;
        bytes memory data = abi.encodeCall(IEscrowLanes.finalizeWithoutOutput, (s.request, digest, s.head, settler));
        _endRecorded(seed, s, id, "finalizeWithoutOutput", data, s.request.terms.expireDelay());
    }

    function _endRecorded(
        uint256 seed,
        IEscrowTypes.Settlement memory s,
        bytes32 id,
        string memory name,
        bytes memory data,
        uint256 delay
    ) private {
        if (seed % 3 == 0 && s.request.origin.k() > 1) return _refundDissented(s, id, name, data);
        uint256 until = escrow.slotOf(s.request.origin.requester(), s.request.origin.slot()).until();
        if (seed % 5 == 0 && until + delay > block.timestamp) vm.warp(until + delay);
        (bool success, ) = _exec(name, TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "finalised within its window", until, block.timestamp);
        vm.warp(until + delay + 1);
        _mustExec(name, TREASURY, address(escrow), data);
        if (_known[id].stage != Stage.Ended) revert Broken("ESC-2", "not ended", uint256(id), 0);
    }

    /// @dev A member dissents, its panel finds nothing, and the request is refunded and paid to nobody.
    function _refundDissented(
        IEscrowTypes.Settlement memory s,
        bytes32 id,
        string memory name,
        bytes memory data
    ) private {
        if (!_dissent(s.request, id, s.head)) return;
        (bool success, ) = _exec(name, TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "finalised while disputed", uint256(id), 0);
        _concludeUndecided(id);
        if (_known[id].stage != Stage.Ended) return; // no panel could be drawn: it is paid like any other
        (success, ) = _exec(name, TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "finalised after a refund", uint256(id), 0);
    }

    /* REFUNDS */

    function expire(uint256 seed) external step {
        bytes32 id = _freshRequest(seed, _requester(seed >> 200), true);
        Request memory r = _known[id].request;
        uint256 due = beacon.timeOf(uint64(r.rules.round()));
        bytes memory data = abi.encodeCall(IEscrowLanes.expire, (r));
        if (escrow.roundWord(uint64(r.rules.round())) != 0) return; // posted early
        (bool success, ) = _exec("expire", TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "refunded while it can settle", due, block.timestamp);
        if (seed % 3 == 0) vm.warp(due + r.terms.beaconTimeout() + 1);
        if (seed % 3 == 1) {
            _post(r.rules.round());
            vm.warp(block.timestamp + r.terms.life() + r.terms.expireDelay() + 1);
        }
        if (seed % 3 == 2) {
            vm.warp(due + r.terms.beaconTimeout() + 1);
            _post(r.rules.round());
        }
        _mustExec("expire", TREASURY, address(escrow), data);
        (success, ) = _exec("expire", TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "refunded twice", uint256(id), 0);
    }

    function sweep(uint256 seed) external step {
        if (live.length == 0) return;
        if (live.length > 20) return _sweepAll();
        Request memory r = _known[live[seed % live.length]].request;
        _exec("expire", TREASURY, address(escrow), abi.encodeCall(IEscrowLanes.expire, (r)));
    }

    /// @dev Time goes by until every request can end: what is recorded is finalised, the rest refunded, by anyone.
    function _sweepAll() internal {
        _endSuits();
        vm.warp(block.timestamp + 10 minutes);
        while (live.length != 0) {
            Known storage known = _known[live[live.length - 1]];
            bytes memory data = abi.encodeCall(IEscrowLanes.expire, (known.request));
            if (known.stage == Stage.Recorded) {
                IEscrowTypes.Settlement memory s = abi.decode(_shown[known.shown], (IEscrowTypes.Settlement));
                data = abi.encodeCall(IEscrowLanes.finalize, (s, known.settler));
            }
            _mustExec(known.stage == Stage.Recorded ? "finalize" : "expire", TREASURY, address(escrow), data);
        }
    }

    function releaseSlots(uint256 seed) external step {
        uint24[] memory slots = new uint24[](SLOTS);
        for (uint24 i = 0; i < SLOTS; ++i) slots[i] = uint24(((seed % SLOTS) + i) % SLOTS);
        if (seed % 2 == 0) vm.warp(block.timestamp + 6);
        bytes memory data = abi.encodeCall(IEscrowLanes.release, (_requester(seed >> 64), slots));
        _mustExec("release", TREASURY, address(escrow), data);
    }

    /* CALLBACKS */

    function retryCallback(uint256 seed) external step {
        EvilConsumer consumer = _consumers[seed % _consumers.length];
        bytes32 id = _freshRequest(seed >> 4, address(consumer), true);
        _prepare(id);
        consumer.setMood(seed % 3 == 0 ? EvilConsumer.Mood.Burning : EvilConsumer.Mood.Reverting);
        (IEscrowTypes.Settlement memory s, address settler) = _settle(id, seed);
        consumer.setMood(EvilConsumer.Mood.Quiet);
        if (settler == address(0)) return;
        if (escrow.slotOf(address(consumer), s.request.origin.slot()).state() != SlotWordFields.CALLBACK_FAILED) {
            revert Broken("ESC-3", "a failure is recorded", uint256(id), 0);
        }
        bytes memory data = abi.encodeCall(IEscrowLanes.retryCallback, (s));
        _mustExec("retryCallback", TREASURY, address(escrow), data);
        (bool success, ) = _exec("retryCallback", TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "called back twice", uint256(id), 0);
    }

    /// @dev A consumer that asks again and settles another's request from within its callback.
    function reenter(uint256 seed) external step {
        EvilConsumer consumer = _consumers[seed % _consumers.length];
        bytes32 inner = _freshRequest(seed, requesters[0], true);
        bytes32 outer = _freshRequest(seed >> 8, address(consumer), true);
        _prepare(inner);
        _prepare(outer);
        if (!_canSettle(inner) || !_canSettle(outer)) return;
        Request memory r = _known[inner].request;
        IEscrowTypes.Settlement memory s = _settlement(inner, r, _draw(r, inner), _saidByAll(r, _draw(r, inner)));
        bytes[] memory script = new bytes[](2);
        script[0] = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        script[1] = abi.encodeCall(IEscrowLanes.expire, (_known[outer].request));
        consumer.setScript(script);
        _nested[inner] = address(consumer);
        _settle(outer, seed);
        if (_known[inner].stage == Stage.Open)
            _nested[inner] = address(0); // it ran out of the callback's gas
        else _count("settle (within a callback)");
        consumer.setScript(new bytes[](0));
    }

    /* BUNDLES */

    function proveItem(uint256 seed) external step {
        bytes32[2] memory leaves;
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 digest = keccak256(abi.encode(uint256(0), uint256(9), keccak256(abi.encode("item", i))));
            leaves[i] = keccak256(bytes.concat(keccak256(abi.encode(i, digest))));
        }
        (bytes32 low, bytes32 high) = leaves[0] < leaves[1] ? (leaves[0], leaves[1]) : (leaves[1], leaves[0]);
        bytes32 id = _settledBundle(seed, keccak256(abi.encodePacked(low, high)));
        if (id == 0) return;
        bytes32[] memory proof = new bytes32[](1);
        for (uint256 i = 0; i < 2; ++i) {
            proof[0] = leaves[1 - i];
            bytes memory data = abi.encodeCall(IEscrowLanes.proveItem, (id, i, 0, 9, abi.encode("item", i), proof));
            _mustExec("proveItem", TREASURY, address(escrow), data);
            data = abi.encodeCall(IEscrowLanes.proveItem, (id, 1 - i, 0, 9, abi.encode("item", i), proof));
            (bool success, ) = _exec("proveItem", TREASURY, address(escrow), data);
            if (success) revert Broken("SET-1", "an item elsewhere", i, seed);
        }
    }

    function _settledBundle(uint256 seed, bytes32 root) private returns (bytes32 id) {
        _refresh(_servedTask(seed));
        _fund(requesters[0]);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requesters[0]);
        (p.k, p.quorum, p.challengeWindow, p.units) = (3, 2, 0, p.units + 2);
        id = _ask(requesters[0], p, 2);
        if (id == 0) revert Broken("ESC-3", "a good bundle is refused", p.slot, p.k);
        _prepare(id);
        if (!_canSettle(id)) return 0;
        Request memory r = _known[id].request;
        Said memory said = _saidByAll(r, _draw(r, id));
        said.output = abi.encode(root);
        IEscrowTypes.Settlement memory s = _settlement(id, r, _draw(r, id), said);
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        _mustExec("settle (bundle)", requesters[1], address(escrow), data);
    }

    /* SIGNED REQUESTS */

    function settleSigned(uint256 seed) external step {
        uint256 who = (seed >> 8) % _requesterKeys.length;
        _refresh(_servedTask(seed));
        Request memory r = _signedRequest(requesters[who], _servedTask(seed), 2 + ((seed >> 16) % 10));
        _lockTime(requesters[who], r.origin.sequence() >> 7);
        bytes32 id = RequestIds.idOf(r, block.chainid, address(escrow), address(beacon));
        _open(id, r);
        _prepare(id);
        if (!_inTime(r, id)) return;
        uint256[] memory members = _draw(r, id);
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, _saidByMost(r, members, seed));
        bytes32 hash = keccak256(abi.encodePacked(hex"1901", escrow.domainSeparator(), this.signedHash(r)));
        bytes memory call = abi.encodeCall(
            IEscrowSigned.settleSigned,
            (
                s,
                _compact(_requesterKeys[(who + (seed % 4 == 0 ? 1 : 0)) % 3], hash),
                new IEscrowTypes.RoundSignature[](0)
            )
        );
        (bool success, ) = _exec("settleSigned", _settler(seed, members), address(escrow), call);
        if (success == (seed % 4 == 0)) revert Broken("SET-1", "the requester's own signature", seed % 4, 0);
        if (!success) return;
        (success, ) = _exec("settleSigned", requesters[0], address(escrow), call);
        if (success) revert Broken("ESC-2", "a nonce is used twice", r.origin.sequence(), 0);
    }

    function signedHash(Request calldata r) external pure returns (bytes32) {
        return SignedRequests.structHash(r);
    }

    function _lockTime(address requester, uint256 purse) private {
        (uint256 amount, uint256 unlockAt, ) = escrow.timeLockOf(requester, purse);
        if (amount > WEALTH / 8) return;
        _fund(requester);
        if (unlockAt < block.timestamp + 100) unlockAt = block.timestamp + 100;
        vm.prank(requester);
        escrow.timeLock(purse, WEALTH / 4, unlockAt);
        _count("timeLock");
    }

    /// @dev A new nonce each time, spread over the purses.
    function _nextNonce() private returns (uint256) {
        ++_nonce;
        return (uint256(_nonce % PURSES) << 7) | ((_nonce / PURSES) & 127);
    }

    function _signedRequest(address requester, TaskId taskId, uint256 k) private returns (Request memory r) {
        (uint256 version, , ) = escrow.parameters();
        uint256 snapshot = escrow.taskWord(taskId).id();
        r.terms = _termsNow(taskId);
        uint256 round = beacon.roundAt(block.timestamp + r.terms.beaconDelay());
        uint256 flags = FLAG_SIGNED | FLAG_ACCEPT_NO_PANEL;
        r.origin = Origin.wrap(
            (uint256(uint160(requester)) << 96) | (_nextNonce() << 56) | (version << 16) | (k << 8) | ((2 * k) / 3 + 1)
        );
        r.work = Work.wrap(
            (uint256(TaskId.unwrap(taskId)) << 224) |
                (snapshot << 192) |
                (uint256(500) << 128) |
                (uint256(9) << 96) |
                5_000
        );
        r.rules = Rules.wrap((block.timestamp << 120) | (round << 88) | (1 << 8) | flags);
        r.inputDigest = keccak256(abi.encode("signed", _nonce));
    }

    /// @dev The terms of a request made now: the task's part of its word, and what the last version of parameters says.
    function _termsNow(TaskId taskId) internal view virtual returns (Terms);
}
