// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowFallback} from "../../../contracts/interfaces/IEscrowFallback.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {Head, countBits} from "../../../contracts/types/Head.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {FLAG_BUNDLE, Request} from "../../../contracts/types/Request.sol";
import {FuzzConsumers} from "./FuzzConsumers.sol";
import {vm} from "./Vm.sol";

/// @dev Committees that go on chain: some members commit, some do nothing, some had attested off chain before.
abstract contract FuzzFallback is FuzzConsumers {
    struct Stall {
        bytes32 id;
        Request request;
        uint256[] members;
        Said said;
        bytes32 digest;
        uint256 live; // not jailed
        uint256 fallbackAt;
        uint256 committed; // on chain
        uint256 shown; // under the root that was shown
        uint256 attesters; // how many attested that root
        uint256 counted;
    }

    mapping(uint256 key => uint256 time) private _slashedAt;

    function fallbackOnChain(uint256 seed) external step {
        _goOnChain(seed);
        if (seed % 2 == 0) _goOnChain(uint256(keccak256(abi.encode(seed))));
    }

    function _goOnChain(uint256 seed) private {
        Stall memory s;
        s.id = _freshRequest(seed, _requester(seed >> 200), false);
        _prepare(s.id);
        s.request = _known[s.id].request;
        if (!_canSettle(s.id)) return;
        s.members = _draw(s.request, s.id);
        s.said = _saidByAll(s.request, s.members);
        s.live = s.said.attested;
        s.digest = _digestOf(s.request, s.said);
        s.fallbackAt = _startOf(s.request) + s.request.terms.fallbackAfter();
        _commitSome(s, seed >> 16);
        if (seed % 3 != 1) _show(s, 1 + ((seed >> 8) % 2));
        _revealAll(s);
        if (_settleRevealed(s)) _slashIdle(s);
    }

    function _startOf(Request memory r) private view returns (uint256) {
        uint256 postedAt = uint40(escrow.roundWord(uint64(r.rules.round())));
        uint256 due = beacon.timeOf(uint64(r.rules.round()));
        return postedAt > due ? postedAt : due;
    }

    function _commitSome(Stall memory s, uint256 seed) private {
        vm.warp(s.fallbackAt + (seed % (s.request.terms.chainPhase() + 1)));
        for (uint256 i = 0; i < s.members.length; ++i) {
            if ((seed >> (2 * i)) % 4 == 0 || (s.live >> i) & 1 == 0) continue;
            s.committed |= 1 << i;
            _commit(s, i, true);
        }
        if (s.committed != 0) _commit(s, _lowest(s.committed), false); // not twice
    }

    function _lowest(uint256 bits) private pure returns (uint256 i) {
        while ((bits >> i) & 1 == 0) ++i;
    }

    function _commit(Stall memory s, uint256 i, bool isGood) private {
        uint256 nodeId = s.members[i] >> 32;
        bytes32 leaf = _leaf(s.id, s.digest, s.members[i], i);
        address signer = vm.addr(_keyFor(nodeId, s.request.rules.submittedAt()));
        bytes memory data = abi.encodeCall(IEscrowCore.commitOnChain, (s.request, NodeId.wrap(uint32(nodeId)), leaf));
        if (isGood) {
            _mustExec("commitOnChain", signer, address(escrow), data);
        } else {
            (bool success, ) = _exec("commitOnChain (again)", signer, address(escrow), data);
            if (success) revert Broken("SET-1", "committed twice", nodeId, uint256(s.id));
        }
    }

    /// @dev The first members up to the quorum had signed commits; one or two of them had attested.
    function _show(Stall memory s, uint256 attesters) private {
        s.shown = (1 << s.request.origin.quorum()) - 1;
        if (s.shown & ~s.live != 0) s.shown = 0; // one of them is in jail
        if (s.shown == 0) return;
        s.attesters = attesters > s.request.origin.quorum() ? 1 : attesters;
        bytes memory leaves;
        IEscrowFallback.ShownAttestation memory a;
        (a.digest, a.committed) = (s.digest, s.shown);
        for (uint256 i = 0; i < s.request.origin.quorum(); ++i) {
            bytes32 leaf = _leaf(s.id, s.digest, s.members[i], i);
            leaves = abi.encodePacked(leaves, leaf);
            a.commits = abi.encodePacked(a.commits, leaf, _signed(s, i, Attestations.commitStructHash(s.id, 0, leaf)));
        }
        bytes32 hash = Attestations.structHash(s.id, 0, s.digest, s.shown, keccak256(leaves));
        for (uint256 i = 0; i < s.attesters; ++i) {
            (a.seat, a.signature) = (i, _signed(s, i, hash));
            bytes memory data = abi.encodeCall(IEscrowFallback.showAttestation, (s.request, a));
            _mustExec("showAttestation", TREASURY, address(escrow), data);
        }
    }

    function _signed(Stall memory s, uint256 i, bytes32 structHash) private view returns (bytes memory) {
        bytes32 hash = keccak256(abi.encodePacked(hex"1901", escrow.domainSeparator(), structHash));
        return _compact(_keyFor(s.members[i] >> 32, s.request.rules.submittedAt()), hash);
    }

    function _revealAll(Stall memory s) private {
        vm.warp(s.fallbackAt + s.request.terms.chainPhase() + 1);
        bytes32[] memory signed = new bytes32[](s.shown == 0 ? 0 : 2 * s.request.origin.quorum());
        for (uint256 i = 0; 2 * i < signed.length; ++i) {
            (signed[2 * i], signed[2 * i + 1]) = (bytes32(s.members[i] >> 32), _leaf(s.id, s.digest, s.members[i], i));
        }
        for (uint256 i = 0; i < s.members.length; ++i) {
            bool isUnderRoot = (s.shown >> i) & 1 == 1 && (i != 0 || s.attesters > 1);
            bool isCommitted = (s.committed >> i) & 1 == 1;
            bytes memory data = abi.encodeCall(
                IEscrowFallback.revealOnChain,
                (s.request, NodeId.wrap(uint32(s.members[i] >> 32)), s.digest, _salt(s.id, i), signed)
            );
            (bool success, ) = _exec("revealOnChain", TREASURY, address(escrow), data);
            if (success != (isUnderRoot || isCommitted)) revert Broken("SET-1", "reveal", i, s.committed);
            if (isUnderRoot || (isCommitted && s.shown == 0)) s.counted |= 1 << i;
        }
    }

    function _settleRevealed(Stall memory s) private returns (bool isSettled) {
        isSettled = countBits(s.counted) >= s.request.origin.quorum();
        uint256 usage = s.request.rules.has(FLAG_BUNDLE) ? 0 : 7;
        Head head = Head.wrap((s.counted << 104) | (s.counted << 72) | (usage << 8) | s.said.status);
        IEscrowTypes.Settlement memory settlement = IEscrowTypes.Settlement(s.request, head, "", s.said.output);
        if (isSettled) _certify(_settlementKey(s.id, s.digest, head), settlement);
        vm.warp(s.fallbackAt + 2 * s.request.terms.chainPhase() + 1);
        bytes memory data = abi.encodeCall(IEscrowFallback.settleRevealed, (settlement));
        (bool success, ) = _exec("settleRevealed", requesters[0], address(escrow), data);
        if (success != isSettled) revert Broken("SET-1", "settled by reveals", s.counted, uint256(s.id));
    }

    function _slashIdle(Stall memory s) private {
        for (uint256 i = 0; i < s.members.length; ++i) {
            uint256 nodeId = s.members[i] >> 32;
            uint256 key = (nodeId << 32) | TaskId.unwrap(s.request.work.taskId());
            bool isIdle = ((s.committed | s.shown | ~s.live) >> i) & 1 == 0;
            bool isDue = isIdle && block.timestamp >= _slashedAt[key] + 1 days;
            bytes memory data = abi.encodeCall(IEscrowFallback.slashNoShow, (s.request, i));
            (bool success, ) = _exec("slashNoShow", TREASURY, address(escrow), data);
            if (success != isDue) revert Broken("STK-2", "a no-show", nodeId, uint256(s.id));
            if (!success) continue;
            _slashedAt[key] = block.timestamp;
            reputationOf[nodeId] -= reputationOf[nodeId] / 8;
        }
    }

    /* WHAT SLASHING LEAVES */

    function restoreStake(uint256 seed) external step {
        (NodeId nodeId, TaskId taskId) = (_someNode(seed), _servedTask(seed >> 64));
        bytes memory data = abi.encodeCall(ITaskRegistry.restoreStake, (taskId, nodeId));
        _exec("TaskRegistry.restoreStake", nodes.ownerOf(nodeId), address(tasks), data);
    }

    function moveAward(uint256 seed) external step {
        _moveAward(seed);
        _moveAward(seed ^ 1);
    }

    function _moveAward(uint256 seed) private {
        address holder = accounts[seed % accounts.length];
        uint256 held = nodes.awardOf(holder);
        uint256 amount = (seed >> 64) % (held + held / 8 + 1);
        bytes memory data =
            seed % 2 == 0
                ? abi.encodeCall(INodeRegistry.award, (accounts[(seed >> 32) % accounts.length], amount))
                : abi.encodeCall(INodeRegistry.withdrawAward, (holder, amount));
        string memory name = seed % 2 == 0 ? "NodeRegistry.award" : "NodeRegistry.withdrawAward";
        (bool success, ) = _exec(name, holder, address(nodes), data);
        if (success != (amount <= held)) revert Broken("STK-1", name, amount, held);
    }

    /// @dev Nobody outside the instance takes stake.
    function slashWrongly(uint256 seed) external step {
        bytes memory data = abi.encodeCall(INodeRegistry.slash, (_someNode(seed), _servedTask(seed >> 64), 1 ether));
        (bool success, ) = _exec("slash by a stranger", ADMIN, address(nodes), data);
        if (success) revert Broken("STK-2", "slashed by a stranger", seed, 0);
    }
}
