// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Spoils} from "../../../contracts/libraries/Spoils.sol";

/// @notice The treasury keeps at least half: three floored shares pro rata are never more than what they share.
contract TreasuryKeepsHalf {
    function check(uint256 slashed, uint256 owed, uint256 pay, bool challenger, bool members) external pure {
        require(slashed < 2 ** 128 && pay < 2 ** 128);
        Spoils.Shares memory s = Spoils.share(slashed, owed, pay, challenger, members);
        assert(s.jurors + s.requester + s.challenger + s.members <= slashed / 2);
    }
}
