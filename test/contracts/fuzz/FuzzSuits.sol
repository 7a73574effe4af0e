// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IEscrowVerdicts} from "../../../contracts/interfaces/IEscrowVerdicts.sol";
import {DOCKET_BONDED, DOCKET_CONFLICT, Docket, countSeats} from "../../../contracts/types/Docket.sol";
import {DisputeParameters} from "../../../contracts/types/DisputeParameters.sol";
import {fingerprintOf} from "../../../contracts/types/Fingerprint.sol";
import {TaskId} from "../../../contracts/types/Ids.sol";
import {FLAG_BUNDLE, Request} from "../../../contracts/types/Request.sol";
import {FuzzStake} from "./FuzzStake.sol";
import {Vm} from "./Vm.sol";

/// @dev The books of disputes: who signed what, who put up what, what was found, and what must follow from it.
abstract contract FuzzSuits is FuzzStake {
    struct Suit {
        uint256 bound; // last second before it can be closed, by `longestDispute`
        address challenger;
        address appellant;
        bytes32 challenged; // digest; zero where two members contradicted each other
        uint256[3] bonds; // by level
        bytes32[3] said; // what a panel attested, by level
        uint256[3] shown; // its seats
        bool[3] isDecided;
        DisputeParameters rules;
        IDisputes.Ending ending;
        bytes32 found; // digest
        bool isConcluded;
        uint256 lost; // slashed from losers
        uint256 silent; // slashed from silent jurors
        uint256 place; // among those that go on
    }

    mapping(bytes32 requestId => Suit) internal _suits;
    /// @dev Requests whose disputes are not closed.
    bytes32[] public suing;
    uint256 public bondsHeld;
    /// @dev Slashed by disputes and not shared out.
    uint256 public potsHeld;

    /// @dev What a node signed for a request and level, and whether any of it is not what it computed.
    mapping(bytes32 requestId => mapping(uint256 level => mapping(uint256 nodeId => bytes32))) internal _saidBy;
    mapping(bytes32 requestId => mapping(uint256 nodeId => bool)) internal _lied;
    /// @dev Whether a third or more of a panel is adversarial: lies or says nothing.
    mapping(bytes32 requestId => bool) internal _isOverrun;

    /* THE TRUTH */

    function _truth(Request memory r) internal pure returns (bytes32) {
        if (r.rules.has(FLAG_BUNDLE)) return keccak256("results");
        return keccak256(abi.encode(uint256(0), uint256(7), keccak256("output")));
    }

    function _lieOf(Request memory r) internal pure returns (bytes32) {
        if (r.rules.has(FLAG_BUNDLE)) return keccak256("lies");
        return keccak256(abi.encode(uint256(0), uint256(7), keccak256("a lie")));
    }

    function _say(bytes32 id, uint256 level, uint256 nodeId, bytes32 digest) internal {
        _saidBy[id][level][nodeId] = digest;
        if (digest != _truth(_known[id].request)) _lied[id][nodeId] = true;
    }

    /* BOOKING */

    function _bookMore(bytes32 kind, Vm.Log memory log) internal override {
        if (kind == IDisputes.DisputeOpened.selector) _bookOpened(log);
        else if (kind == IDisputes.LevelOpened.selector) _bookLevel(log);
        else if (kind == IDisputes.PanelAttested.selector) _bookPanel(log);
        else if (kind == IDisputes.DisputeConcluded.selector) _bookConcluded(log);
        else if (kind == IDisputes.BondsReturned.selector) _bookBonds(log);
        else if (kind == IDisputes.LoserPunished.selector) _bookLoser(log);
        else if (kind == IDisputes.SilentJurorPunished.selector) _bookSilent(log);
        else if (kind == IDisputes.EquivocationProven.selector) _bookEquivocation(log);
        else if (kind == IDisputes.SpoilsShared.selector) _bookSpoils(log);
        else if (kind == IEscrowVerdicts.VerdictRecorded.selector) _count("uphold (pushed)");
        else if (kind == IEscrowVerdicts.RootRevoked.selector) _bookRevoked(log);
        else if (kind == IEscrowVerdicts.RequestDisputed.selector) _bookBlock(log);
        else _bookStake(kind, log);
    }

    function _bookBlock(Vm.Log memory log) private {
        _count(_known[log.topics[1]].stage == Stage.Open ? "blockOpen (pushed)" : "blockOutcome (pushed)");
    }

    /// @dev Only what a decided dispute found wrong.
    function _bookRevoked(Vm.Log memory log) private {
        Suit storage s = _suits[log.topics[1]];
        bool isWrong = s.isConcluded && s.ending == IDisputes.Ending.Decided && s.found != s.challenged;
        if (!isWrong) revert Broken("DSP-1", "a good root is revoked", uint256(log.topics[1]), 0);
        _count("revokeResult (pushed)");
    }

    function _bookOpened(Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Suit storage s = _suits[id];
        if (s.bound != 0) revert Broken("DSP-1", "disputed twice", uint256(id), 0);
        Request memory r = _known[id].request;
        (, s.rules) = disputes.parameters();
        uint256 wait = r.terms.beaconDelay() + beacon.period() + r.terms.beaconTimeout();
        s.bound = block.timestamp + disputes.longestDispute(r.terms.window(), wait);
        s.challenger = address(uint160(uint256(log.topics[2])));
        (s.challenged, , , s.bonds[1]) = abi.decode(log.data, (bytes32, uint256, uint256, uint256));
        Docket docket = Docket.wrap(disputes.caseOf(id)[0]);
        if (docket.has(DOCKET_CONFLICT)) s.challenged = 0;
        if (docket.has(DOCKET_BONDED) != (s.bonds[1] != 0)) revert Broken("ESC-2", "a bond", s.bonds[1], 0);
        s.place = suing.length;
        suing.push(id);
        _holdBond(s.bonds[1]);
    }

    function _holdBond(uint256 bond) private {
        bondsHeld += bond;
        if (bond != 0) _count("collectBond (pushed)");
    }

    function _bookLevel(Vm.Log memory log) private {
        Suit storage s = _suits[log.topics[1]];
        s.appellant = address(uint160(uint256(log.topics[2])));
        (, s.bonds[2]) = abi.decode(log.data, (uint256, uint256));
        _holdBond(s.bonds[2]);
    }

    function _bookPanel(Vm.Log memory log) private {
        (Suit storage s, uint256 level) = (_suits[log.topics[1]], uint256(log.topics[2]));
        (bytes32 digest, uint256 attested, bool isDecided) = abi.decode(log.data, (bytes32, uint256, bool));
        bool isKept = digest == s.said[level] && isDecided && attested & s.shown[level] == s.shown[level];
        if (s.isDecided[level] && !isKept) revert Broken("DSP-1", "a decision changes", level, attested);
        (s.said[level], s.shown[level], s.isDecided[level]) = (digest, attested, isDecided);
    }

    function _bookConcluded(Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Suit storage s = _suits[id];
        (IDisputes.Ending ending, bytes32 found) = abi.decode(log.data, (IDisputes.Ending, bytes32));
        uint256 level = s.isDecided[2] ? 2 : 1;
        if (s.isConcluded) revert Broken("ESC-2", "concluded twice", uint256(id), 0);
        if (s.isDecided[level] != (ending == IDisputes.Ending.Decided))
            revert Broken("DSP-1", "its ending", level, uint256(ending));
        if (s.isDecided[level] && uint256(found) >> 64 != fingerprintOf(s.said[level]))
            revert Broken("DSP-1", "what was found", uint256(found), level);
        (s.isConcluded, s.ending, s.found) = (true, ending, s.isDecided[level] ? s.said[level] : bytes32(0));
        uint256 bonds_ = s.bonds[1] + s.bonds[2];
        bondsHeld -= bonds_;
    }

    /* BONDS, BY THEIR RULES */

    function _bookBonds(Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Suit storage s = _suits[id];
        Request memory r = _known[id].request;
        (uint256 challenger, uint256 appellant, uint256 jurors) = abi.decode(log.data, (uint256, uint256, uint256));
        bool isDecided = s.ending == IDisputes.Ending.Decided;
        uint256 lost = isDecided && s.found == s.challenged ? s.bonds[1] : 0;
        if (disputes.verdictOf(r).isAppealJudged && s.found == s.said[1]) lost += s.bonds[2];
        bool isNoFault = s.ending == IDisputes.Ending.NoFault;
        uint256 each = _payJurors(id, r, isNoFault ? s.bonds[1] : lost);
        uint256 count = each == 0 ? 0 : jurors / each;
        uint256 returned = s.bonds[1] + s.bonds[2] - lost - (isNoFault ? jurors : 0);
        if (challenger + appellant != returned) revert Broken("ESC-2", "bonds returned", challenger, appellant);
        if (jurors != each * count || count != (each == 0 ? 0 : _countedSeats(s)))
            revert Broken("ESC-2", "bonds for jurors", jurors, each);
    }

    function _counts(Suit storage s, uint256 level) private view returns (bool) {
        bool isNoFault = s.ending == IDisputes.Ending.NoFault;
        return s.shown[level] != 0 && (isNoFault || (s.isConcluded && s.found != 0 && s.said[level] == s.found));
    }

    function _countedSeats(Suit storage s) private view returns (uint256 count) {
        for (uint256 level = 1; level < 3; ++level) if (_counts(s, level)) count += countSeats(s.shown[level]);
    }

    /// @dev Each juror that counts gets at most a pay.
    function _payJurors(bytes32 id, Request memory r, uint256 source) private returns (uint256 each) {
        Suit storage s = _suits[id];
        uint256 count = _countedSeats(s);
        if (count == 0 || source == 0) return 0;
        each = r.work.maxAsk() * r.work.units() * r.terms.askScale();
        if (source / count < each) each = source / count;
        if (each == 0) return 0;
        for (uint256 level = 1; level < 3; ++level) {
            if (!_counts(s, level)) continue;
            uint256[] memory jurors = disputes.panelOf(r, level);
            for (uint256 i = 0; i < jurors.length; ++i) {
                if ((s.shown[level] >> i) & 1 == 1) earningsOf[jurors[i] >> 32] += each;
            }
        }
        _count("payJurors (pushed)");
    }

    /* PUNISHMENTS, BY THEIR RULES */

    function _bookLoser(Vm.Log memory log) private {
        (bytes32 id, uint256 nodeId) = (log.topics[1], uint256(log.topics[2]));
        uint256 taken = abi.decode(log.data, (uint256));
        if (!_lied[id][nodeId] && !_isOverrun[id]) revert Broken("DSP-1", "an honest loser", nodeId, uint256(id));
        if (_signers[nodeId] != address(0)) revert Broken("DSP-1", "a loser stays free", nodeId, uint256(id));
        _suits[id].lost += taken;
        potsHeld += taken;
        _requireWhole(id, nodeId, taken);
    }

    function _bookSilent(Vm.Log memory log) private {
        (bytes32 id, uint256 nodeId, uint256 level) = (log.topics[1], uint256(log.topics[2]), uint256(log.topics[3]));
        uint256 taken = abi.decode(log.data, (uint256));
        Suit storage s = _suits[id];
        uint256[] memory jurors = disputes.panelOf(_known[id].request, level);
        for (uint256 i = 0; i < jurors.length; ++i) {
            if (jurors[i] >> 32 != nodeId) continue;
            if ((s.shown[level] >> i) & 1 == 1) revert Broken("DSP-1", "a juror that spoke", nodeId, level);
        }
        s.silent += taken;
        potsHeld += taken;
    }

    function _bookEquivocation(Vm.Log memory log) private view {
        uint256 nodeId = uint256(log.topics[2]);
        if (!_equivocated[log.topics[1]][nodeId]) revert Broken("DSP-1", "no equivocation", nodeId, 0);
    }

    /// @dev Nodes that signed two things for one request.
    mapping(bytes32 requestId => mapping(uint256 nodeId => bool)) internal _equivocated;

    function _bookSpoils(Vm.Log memory log) private {
        bytes32 id = log.topics[1];
        Suit storage s = _suits[id];
        uint256[5] memory parts = abi.decode(log.data, (uint256[5]));
        uint256 sum = parts[0] + parts[1] + parts[2] + parts[3] + parts[4];
        if (sum != s.lost + s.silent) revert Broken("STK-1", "spoils", sum, s.lost + s.silent);
        if (2 * parts[4] < s.lost) revert Broken("DSP-1", "the treasury's half", parts[4], s.lost);
        potsHeld -= sum;
        bytes32 last = suing[suing.length - 1];
        (suing[s.place], _suits[last].place) = (last, s.place);
        suing.pop();
    }

    /* BOUNDS */

    /// @dev DSP-1: a dispute has its verdict, and can be closed, within the bound that held when it was opened.
    function _checkBound(bytes32 id) internal view {
        Suit storage s = _suits[id];
        if (block.timestamp <= s.bound) return;
        IDisputes.Verdict memory v = disputes.verdictOf(_known[id].request);
        if (v.ending == IDisputes.Ending.Pending)
            revert Broken("DSP-1", "pending beyond its bound", v.finalAt, s.bound);
        uint256 closesAt = v.finalAt + s.rules.punishWindow;
        if (closesAt > s.bound) revert Broken("DSP-1", "its end", closesAt, s.bound);
    }

    /// @dev Whether nobody can be punished in it any more.
    function _isOver(bytes32 id) internal view override returns (bool) {
        IDisputes.Verdict memory v = disputes.verdictOf(_known[id].request);
        uint256 closesAt = v.finalAt + _suits[id].rules.punishWindow;
        return v.ending != IDisputes.Ending.Pending && block.timestamp > closesAt;
    }

    /// @dev STK-2: no member of a committee that is disputed takes its stake away.
    function _requireUndisputed(uint256 nodeId, TaskId taskId) internal view override {
        for (uint256 i = 0; i < suing.length; ++i) {
            Request memory r = _known[suing[i]].request;
            if (r.work.taskId() != taskId || _isOver(suing[i])) continue;
            uint256[] memory members = _draw(r, suing[i]);
            for (uint256 j = 0; j < members.length; ++j) {
                if (members[j] >> 32 == nodeId) revert Broken("STK-2", "disputed stake leaves", nodeId, 0);
            }
        }
    }
}
