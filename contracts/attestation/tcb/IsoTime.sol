// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";

/// @title Times of the form "2025-06-19T10:56:11Z" in a JSON text
library IsoTime {
    /// @notice Not a time of the form "YYYY-MM-DDTHH:MM:SSZ" that exists, from 1970 on and without leap seconds.
    error TimeInvalid(bytes32 text);

    /// @dev What is left of the 22 bytes with their quotes after XOR with this: the values of the digits, and zeros.
    bytes32 private constant FORM = '"0000-00-00T00:00:00Z"';
    /// @dev The bytes between the digits, which have to be those of the form.
    bytes32 private constant SEPARATORS = hex"ff00000000ff0000ff0000ff0000ff0000ff0000ffff";
    bytes32 private constant HIGH_NIBBLES = hex"f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0";
    bytes32 private constant SIXES = hex"06060606060606060606060606060606060606060606";
    /// @dev Days of the months of a common year, from byte 1 on.
    bytes32 private constant MONTH_DAYS = hex"001f1c1f1e1f1e1f1f1e1f1e1f";
    /// @dev Days of a common year before each month, 16 bits each, from number 1 on.
    bytes32 private constant DAYS_BEFORE = hex"00000000001f003b005a0078009700b500d400f301110130014e";
    /// @dev Leap days of the years 1 to 1969: 492 - 19 + 4.
    uint256 private constant LEAP_DAYS_BEFORE_1970 = 477;

    /// @notice Passes a string that holds a time.
    /// @return time Unix time, seconds, below 2^38.
    function read(uint256 pos) internal pure returns (uint256 time, uint256 next) {
        bytes32 text = Json.peekWord(pos);
        uint256 d = uint256(text ^ FORM);
        unchecked {
            // Where no byte has a high nibble, none of the sums is above 0x0f + 6, so that bytes do not meet.
            uint256 wrong = (d & uint256(SEPARATORS)) | ((d | (d + uint256(SIXES))) & uint256(HIGH_NIBBLES));
            require(wrong == 0, TimeInvalid(text));
            uint256 year = 100 * _twoDigits(d, 1) + _twoDigits(d, 3); // numbers of two digits: nothing overflows
            uint256 month = _twoDigits(d, 6);
            uint256 day = _twoDigits(d, 9);
            uint256 second = _secondOfDay(_twoDigits(d, 12), _twoDigits(d, 15), _twoDigits(d, 18));
            bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            require(_isDate(year, month, day, leap) && second < 1 days, TimeInvalid(text));
            time = _daysSince1970(year, month, day, leap) * 1 days + second;
            next = pos + 22; // positions do not overflow, see Json
        }
    }

    /// @dev A number of seconds below a day, or a day if there is no such time.
    function _secondOfDay(uint256 hour, uint256 minute, uint256 second) private pure returns (uint256) {
        return hour < 24 && minute < 60 && second < 60 ? 3_600 * hour + 60 * minute + second : 1 days;
    }

    function _isDate(uint256 year, uint256 month, uint256 day, bool leap) private pure returns (bool) {
        if (year < 1970 || month > 12) return false;
        uint256 last = uint8(MONTH_DAYS[month]); // zero for month 0
        if (month == 2 && leap) ++last;
        return day > 0 && day <= last;
    }

    /// @dev The date exists, from 1970 on: no difference is negative.
    function _daysSince1970(uint256 year, uint256 month, uint256 day, bool leap) private pure returns (uint256 count) {
        uint256 before = year - 1;
        count = 365 * (year - 1970) + (before / 4 - before / 100 + before / 400) - LEAP_DAYS_BEFORE_1970;
        count += (uint256(DAYS_BEFORE) >> (240 - 16 * month)) & 0xffff;
        if (month > 2 && leap) ++count;
        count += day - 1;
    }

    /// @dev Bytes `index` and `index + 1` of `d`, which are digits, as a number.
    function _twoDigits(uint256 d, uint256 index) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := add(mul(10, byte(index, d)), byte(add(index, 1), d))
        }
    }
}
