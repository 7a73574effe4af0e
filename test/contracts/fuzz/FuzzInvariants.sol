// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {NodeWord} from "../../../contracts/types/NodeWord.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {SlotWord, SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {FuzzOutsiders} from "./FuzzOutsiders.sol";

/// @dev The protocol's invariants under their names, as far as they are looked at between calls; the rest is looked at as
///      the calls are booked.
abstract contract FuzzInvariants is FuzzOutsiders {
    /// @dev Live requests after which time goes on until all of them have ended, so that slots and looks stay few.
    uint256 private constant MOST_LIVE = 30;

    uint256 internal _steps;

    function _stepped() internal override {
        ++_steps;
        _redrawOne();
        if (live.length > MOST_LIVE) _sweepAll();
    }

    function _checkSums() internal view {
        _checkEscrow();
        _checkStake();
        _checkNodes();
        _checkRounds();
        _checkSuits();
    }

    function _checkSuits() private view {
        for (uint256 i = 0; i < suing.length; ++i) _checkBound(suing[i]);
    }

    function _checkEscrow() private view {
        (uint256 ofDisputes, ) = escrow.accountOf(address(disputes));
        if (ofDisputes != bondsHeld) revert Broken("ESC-2", "bonds of disputes", ofDisputes, bondsHeld);
        uint256 total = lockedInRequests + ofDisputes;
        for (uint256 i = 0; i < accounts.length; ++i) {
            (uint256 balance, ) = escrow.accountOf(accounts[i]);
            total += balance;
            for (uint256 purse = 0; purse < PURSES; ++purse) {
                (uint256 locked, , ) = escrow.timeLockOf(accounts[i], purse);
                total += locked;
            }
        }
        for (uint256 i = 0; i < usedSlots.length; ++i) total += _leftover(usedSlots[i]);
        for (uint256 id = nodes.nodeCount(); id > 0; --id) {
            (uint256 claimed, ) = escrow.claimOf(NodeId.wrap(uint32(id)));
            total += escrow.nodeWord(NodeId.wrap(uint32(id))).earnings() + claimed;
        }
        for (uint32 id = 1; id <= SERVED_TASKS; ++id) {
            (uint256 royalty, uint256 share) = escrow.feesOf(TaskId.wrap(id));
            if (royalty != royaltyOf[id]) revert Broken("ESC-2", "royalties", royalty, royaltyOf[id]);
            if (share != treasuryOf[id]) revert Broken("ESC-2", "the treasury's share", share, treasuryOf[id]);
            total += royalty + share;
        }
        uint256 held = usd.balanceOf(address(escrow));
        if (held != total) revert Broken("ESC-1", "held and owed", held, total);
    }

    function _leftover(uint256 key) private view returns (uint256) {
        SlotWord word = escrow.slotOf(address(uint160(key >> 24)), key & 0xffffff);
        uint256 state = word.state();
        bool isEnded = state == SlotWordFields.SETTLED || state == SlotWordFields.CALLBACK_FAILED;
        return isEnded ? word.leftover() : 0;
    }

    function _checkStake() private view {
        uint256 total = bonds + nodes.awardOf(address(disputes));
        if (total - bonds != potsHeld) revert Broken("STK-1", "slashed and not shared", total - bonds, potsHeld);
        for (uint256 i = 0; i < accounts.length; ++i) total += nodes.awardOf(accounts[i]);
        for (uint256 id = nodes.nodeCount(); id > 0; --id) total += nodes.freeStake(NodeId.wrap(uint32(id)));
        for (uint256 i = 0; i < pairs.length; ++i) {
            (uint256 stake, ) = nodes.unbondingStake(pairs[i].nodeId, pairs[i].taskId);
            stake += nodes.allocatedStake(pairs[i].nodeId, pairs[i].taskId);
            uint256 booked = backing[pairs[i].nodeId][pairs[i].taskId];
            if (stake != booked) revert Broken("STK-2", "what backs a task", stake, booked);
            total += stake;
        }
        uint256 held = atoma.balanceOf(address(nodes));
        if (held != total) revert Broken("STK-1", "held and staked", held, total);
    }

    function _checkNodes() private view {
        for (uint256 id = nodes.nodeCount(); id > 0; --id) {
            NodeWord word = escrow.nodeWord(NodeId.wrap(uint32(id)));
            if (word.reputation() != reputationOf[id])
                revert Broken("REP-1", "reputation", word.reputation(), reputationOf[id]);
            if (word.earnings() != earningsOf[id]) revert Broken("ESC-2", "earnings", word.earnings(), earningsOf[id]);
            if (word.signer() != _signers[id]) revert Broken("SET-1", "the node's key", id, 0);
        }
    }

    function _checkRounds() private view {
        uint256 first = rounds.length > 30 ? rounds.length - 30 : 0;
        for (uint256 i = first; i < rounds.length; ++i) {
            uint256 word = escrow.roundWord(uint64(rounds[i]));
            uint256 randomness = (uint256(sha256(beacon.signatureOf(uint64(rounds[i])))) << 40) >> 40;
            if (word != wordOf[rounds[i]]) revert Broken("BCN-1", "a stored round changes", rounds[i], word);
            if (word >> 40 != randomness) revert Broken("BCN-1", "randomness", rounds[i], word);
        }
    }

    /// @dev One of the live requests: held by its slot, its committee as described, and the same as ever.
    function _redrawOne() private {
        if (live.length == 0) return;
        bytes32 id = live[uint256(keccak256(abi.encode(_steps, block.timestamp))) % live.length];
        Known storage known = _known[id];
        Request memory r = known.request;
        SlotWord slot = escrow.slotOf(r.origin.requester(), r.origin.slot());
        bool isRecorded = slot.state() == SlotWordFields.RECORDED || slot.state() == SlotWordFields.RECORDED_DISPUTED;
        bool isHeld = known.stage == Stage.Open ? slot.holdsOpen(id) : isRecorded;
        if (!isHeld) revert Broken("ESC-2", "a live request is held by its slot", uint256(id), SlotWord.unwrap(slot));
        if (escrow.roundWord(uint64(r.rules.round())) == 0) return;
        try escrow.committeeOf(r) returns (uint256[] memory members) {
            _checkMembers(r, id, members);
            bytes32 committee = keccak256(abi.encode(members));
            if (known.committee == 0) known.committee = committee;
            if (known.committee != committee) revert Broken("DRW-2", "a committee changes", uint256(id), 0);
        } catch {
            if (known.committee != 0) revert Broken("DRW-2", "a committee goes", uint256(id), 0);
        }
    }

    function _checkMembers(Request memory r, bytes32 id, uint256[] memory members) private view {
        if (members.length != r.origin.k()) revert Broken("DRW-1", "seats", members.length, r.origin.k());
        if (keccak256(abi.encode(members)) != keccak256(abi.encode(_draw(r, id))))
            revert Broken("DRW-1", "the draw", uint256(id), 0);
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] & 0xffffffff > r.work.maxAsk())
                revert Broken("DRW-1", "an ask above the cap", members[i], uint256(id));
            for (uint256 j = 0; j < i; ++j) {
                if (members[i] >> 32 == members[j] >> 32)
                    revert Broken("DRW-1", "drawn twice", members[i] >> 32, uint256(id));
            }
        }
    }
}
