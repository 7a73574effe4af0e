// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommitteeShape} from "../../../contracts/libraries/CommitteeShape.sol";
import {TaskWord} from "../../../contracts/types/TaskWord.sol";

/// @notice A quorum is more than half of a committee of 1 to 21, and at most all of it.
contract QuorumIsAMajority {
    function check(uint8 k, uint8 given, uint96 asked, uint256 task, uint8 flags) external pure {
        uint256 quorum = CommitteeShape.check(k, given, asked, TaskWord.wrap(task), flags);
        assert(k >= 1 && k <= 21 && 2 * quorum > k && quorum <= k);
    }
}
