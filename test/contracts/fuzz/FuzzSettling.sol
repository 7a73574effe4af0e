// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {Head, countBits} from "../../../contracts/types/Head.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {FuzzRequests} from "./FuzzRequests.sol";

/// @dev Settlements: right ones, several at once, and ones with something wrong in them.
abstract contract FuzzSettling is FuzzRequests {
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

    /// @dev Whether its round is as it should be, its committee complete, with a quorum out of jail, and its deadline not over.
    function _inTime(Request memory r, bytes32 id) internal view returns (bool) {
        uint256 word = escrow.roundWord(uint64(r.rules.round()));
        uint256 due = beacon.timeOf(uint64(r.rules.round()));
        if (word == 0) return block.timestamp <= due + r.terms.beaconTimeout();
        uint256 postedAt = uint40(word);
        if (postedAt + r.terms.beaconDelay() / 2 < due || postedAt > due + r.terms.beaconTimeout()) return false;
        if (block.timestamp > (postedAt > due ? postedAt : due) + r.terms.life()) return false;
        uint256[] memory members = _draw(r, id);
        return members.length == r.origin.k() && countBits(_liveSeats(members)) >= r.origin.quorum();
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
        s = _settlement(id, r, members, _saidByMost(r, members, seed));
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
        address member = place < members.length ? _signers[members[place] >> 32] : address(0);
        return member == address(0) ? requesters[place % 3] : member; // nobody, if it is in jail
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
            uint256[] memory members = _draw(r, id);
            batch[i] = _settlement(id, r, members, _saidByMost(r, members, seed));
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
        IEscrowTypes.Settlement memory s = _spoiled(_settlement(id, r, members, _saidByAll(r, members)), seed);
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
