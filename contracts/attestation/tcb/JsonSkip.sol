// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";

/// @title Passes a JSON value that nobody asked for
/// @notice Intel may add fields to its texts; they are checked to be JSON and then forgotten.
library JsonSkip {
    /// @notice A field that this contract does not know has more than 8 objects and arrays inside each other.
    error JsonTooDeep();

    /// @dev The stack begins with a one and takes a bit for each open object or array: 2^9 would be the ninth.
    uint256 private constant TOO_DEEP = 1 << 9;
    /// @dev `":"` and `","`
    uint256 private constant STRING_AFTER_KEY = 0x223a22;
    uint256 private constant STRING_AFTER_STRING = 0x222c22;

    /// @notice Passes a value of any kind, up to 8 objects and arrays deep. Costs less than 500 gas for each byte.
    /// @dev Bits of `stack`, from the lowest: whether each open container, from the innermost, is an object. It ends
    /// as 1.
    function value(uint256 pos) internal pure returns (uint256) {
        if (Json.peek(pos) == Json.QUOTE) return Json.skipString(pos); // most values
        uint256 stack = 1;
        do {
            uint256 character = Json.peek(pos);
            if (character == Json.QUOTE) pos = stack & 1 == 0 ? _strings(pos) : Json.skipString(pos);
            else if (character == Json.OPEN_OBJECT || character == Json.OPEN_ARRAY) {
                bool empty;
                (stack, empty, pos) = _enter(stack, character == Json.OPEN_OBJECT, pos);
                if (!empty) continue; // at the first value inside
            } else pos = _scalar(pos);
            (stack, pos) = _leave(stack, pos);
        } while (stack > 1);
        return pos;
    }

    /// @dev Opens a container and passes the key of its first value, or all of it if it is empty.
    function _enter(uint256 stack, bool isObject, uint256 pos) private pure returns (uint256, bool empty, uint256) {
        unchecked {
            // No overflow: positions, see Json; and the stack has at most 10 bits.
            empty = Json.peek(pos + 1) == (isObject ? Json.CLOSE_OBJECT : Json.CLOSE_ARRAY);
            if (empty) return (stack, true, pos + 2);
            stack = (stack << 1) | (isObject ? 1 : 0);
            require(stack < TOO_DEEP, JsonTooDeep());
            return (stack, false, isObject ? _key(pos + 1) : pos + 1);
        }
    }

    /// @dev One string or more of an array, with the commas between them: half of Intel's texts is lists of advisories.
    function _strings(uint256 pos) private pure returns (uint256 next) {
        unchecked {
            next = Json.stringEnd(pos + 1); // positions do not overflow, see Json
            while (uint256(Json.peekWord(next)) >> 232 == STRING_AFTER_STRING) next = Json.stringEnd(next + 3);
            if (Json.peek(next) != Json.QUOTE) Json.unexpected(next);
            ++next;
        }
    }

    /// @dev After a value: closes the containers that end here, then passes the comma and the key before the next
    /// value.
    function _leave(uint256 stack, uint256 pos) private pure returns (uint256, uint256) {
        while (stack > 1) {
            bool isObject = stack & 1 == 1;
            bool another;
            (another, pos) = Json.more(pos, isObject ? Json.CLOSE_OBJECT : Json.CLOSE_ARRAY);
            if (another) return (stack, isObject ? _key(pos) : pos);
            stack >>= 1;
        }
        return (stack, pos);
    }

    /// @notice Passes a key and its value.
    function pair(uint256 pos) internal pure returns (uint256 next) {
        next = Json.stringEnd(Json.expect(pos, Json.QUOTE));
        unchecked {
            // No overflow: positions, see Json.
            if (uint256(Json.peekWord(next)) >> 232 != STRING_AFTER_KEY) return value(_key(pos));
            next = Json.stringEnd(next + 3); // mostly the value is a string as well
            if (Json.peek(next) != Json.QUOTE) Json.unexpected(next);
            ++next;
        }
    }

    function _key(uint256 pos) private pure returns (uint256) {
        return Json.expect(Json.skipString(pos), Json.COLON);
    }

    /// @dev true, false, null or a number.
    function _scalar(uint256 pos) private pure returns (uint256) {
        bytes32 word = Json.peekWord(pos);
        if (bytes1(word) < "a") return _anyNumber(pos);
        unchecked {
            if (bytes4(word) == "true" || bytes4(word) == "null") return pos + 4; // positions do not overflow, see Json
            if (bytes5(word) != "false") Json.unexpected(pos);
            return pos + 5;
        }
    }

    /// @dev -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?
    function _anyNumber(uint256 pos) private pure returns (uint256) {
        unchecked {
            if (Json.peek(pos) == 0x2d) ++pos; // positions do not overflow, see Json
            pos = Json.peek(pos) == 0x30 ? pos + 1 : _digits(pos);
            if (Json.peek(pos) == 0x2e) pos = _digits(pos + 1);
            if (Json.peek(pos) | 0x20 == 0x65) {
                uint256 sign = Json.peek(++pos);
                if (sign == 0x2b || sign == 0x2d) ++pos;
                pos = _digits(pos);
            }
        }
        return pos;
    }

    /// @dev One digit or more.
    function _digits(uint256 pos) private pure returns (uint256 next) {
        next = pos;
        unchecked {
            while (Json.peek(next) - 0x30 < 10) ++next; // a byte below "0" wraps; positions do not overflow
        }
        if (next == pos) Json.unexpected(pos);
    }
}
