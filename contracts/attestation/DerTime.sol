// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Element} from "./Der.sol";

/// @title Times of certificates: UTCTime and GeneralizedTime, to the second, in UTC (RFC 5280, section 4.1.2.5)
/// @dev Unchecked throughout: digits are below 10 before they are computed with, and no result reaches 2^38.
library DerTime {
    /// @notice Not YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ, no day of the calendar, or before 1970.
    error DerTimeInvalid(uint256 offset);

    uint256 private constant UTC_TIME = 0x17;
    uint256 private constant GENERALIZED_TIME = 0x18;
    /// @dev The 14 leftmost bytes.
    uint256 private constant DIGITS = uint256(type(uint112).max) << 144;
    uint256 private constant ASCII_ZEROS = 0x3030303030303030303030303030 << 144;
    uint256 private constant SIXES = 0x0606060606060606060606060606 << 144;
    uint256 private constant CENTURY_19 = 0x3139 << 240;
    uint256 private constant CENTURY_20 = 0x3230 << 240;
    uint256 private constant HIGH_HALVES = 0xf0f0f0f0f0f0f0f0f0f0f0f0f0f0 << 144;

    /// @notice Reads the time at a position inside `parent`.
    /// @return time Unix seconds.
    /// @return next The position after it.
    function read(Element parent, uint256 position) internal pure returns (uint40 time, uint256 next) {
        Element element = parent.readAny(position);
        uint256 pairs = _pairs(element);
        unchecked {
            uint256 year = _pair(pairs, 0) * 100 + _pair(pairs, 1);
            (uint256 month, uint256 day) = (_pair(pairs, 2), _pair(pairs, 3));
            (uint256 hour, uint256 minute, uint256 second) = (_pair(pairs, 4), _pair(pairs, 5), _pair(pairs, 6));
            bool isDate = year > 1969 && month > 0 && month < 13 && day > 0 && day <= _daysIn(year, month);
            bool isTime = hour < 24 && minute < 60 && second < 60;
            if (!isDate || !isTime) revert DerTimeInvalid(element.offset());
            time = uint40(_daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second);
        }
        next = element.stop();
    }

    /// @dev The time as seven numbers of two digits, century first, in the bytes 1, 3, 5 ... 13. Other bytes are junk.
    function _pairs(Element element) private pure returns (uint256) {
        bool isUtc = element.tag() == UTC_TIME;
        uint256 length = isUtc ? 13 : 15;
        bool isOther = !isUtc && element.tag() != GENERALIZED_TIME;
        if (isOther || element.size() != length) revert DerTimeInvalid(element.offset());
        uint256 text = uint256(element.content(length));
        // Two-digit years from 50 on are 19YY, others 20YY.
        if (isUtc) text = (text >> 16) | (text >> 248 > 0x34 ? CENTURY_19 : CENTURY_20);
        uint256 digits = (text ^ ASCII_ZEROS) & DIGITS;
        unchecked {
            // The high half of a digit's byte is zero, also after six is added. Only a byte whose high half is not zero
            // carries over.
            bool areDigits = (digits | (digits + SIXES)) & HIGH_HALVES == 0;
            bool endsWithZ = (text >> 136) & 0xff == 0x5a;
            if (!areDigits || !endsWithZ) revert DerTimeInvalid(element.offset());
            return ((digits * 10) >> 8) + digits; // no byte exceeds 99
        }
    }

    function _pair(uint256 pairs, uint256 index) private pure returns (uint256) {
        unchecked {
            return (pairs >> (240 - 16 * index)) & 0xff;
        }
    }

    function _daysIn(uint256 year, uint256 month) private pure returns (uint256) {
        if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
        unchecked {
            return 30 + ((month + (month >> 3)) & 1);
        }
    }

    /// @dev Years are counted from March, so that the leap day is their last; 719,468 days lie between 0000-03-01 and 1970.
    function _daysSince1970(uint256 year, uint256 month, uint256 day) private pure returns (uint256) {
        unchecked {
            if (month < 3) (year, month) = (year - 1, month + 12);
            uint256 dayOfYear = (153 * (month - 3) + 2) / 5 + day - 1;
            return 365 * year + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468;
        }
    }
}
