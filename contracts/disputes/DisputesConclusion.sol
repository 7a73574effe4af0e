// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../interfaces/IDisputes.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {Panels} from "../libraries/Panels.sol";
import {
    DOCKET_BONDED,
    DOCKET_CONCLUDED,
    DOCKET_RECORDED,
    DOCKET_SETTLED,
    Docket,
    Tally,
    countSeats
} from "../types/Docket.sol";
import {Request} from "../types/Request.sol";
import {DisputesDecision} from "./DisputesDecision.sol";

/// @title What a verdict does to the request and to bonds
abstract contract DisputesConclusion is DisputesDecision {
    /// @param each pay of each juror that counts, out of bonds
    struct Bonds {
        uint256 toChallenger;
        uint256 toAppellant;
        uint256 jurors;
        uint256 each;
        uint256 toTreasury;
    }

    /// @inheritdoc IDisputes
    function conclude(Request calldata r) external {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        Docket docket = dispute.docket;
        require(!docket.has(DOCKET_CONCLUDED), AlreadyConcluded());
        Verdict memory v = _verdict(r, requestId, dispute);
        require(v.ending != Ending.Pending, StillPending());
        dispute.docket = docket.with(DOCKET_CONCLUDED);
        emit DisputeConcluded(requestId, v.ending, bytes32(v.digest << 64));
        _tellEscrow(r, requestId, dispute, v);
        _payBonds(r, requestId, dispute, v);
    }

    function _tellEscrow(Request calldata r, bytes32 requestId, Case storage dispute, Verdict memory v) private {
        IRequestEscrow escrow_ = _escrow();
        Docket docket = dispute.docket;
        bool isWrong = v.ending == Ending.Decided && v.digest != dispute.claim.digest();
        if (docket.has(DOCKET_SETTLED)) {
            if (isWrong) escrow_.revokeResult(requestId);
            return;
        }
        if (v.ending == Ending.NoFault) return escrow_.overturn(r, IEscrowTypes.Undecided.selector);
        if (isWrong && docket.has(DOCKET_RECORDED)) return escrow_.overturn(r, IEscrowTypes.Overturned.selector);
        escrow_.uphold(r, bytes32(v.digest << 64), block.timestamp + r.terms.life() + r.terms.expireDelay());
    }

    /* BONDS */

    function _payBonds(Request calldata r, bytes32 requestId, Case storage dispute, Verdict memory v) private {
        Bonds memory b = _bonds(r, dispute, v);
        IRequestEscrow escrow_ = _escrow();
        if (b.toChallenger != 0) escrow_.transfer(dispute.docket.challenger(), b.toChallenger);
        if (b.toAppellant != 0) escrow_.transfer(dispute.appeal.appellant(), b.toAppellant);
        if (b.each != 0) {
            for (uint256 level = 1; level <= Panels.LEVELS; ++level) {
                uint256 seats = _countedSeats(dispute, v, level);
                if (seats != 0) escrow_.payJurors(_jurors(r, requestId, dispute, level), seats, b.each);
            }
        }
        if (b.toTreasury != 0) escrow_.transfer(_treasury(), b.toTreasury);
        if (dispute.docket.has(DOCKET_BONDED) || dispute.appeal.appellant() != address(0)) {
            emit BondsReturned(requestId, b.toChallenger, b.toAppellant, b.each * b.jurors);
        }
    }

    /// @dev Where the bonds go. Who was wrong pays the jurors, and the treasury the rest; where nobody was at fault, the jurors
    ///      are paid and the rest returned; where nothing was judged, all is returned.
    function _bonds(Request calldata r, Case storage dispute, Verdict memory v) internal view returns (Bonds memory b) {
        Docket docket = dispute.docket;
        uint256 version = docket.version();
        uint256 lost;
        if (docket.has(DOCKET_BONDED)) b.toChallenger = _bondOf(r, 1, version);
        if (dispute.appeal.appellant() != address(0)) b.toAppellant = _bondOf(r, Panels.LEVELS, version);
        bool isDecided = v.ending == Ending.Decided;
        if (isDecided && v.digest == dispute.claim.digest()) (lost, b.toChallenger) = (b.toChallenger, 0);
        if (v.isAppealJudged && v.digest == dispute.first.digest()) {
            (lost, b.toAppellant) = (lost + b.toAppellant, 0);
        }
        b.jurors = countSeats(_countedSeats(dispute, v, 1)) + countSeats(_countedSeats(dispute, v, 2));
        uint256 source = v.ending == Ending.NoFault ? b.toChallenger : lost;
        if (b.jurors != 0 && source != 0) {
            uint256 pay = _payOf(r);
            b.each = source / b.jurors < pay ? source / b.jurors : pay;
        }
        if (v.ending == Ending.NoFault)
            b.toChallenger -= b.each * b.jurors; // at most the bond
        else b.toTreasury = lost - b.each * b.jurors;
    }

    /// @dev Jurors that are paid: those that attested what was decided, or, where nothing was, all that are known.
    function _countedSeats(Case storage dispute, Verdict memory v, uint256 level) internal view returns (uint256) {
        Tally tally = level == 1 ? dispute.first : dispute.second;
        bool counts = v.ending == Ending.NoFault || (v.ending == Ending.Decided && tally.digest() == v.digest);
        return counts ? tally.attested() : 0;
    }

    function _treasury() internal view returns (address treasury) {
        (, , , treasury) = _escrow().instance();
    }
}
