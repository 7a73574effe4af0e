// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Spoils} from "../libraries/Spoils.sol";

/// @title Opens the sharing of a slash to tests
contract SpoilsHarness {
    function share(
        uint256 slashed,
        uint256 owed,
        uint256 pay,
        bool hasChallenger,
        bool hasMembers
    ) external pure returns (uint256 jurors, uint256 requester, uint256 challenger, uint256 members) {
        Spoils.Shares memory s = Spoils.share(slashed, owed, pay, hasChallenger, hasMembers);
        return (s.jurors, s.requester, s.challenger, s.members);
    }
}
