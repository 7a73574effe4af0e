// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BASIS_POINTS, Terms, Work} from "../types/Request.sol";

/// @title The arithmetic of a request's price
/// @notice The lock is rounded up and every share down, so the shares always fit and what is left goes back. All is unchecked,
///         for products stay below 2^181: k < 2^8, ask < 2^32, units < 2^64, scale <= 1e18 < 2^60, rates < 2^17.
library Payout {
    /// @notice lock = ceil(k * maxAsk * units * scale * (1 + royalty + fee)) + tip, in units of the payment token.
    function lockUp(uint256 k, Work work, Terms terms) internal pure returns (uint256) {
        unchecked {
            uint256 base = k * work.maxAsk() * work.units() * terms.askScale();
            uint256 rate = BASIS_POINTS + terms.royalty() + terms.protocolFee();
            return (base * rate + BASIS_POINTS - 1) / BASIS_POINTS + work.tip();
        }
    }

    /// @notice Price of one unit of ask over all the units of the request, in units of the payment token.
    function payPerAsk(Work work, Terms terms) internal pure returns (uint256) {
        unchecked {
            return work.units() * terms.askScale();
        }
    }

    /// @notice A rate of an amount, floored.
    function shareDown(uint256 amount, uint256 basisPoints) internal pure returns (uint256) {
        unchecked {
            return (amount * basisPoints) / BASIS_POINTS;
        }
    }
}
