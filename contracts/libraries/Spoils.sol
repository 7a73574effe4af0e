// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Who gets what of a slash
/// @notice Jurors first, up to what they are still owed and half of it all; of the rest the requester 10%, the challenger 15%
///         and the honest members 15%, each at most 50 pays. The treasury gets what remains, and never less than half.
library Spoils {
    uint256 private constant REQUESTER = 1_000;
    uint256 private constant CHALLENGER = 1_500;
    uint256 private constant MEMBERS = 1_500;
    uint256 private constant CAP_IN_PAYS = 50;

    struct Shares {
        uint256 jurors;
        uint256 requester;
        uint256 challenger;
        uint256 members;
    }

    /// @param slashed all that the losers lost
    /// @param owed what jurors are owed yet
    /// @param pay one pay, in ATOMA
    /// @param hasChallenger whether a challenger won
    /// @param hasMembers whether there are honest members to reward
    function share(
        uint256 slashed,
        uint256 owed,
        uint256 pay,
        bool hasChallenger,
        bool hasMembers
    ) internal pure returns (Shares memory s) {
        uint256 half = slashed / 2;
        s.jurors = owed < half ? owed : half;
        uint256 rest = slashed - s.jurors;
        uint256 cap = CAP_IN_PAYS * pay;
        s.requester = _capped(rest, REQUESTER, cap);
        if (hasChallenger) s.challenger = _capped(rest, CHALLENGER, cap);
        if (hasMembers) s.members = _capped(rest, MEMBERS, cap);
        uint256 wanted = s.requester + s.challenger + s.members;
        uint256 left = half - s.jurors;
        if (wanted <= left) return s;
        s.requester = (s.requester * left) / wanted; // wanted > left >= 0
        s.challenger = (s.challenger * left) / wanted;
        s.members = (s.members * left) / wanted;
    }

    function _capped(uint256 amount, uint256 basisPoints, uint256 cap) private pure returns (uint256 part) {
        part = (amount * basisPoints) / 10_000;
        if (part > cap) part = cap;
    }
}
