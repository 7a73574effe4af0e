// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Payout} from "../../../contracts/libraries/Payout.sol";

/// @notice A share rounded down is never more than its rate of the amount, and misses it by less than one unit.
contract ShareIsFloored {
    function check(uint256 amount, uint256 rate) external pure {
        require(amount < 2 ** 192 && rate <= 10_000);
        uint256 share = Payout.shareDown(amount, rate);
        assert(share * 10_000 <= amount * rate);
        assert(amount * rate - share * 10_000 < 10_000);
        assert(share <= amount);
    }
}

/// @notice Two shares of one amount are never more than the share of both rates.
contract SharesAddUpToNoMore {
    function check(uint256 amount, uint256 royalty, uint256 fee) external pure {
        require(amount < 2 ** 192 && royalty <= 2_000 && fee <= 1_000);
        assert(
            Payout.shareDown(amount, royalty) + Payout.shareDown(amount, fee) <= Payout.shareDown(amount, royalty + fee)
        );
    }
}

/// @notice Pay up to the base, with its royalty and fee, fits the lock, which is rounded up. The lock is computed as `lockUp` does
///         from the fields of its words: the fields themselves are beyond the checker.
contract PartsFitTheLock {
    function check(uint256 base, uint256 paid, uint256 royalty, uint256 fee) external pure {
        require(base < 2 ** 164 && paid <= base && royalty <= 2_000 && fee <= 1_000);
        uint256 lock = (base * (10_000 + royalty + fee) + 9_999) / 10_000;
        assert(paid + Payout.shareDown(paid, royalty) + Payout.shareDown(paid, fee) <= lock);
    }
}
