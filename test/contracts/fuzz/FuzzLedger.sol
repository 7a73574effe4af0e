// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowAccounts} from "../../../contracts/interfaces/IEscrowAccounts.sol";
import {IEscrowLedger} from "../../../contracts/interfaces/IEscrowLedger.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {SnapshotCode} from "../../../contracts/libraries/SnapshotCode.sol";
import {Head, countBits} from "../../../contracts/types/Head.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {FLAG_SIGNED, Request} from "../../../contracts/types/Request.sol";
import {FuzzWorld} from "./FuzzWorld.sol";
import {Vm, vm} from "./Vm.sol";

/// @dev The books kept beside the contracts: every event that moves money or reputation is booked here by rules written
///      a second time, and the invariants compare.
abstract contract FuzzLedger is FuzzWorld {
    enum Stage {
        None,
        Open,
        Recorded,
        Ended
    }

    struct Known {
        Request request;
        Stage stage;
        uint256 lock;
        bytes32 committee; // hash of the members as first drawn
        address settler; // of a recorded result
        bytes32 digest; // of a recorded result
        bytes32 shown; // which settlement was recorded
        uint256 place; // among the live ones
    }

    /// @dev An invariant of the protocol does not hold; its name.
    error Broken(string invariant, string what, uint256 a, uint256 b);

    mapping(bytes32 requestId => Known known) internal _known;
    bytes32[] public live;
    /// @dev Keys of slots that ever held a request, for the sum of what is left in them.
    uint256[] public usedSlots;
    mapping(uint256 key => bool) private _isUsed;
    uint256 public lockedInRequests;
    uint256 public endedRequests;
    /// @dev Settlements that a quorum of valid signatures of drawn nodes backs.
    mapping(bytes32 settlement => bool) internal _certified;
    /// @dev Who settles a request from within a callback.
    mapping(bytes32 requestId => address settler) internal _nested;

    mapping(uint256 nodeId => uint256 amount) public earningsOf;
    mapping(uint256 nodeId => uint256 amount) public claimsOf;
    mapping(uint256 nodeId => uint256 reputation) public reputationOf;
    mapping(uint256 taskId => uint256 amount) public royaltyOf;
    mapping(uint256 taskId => uint256 amount) public treasuryOf;
    mapping(uint256 round => uint256 word) public wordOf;
    uint256[] public rounds;

    string[] public names;
    mapping(string name => uint256 successes) public successes;

    /// @dev What somebody does, and what is looked at afterwards. (What an invariant function changes is not kept.)
    modifier step() {
        _;
        _stepped();
    }

    function _stepped() internal virtual;

    /* CALLS */

    /// @dev Calls, counts a success, and books its events. A failure must have a name.
    function _exec(
        string memory name,
        address caller,
        address target,
        bytes memory data
    ) internal returns (bool success, bytes memory result) {
        vm.recordLogs();
        vm.prank(caller);
        (success, result) = target.call(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!success) {
            bool isNamed = result.length >= 4 && bytes4(result) != 0x4e487b71; // Panic(uint256)
            if (!isNamed) revert Broken("errors are named", name, result.length, 0);
            return (success, result);
        }
        _count(name);
        for (uint256 i = 0; i < logs.length; ++i) _book(logs[i], caller);
    }

    /// @dev The same for a call that must succeed: nothing that others did may stop it.
    function _mustExec(
        string memory name,
        address caller,
        address target,
        bytes memory data
    ) internal returns (bytes memory result) {
        bool success;
        (success, result) = _exec(name, caller, target, data);
        if (!success) revert Broken("ESC-3", name, uint256(bytes32(result)), result.length);
    }

    function _count(string memory name) internal {
        if (successes[name] == 0) names.push(name);
        ++successes[name];
    }

    /* BOOKING */

    function _book(Vm.Log memory log, address caller) private {
        bytes32 kind = log.topics[0];
        if (kind == IEscrowTypes.Requested.selector) _bookRequest(log);
        else if (kind == IEscrowTypes.Settled.selector) _bookSettled(log, caller);
        else if (kind == IEscrowTypes.ResultRecorded.selector) _bookRecorded(log);
        else if (kind == IEscrowTypes.Refunded.selector) _bookRefund(log);
        else if (kind == IEscrowTypes.RoundRecorded.selector) _bookRound(log);
        else if (kind == IEscrowAccounts.Deposited.selector) _know(address(uint160(uint256(log.topics[1]))));
        else if (kind == IEscrowAccounts.FeesCollected.selector) _bookCollection(log);
        else if (kind == IEscrowLedger.EarningsClaimed.selector) _bookClaim(log);
        else if (kind == IEscrowLedger.EarningsWithdrawn.selector) _bookWithdrawal(log);
        else _bookMore(kind, log);
    }

    /// @dev Events of stake and disputes.
    function _bookMore(bytes32 kind, Vm.Log memory log) internal virtual;

    function _bookRequest(Vm.Log memory log) private {
        (Request memory r, ) = abi.decode(log.data, (Request, bytes));
        _open(log.topics[1], r);
        uint256 key = r.origin.slotKey();
        if (_isUsed[key]) return;
        _isUsed[key] = true;
        usedSlots.push(key);
    }

    function _open(bytes32 id, Request memory r) internal {
        Known storage known = _known[id];
        if (known.stage != Stage.None) revert Broken("ESC-2", "a request is made twice", uint256(id), 0);
        known.request = r;
        known.stage = Stage.Open;
        known.lock = _lockOf(r);
        if (r.rules.has(FLAG_SIGNED)) return;
        lockedInRequests += known.lock;
        known.place = live.length;
        live.push(id);
    }

    function _end(bytes32 id) private returns (Known storage known) {
        known = _known[id];
        if (known.stage != Stage.Open && known.stage != Stage.Recorded) {
            revert Broken("ESC-2", "a request ends twice", uint256(id), uint256(known.stage));
        }
        known.stage = Stage.Ended;
        ++endedRequests;
        if (known.request.rules.has(FLAG_SIGNED)) return known;
        lockedInRequests -= known.lock;
        bytes32 last = live[live.length - 1];
        (live[known.place], _known[last].place) = (last, known.place);
        live.pop();
    }

    function _bookRecorded(Vm.Log memory log) private {
        (bytes32 digest, Head head, address settler, ) = abi.decode(log.data, (bytes32, Head, address, uint256));
        Known storage known = _known[log.topics[1]];
        if (known.stage != Stage.Open) revert Broken("ESC-2", "recorded twice", uint256(log.topics[1]), 0);
        _requireCertified(log.topics[1], digest, head);
        (known.stage, known.settler, known.digest) = (Stage.Recorded, settler, digest);
        known.shown = _settlementKey(log.topics[1], digest, head);
    }

    function _bookRefund(Vm.Log memory log) private {
        (uint256 amount, bytes4 reason) = abi.decode(log.data, (uint256, bytes4));
        if (reason == IEscrowTypes.Undecided.selector) _count("overturn (pushed)");
        if (reason == IEscrowTypes.Overturned.selector) _count("overturn (pushed)");
        Known storage known = _end(log.topics[1]);
        if (amount != known.lock) revert Broken("ESC-2", "a refund is the whole lock", amount, known.lock);
    }

    function _bookRound(Vm.Log memory log) private {
        uint256 round = uint256(log.topics[1]);
        if (wordOf[round] != 0) revert Broken("BCN-1", "a stored round changes", round, 0);
        wordOf[round] = abi.decode(log.data, (uint256));
        rounds.push(round);
        _count("recordRound (pushed)");
    }

    function _bookCollection(Vm.Log memory log) private {
        uint256 taskId = uint256(log.topics[1]);
        (uint256 royalty, uint256 share) = abi.decode(log.data, (uint256, uint256));
        if (royalty != royaltyOf[taskId]) revert Broken("ESC-2", "royalty", royalty, royaltyOf[taskId]);
        if (share != treasuryOf[taskId]) revert Broken("ESC-2", "treasury", share, treasuryOf[taskId]);
        (royaltyOf[taskId], treasuryOf[taskId]) = (0, 0);
    }

    function _bookClaim(Vm.Log memory log) private {
        uint256 nodeId = uint256(log.topics[1]);
        (uint256 amount, ) = abi.decode(log.data, (uint256, uint256));
        if (amount != earningsOf[nodeId]) revert Broken("ESC-2", "claim", amount, earningsOf[nodeId]);
        (earningsOf[nodeId], claimsOf[nodeId]) = (0, amount);
    }

    function _bookWithdrawal(Vm.Log memory log) private {
        uint256 nodeId = uint256(log.topics[1]);
        uint256 amount = abi.decode(log.data, (uint256));
        if (amount != claimsOf[nodeId]) revert Broken("ESC-2", "withdrawal", amount, claimsOf[nodeId]);
        claimsOf[nodeId] = 0;
        _know(address(uint160(uint256(log.topics[2]))));
    }

    /* SETTLEMENT, BY ITS RULES */

    function _requireCertified(bytes32 id, bytes32 digest, Head head) private view {
        if (!_certified[_settlementKey(id, digest, head)])
            revert Broken("SET-1", "no quorum", uint256(id), Head.unwrap(head));
    }

    function _settlementKey(bytes32 id, bytes32 digest, Head head) internal pure returns (bytes32) {
        return keccak256(abi.encode(id, digest, head));
    }

    function _bookSettled(Vm.Log memory log, address caller) private {
        bytes32 id = log.topics[1];
        (bytes32 digest, Head head) = abi.decode(log.data, (bytes32, Head));
        _requireCertified(id, digest, head);
        Known storage known = _known[id];
        address settler = known.stage == Stage.Recorded ? known.settler : caller;
        if (_nested[id] != address(0)) settler = _nested[id];
        _end(id);
        _know(settler);
        _pay(known.request, id, head.attested(), settler);
    }

    struct Sums {
        uint256[] members;
        uint256 attested;
        address settler;
        uint256 tip;
        uint256 total;
        uint256 treasuryShare;
    }

    function _pay(Request memory r, bytes32 id, uint256 attested, address settler) private {
        Sums memory sums;
        (sums.members, sums.settler) = (_draw(r, id), settler);
        sums.attested = _withoutJailed(sums.members, attested);
        sums.tip = (r.work.tip() * countBits(sums.attested)) / sums.members.length;
        sums.treasuryShare = r.work.tip() - sums.tip;
        for (uint256 i = 0; i < sums.members.length; ++i) _payMember(r, sums, i);
        uint256 taskId = TaskId.unwrap(r.work.taskId());
        royaltyOf[taskId] += (sums.total * r.terms.royalty()) / 10_000;
        treasuryOf[taskId] += sums.treasuryShare + (sums.total * r.terms.protocolFee()) / 10_000;
    }

    /// @dev Whoever went to jail between attesting and payment is absent.
    function _withoutJailed(uint256[] memory members, uint256 seats) private view returns (uint256) {
        for (uint256 i = 0; i < members.length; ++i) {
            if (escrow.nodeWord(NodeId.wrap(uint32(members[i] >> 32))).signer() == address(0)) seats &= ~(1 << i);
        }
        return seats;
    }

    function _payMember(Request memory r, Sums memory sums, uint256 i) private {
        uint256 nodeId = sums.members[i] >> 32;
        uint256 pay = (sums.members[i] & 0xffffffff) * r.work.units() * r.terms.askScale();
        bool isScored = !r.rules.has(FLAG_SIGNED);
        sums.total += pay;
        if ((sums.attested >> i) & 1 == 0) {
            sums.treasuryShare += pay;
            if (isScored) reputationOf[nodeId] -= reputationOf[nodeId] / 64;
            return;
        }
        isScored = isScored && pay * r.terms.protocolFee() >= r.terms.reputationFloor() * 10_000;
        if (isScored) reputationOf[nodeId] += (65_535 - reputationOf[nodeId]) / 128;
        earningsOf[nodeId] += pay;
        if (escrow.nodeWord(NodeId.wrap(uint32(nodeId))).signer() == sums.settler) earningsOf[nodeId] += sums.tip;
    }

    /// @dev lock = ceil(k * maxAsk * units * scale * (1 + royalty + fee)) + tip.
    function _lockOf(Request memory r) internal pure returns (uint256) {
        uint256 base = r.origin.k() * r.work.maxAsk() * r.work.units() * r.terms.askScale();
        uint256 price = base * (10_000 + r.terms.royalty() + r.terms.protocolFee());
        return price / 10_000 + (price % 10_000 == 0 ? 0 : 1) + r.work.tip();
    }

    /// @dev The draw as the protocol describes it, in plain Solidity. Empty if its round is not posted.
    function _draw(Request memory r, bytes32 id) internal view returns (uint256[] memory members) {
        uint256 word = escrow.roundWord(uint64(r.rules.round()));
        if (word == 0) return members;
        bytes memory code = SnapshotCode.addressOf(address(tasks), r.work.snapshotId()).code;
        bytes32 seed = keccak256(abi.encode(word >> 40, id, uint256(0)));
        uint256[] memory drawn = new uint256[](r.origin.k());
        uint256 count;
        for (uint256 i = 0; i < 16 * drawn.length && count < drawn.length; ++i) {
            uint256 entry = _entryAt(code, uint256(keccak256(abi.encode(seed, i))) % ((code.length - 33) / 8));
            bool isSkipped = entry & 0xffffffff > r.work.maxAsk();
            for (uint256 j = 0; j < count; ++j) isSkipped = isSkipped || drawn[j] == entry;
            if (!isSkipped) drawn[count++] = entry;
        }
        members = new uint256[](count);
        for (uint256 j = 0; j < count; ++j) members[j] = drawn[j];
    }

    function _entryAt(bytes memory code, uint256 index) private pure returns (uint256 entry) {
        for (uint256 i = 0; i < 8; ++i) entry = (entry << 8) | uint8(code[33 + 8 * index + i]);
    }
}
