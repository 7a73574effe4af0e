// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {FLAG_ACCEPT_NO_PANEL} from "../types/Request.sol";
import {TaskWord} from "../types/TaskWord.sol";

/// @title The bounds of a committee
library CommitteeShape {
    uint256 internal constant MAX_COMMITTEE = 21;
    /// @dev Nodes beyond the committee without which no panel could be drawn.
    uint256 internal constant PANEL_MARGIN = 7;

    /// @notice What holds for every request, signed or not.
    /// @param asked maxAsk * units
    /// @return quorum the given one or its default
    function check(
        uint256 k,
        uint256 quorum,
        uint256 asked,
        TaskWord task,
        uint256 flags
    ) internal pure returns (uint256) {
        unchecked {
            // k and quorum are 8 bits wide, count 16
            uint256 count = task.count();
            require(k != 0 && k <= MAX_COMMITTEE, IEscrowTypes.InvalidCommitteeSize(k));
            if (quorum == 0) quorum = (2 * k) / 3 + 1;
            require(2 * quorum > k && quorum <= k, IEscrowTypes.InvalidQuorum(quorum, k));
            require(count >= k, IEscrowTypes.PoolTooSmall(count, k));
            require(
                flags & FLAG_ACCEPT_NO_PANEL != 0 || count >= k + PANEL_MARGIN,
                IEscrowTypes.PoolTooSmallForPanel(count, k)
            );
            require(asked != 0, IEscrowTypes.NothingAsked());
            require(asked <= task.maxPay(), IEscrowTypes.StakeTooLow(task.maxPay(), asked));
        }
        return quorum;
    }
}
