// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {IBeacon} from "../../../contracts/interfaces/IBeacon.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {EvilConsumer} from "../../../contracts/mocks/EvilConsumer.sol";
import {Head, countBits} from "../../../contracts/types/Head.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {FLAG_BUNDLE, Request} from "../../../contracts/types/Request.sol";
import {Parameters} from "../../../contracts/types/Parameters.sol";
import {FuzzNodes} from "./FuzzNodes.sol";
import {vm} from "./Vm.sol";

/// @dev Requests and what committees say of them, true and false.
abstract contract FuzzRequests is FuzzNodes {
    uint24 internal constant SLOTS = 40;

    bytes32 internal _lastRequest;
    bytes4 internal _refusal;
    /// @dev Certified settlements without their proofs, which `finalize` does not need.
    mapping(bytes32 settlement => bytes encoded) internal _shown;

    /* ASKING */

    function _goodParams(uint256 seed, address requester) internal view returns (IEscrowTypes.RequestParams memory p) {
        p.taskId = _servedTask(seed);
        p.units = uint64(1 + ((seed >> 8) % 10_000));
        p.maxAsk = uint32(9 + ((seed >> 32) % 3));
        p.tip = uint96(1_000 + ((seed >> 40) % 100_000));
        uint256 pool = escrow.taskWord(p.taskId).count(); // jail may have emptied it
        p.k = uint8(1 + ((seed >> 72) % (pool == 0 || pool > 21 ? 21 : pool)));
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
        if (!success) _refusal = bytes4(result);
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
        if (id == 0) revert Broken("ESC-3", "a good request is refused", uint32(_refusal), p.k);
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

    /// @dev All members that are not jailed find the truth.
    function _saidByAll(Request memory r, uint256[] memory members) internal view returns (Said memory said) {
        said.output = r.rules.has(FLAG_BUNDLE) ? abi.encode(keccak256("results")) : bytes("output");
        said.committed = said.attested = _liveSeats(members);
    }

    function _liveSeats(uint256[] memory members) internal view returns (uint256 seats) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (_signers[members[i] >> 32] != address(0)) seats |= 1 << i;
        }
    }

    /// @dev Like all, but with some members silent or absent, as far as the quorum allows.
    function _saidByMost(
        Request memory r,
        uint256[] memory members,
        uint256 seed
    ) internal view returns (Said memory said) {
        said = _saidByAll(r, members);
        for (uint256 i = 0; i < members.length; ++i) {
            bool isOut = (said.attested >> i) & 1 == 0;
            if (isOut || countBits(said.attested) <= r.origin.quorum() || (seed >> i) % 4 != 0) continue;
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

    /// @dev The node's current key, or for every other node the one it had when the request was made. What it had before it
    ///      was jailed does not count.
    function _keyFor(uint256 nodeId, uint256 time) internal view returns (uint256 key) {
        key = _currentKey(nodeId);
        if (nodeId % 2 == 0) return key;
        for (uint256 i = _firstKey[nodeId]; i < _keys[nodeId].length; ++i) {
            if (_since[nodeId][i] <= time) key = _keys[nodeId][i];
        }
    }
}
