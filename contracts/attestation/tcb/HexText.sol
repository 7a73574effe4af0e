// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";

/// @title Bytes as hexadecimal digits in a JSON text
/// @notice Digits of either case: Intel's texts have both.
library HexText {
    /// @notice Not so many hexadecimal digits as the format says. `near` is the text from the first of them on.
    error HexInvalid(bytes32 near);

    /// @dev Constants for the 32 bytes of a word at once.
    uint256 private constant LOW_BIT = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant NIBBLES = 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
    uint256 private constant SIXES = 0x0606060606060606060606060606060606060606060606060606060606060606;
    uint256 private constant ZEROS = 0x3030303030303030303030303030303030303030303030303030303030303030;

    /// @notice Passes a string of exactly 2 * size digits.
    /// @param size 1..16
    /// @return value The bytes as a big-endian number.
    function read(uint256 pos, uint256 size) internal pure returns (uint256 value, uint256 next) {
        (value, next) = digits(Json.expect(pos, Json.QUOTE), size);
        next = Json.expect(next, Json.QUOTE);
    }

    /// @notice Passes a string of exactly 64 digits.
    function read32(uint256 pos) internal pure returns (uint256 value, uint256 next) {
        uint256 low;
        (value, next) = digits(Json.expect(pos, Json.QUOTE), 16);
        (low, next) = digits(next, 16);
        return ((value << 128) | low, Json.expect(next, Json.QUOTE));
    }

    /// @notice Passes a string of exactly 96 digits.
    function read48(uint256 pos) internal pure returns (uint256 high32, uint256 low16, uint256 next) {
        uint256 middle;
        (high32, next) = digits(Json.expect(pos, Json.QUOTE), 16);
        (middle, next) = digits(next, 16);
        (low16, next) = digits(next, 16);
        return ((high32 << 128) | middle, low16, Json.expect(next, Json.QUOTE));
    }

    /// @notice Passes 2 * size digits without quotes.
    /// @param size 1..16
    function digits(uint256 pos, uint256 size) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            uint256 unused = 256 - 16 * size; // 0..240
            uint256 word = (uint256(Json.peekWord(pos)) >> unused) | (ZEROS & ~(type(uint256).max >> unused));
            bool valid;
            (value, valid) = _decode(word);
            if (!valid) revert HexInvalid(Json.peekWord(pos));
            next = pos + 2 * size; // positions do not overflow, see Json
        }
    }

    /// @dev Decodes 32 digits at once. A digit is 0x30 | n with n <= 9; a letter is 0x40 | n or 0x60 | n with 1 <= n <=
    /// 6. So bit 6 tells letters (`letter`, one per byte). A byte is well-formed if, without a letter's case bit 0x20,
    /// it is 0x30 + 0x10 * letter + n, where n is its low nibble; that leaves only the range of n to check: n + 6 <= 15
    /// for digits, n + 9 <= 15 for letters, and n + 15 >= 16 for letters. These sums are at most 30, so that bytes do
    /// not meet.
    function _decode(uint256 word) private pure returns (uint256 value, bool valid) {
        uint256 n = word & NIBBLES;
        unchecked {
            uint256 letter = (word >> 6) & LOW_BIT;
            uint256 wrong = (word & ~(letter << 5)) ^ (ZEROS + (letter << 4) + n); // no byte above 0x4f
            wrong |= (n + SIXES + 3 * letter) & (LOW_BIT << 4);
            wrong |= (letter << 4) & ~(n + NIBBLES);
            valid = wrong == 0;
            n += 9 * letter; // now 0..15
        }
        // Halves the number of lanes five times: a lane's lower half moves beside its upper half.
        n = (n | (n >> 4)) & 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
        n = (n | (n >> 8)) & 0x0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff0000ffff;
        n = (n | (n >> 16)) & 0x00000000ffffffff00000000ffffffff00000000ffffffff00000000ffffffff;
        n = (n | (n >> 32)) & 0x0000000000000000ffffffffffffffff0000000000000000ffffffffffffffff;
        value = (n | (n >> 64)) & type(uint128).max;
    }
}
