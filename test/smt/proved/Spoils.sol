// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Spoils} from "../../../contracts/libraries/Spoils.sol";

/// @notice Jurors get what they are owed, or half of the slash where that is less.
contract JurorsComeFirst {
    function check(uint256 slashed, uint256 owed, uint256 pay, bool challenger, bool members) external pure {
        require(slashed < 2 ** 128 && pay < 2 ** 128);
        Spoils.Shares memory s = Spoils.share(slashed, owed, pay, challenger, members);
        assert(s.jurors == (owed < slashed / 2 ? owed : slashed / 2));
    }
}

/// @notice Nobody beside jurors and treasury gets more than 50 pays, nor more than its rate of what jurors leave.
contract SharesAreCapped {
    function check(uint256 slashed, uint256 owed, uint256 pay, bool challenger, bool members) external pure {
        require(slashed < 2 ** 128 && pay < 2 ** 128);
        Spoils.Shares memory s = Spoils.share(slashed, owed, pay, challenger, members);
        assert(s.requester <= 50 * pay && s.challenger <= 50 * pay && s.members <= 50 * pay);
    }
}

/// @notice Who did not win gets nothing.
contract LosersGetNothing {
    function check(uint256 slashed, uint256 owed, uint256 pay) external pure {
        require(slashed < 2 ** 128 && pay < 2 ** 128);
        Spoils.Shares memory s = Spoils.share(slashed, owed, pay, false, false);
        assert(s.challenger == 0 && s.members == 0);
    }
}
