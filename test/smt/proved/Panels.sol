// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Panels} from "../../../contracts/libraries/Panels.sol";

/// @notice A panel has 7 to 63 seats, more than twice its committee where that fits, and the second is no smaller than the first.
contract PanelsHaveTheirSize {
    function check(uint256 k, uint256 panelMin) external pure {
        require(k >= 1 && k <= 21 && panelMin >= 7 && panelMin <= 43);
        (uint256 first, uint256 second) = (Panels.seats(1, k, panelMin), Panels.seats(2, k, panelMin));
        assert(first >= 7 && first >= 2 * k + 1 && first <= second && second <= 63);
    }
}

/// @notice Fewer than a third of a panel cannot decide against the rest, nor two thresholds without a shared third.
contract ThresholdsOverlap {
    function check(uint256 n) external pure {
        require(n >= 7 && n <= 63);
        uint256 needed = Panels.threshold(n);
        assert(needed <= n && 3 * needed > 2 * n);
        assert(3 * (2 * needed - n) > n);
    }
}
