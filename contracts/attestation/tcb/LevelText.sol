// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {TcbStatus} from "./TcbStatus.sol";

/// @title TCB levels in Intel's texts
/// @notice A platform's level: {"tcb":{"sgxtcbcomponents":[16 x {"svn":0..255}],"pcesvn":0..65535},"tcbStatus":...},
/// for TDX with "tdxtcbcomponents" as well. A level of a quoting enclave or TDX module:
/// {"tcb":{"isvsvn":0..65535},"tcbStatus":...}.
library LevelText {
    /// @notice A level lacks a key, or has keys of another kind of level. `seen` has the bits of the keys that are
    /// there: 1 tcb, 2 tcbStatus, 4 sgxtcbcomponents, 8 pcesvn, 16 tdxtcbcomponents, 32 isvsvn.
    error LevelKeysWrong(uint256 seen);
    /// @notice A list of components has fewer or more than 16.
    error ComponentsNot16(uint256 least);
    /// @notice A component has no "svn".
    error ComponentWithoutSvn(bytes32 near);

    struct Level {
        uint256 seen; // which keys the level has, see LevelKeysWrong
        uint256 sgx; // component i is byte i of 16
        uint256 tdx; // the same
        uint256 svn; // pcesvn or isvsvn
        uint256 status; // 1..7
    }

    uint256 private constant TCB = 1;
    uint256 private constant STATUS = 2;
    uint256 private constant SGX = 4;
    uint256 private constant PCESVN = 8;
    uint256 private constant TDX = 16;
    uint256 private constant ISVSVN = 32;

    uint256 internal constant SGX_LEVEL = TCB | STATUS | SGX | PCESVN;
    uint256 internal constant TDX_LEVEL = SGX_LEVEL | TDX;
    uint256 internal constant ENCLAVE_LEVEL = TCB | STATUS | ISVSVN;

    bytes6 private constant SVN_KEY = '"svn":';
    /// @dev How three components of one digit look; and masks of their digits, bytes 7, 17 and 27. The first 7 bytes
    /// are how Intel begins any component; the last 3 do not count.
    bytes32 private constant THREE_COMPONENTS = '{"svn":0},{"svn":0},{"svn":0}...';
    uint256 private constant DIGIT_LOW_NIBBLES = (0x0f << 192) | (0x0f << 112) | (0x0f << 32);
    uint256 private constant DIGIT_HIGH_NIBBLES = DIGIT_LOW_NIBBLES << 4;
    uint256 private constant DIGIT_SIXES = (6 << 192) | (6 << 112) | (6 << 32);

    /// @notice Passes one level. The caller has to look at `seen`.
    /// @param level Overwritten.
    function read(uint256 pos, Level memory level) internal pure returns (uint256) {
        level.seen = 0;
        pos = Json.expect(pos, Json.OPEN_OBJECT);
        bool more = true;
        while (more) {
            bytes32 key;
            (key, pos) = Json.key(pos);
            if (key == "tcb") {
                level.seen = Json.mark(level.seen, TCB, key);
                pos = _tcb(pos, level);
            } else if (key == "tcbStatus") {
                level.seen = Json.mark(level.seen, STATUS, key);
                (level.status, pos) = TcbStatus.read(pos);
            } else pos = JsonSkip.value(pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        return pos;
    }

    function _tcb(uint256 pos, Level memory level) private pure returns (uint256) {
        pos = Json.expect(pos, Json.OPEN_OBJECT);
        bool more = true;
        while (more) {
            bytes32 key;
            (key, pos) = Json.key(pos);
            uint256 bit = _bitOf(key);
            level.seen = Json.mark(level.seen, bit, key); // no bit for other keys
            if (bit == SGX) (level.sgx, pos) = _components(pos);
            else if (bit == TDX) (level.tdx, pos) = _components(pos);
            else if (bit == 0) pos = JsonSkip.value(pos);
            else (level.svn, pos) = Json.number(pos, type(uint16).max);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        return pos;
    }

    function _bitOf(bytes32 key) private pure returns (uint256) {
        if (key == "sgxtcbcomponents") return SGX;
        if (key == "pcesvn") return PCESVN;
        if (key == "tdxtcbcomponents") return TDX;
        if (key == "isvsvn") return ISVSVN;
        return 0;
    }

    /// @dev 16 components. Most have one digit and nothing else: three of those in a row are read at once.
    function _components(uint256 pos) private pure returns (uint256 components, uint256) {
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        uint256 count = 0;
        unchecked {
            while (count < 16) {
                uint256 text = uint256(Json.peekWord(pos) ^ THREE_COMPONENTS);
                bool more;
                if (count < 14 && _areDigits(text)) {
                    uint256 three = ((text >> 176) & 0x0f0000) | ((text >> 104) & 0x0f00) | ((text >> 32) & 0x0f);
                    (components, count) = ((components << 24) | three, count + 3);
                    pos += 29; // positions do not overflow, see Json
                } else {
                    uint256 svn;
                    (svn, pos) = text >> 200 == 0 ? _usualComponent(pos) : _anyComponent(pos);
                    (components, count) = ((components << 8) | svn, count + 1);
                }
                (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
                if (more != (count < 16)) revert ComponentsNot16(count);
            }
        }
        return (components, pos);
    }

    /// @dev Whether the first 29 bytes of a word, after XOR with the form, have digits where the form has them and
    /// nothing elsewhere. Where no byte has a high nibble, no sum is above 0x0f + 6, so that bytes do not meet.
    function _areDigits(uint256 text) private pure returns (bool) {
        unchecked {
            return ((text | ((text + DIGIT_SIXES) & DIGIT_HIGH_NIBBLES)) & ~DIGIT_LOW_NIBBLES) >> 24 == 0;
        }
    }

    /// @dev A component that begins with "svn", as Intel writes it; the position is that of its beginning.
    function _usualComponent(uint256 pos) private pure returns (uint256 svn, uint256 next) {
        unchecked {
            (svn, next) = Json.number(pos + 7, type(uint8).max); // positions do not overflow, see Json
        }
        while (Json.peek(next) == Json.COMMA) {
            unchecked {
                ++next; // as above
            }
            if (bytes6(Json.peekWord(next)) == SVN_KEY) revert Json.JsonKeyTwice("svn");
            next = JsonSkip.pair(next);
        }
        next = Json.expect(next, Json.CLOSE_OBJECT);
    }

    /// @dev A component with its keys in any order.
    function _anyComponent(uint256 pos) private pure returns (uint256 svn, uint256) {
        bool found = false;
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_OBJECT);
        while (more) {
            if (bytes6(Json.peekWord(pos)) == SVN_KEY) {
                if (found) revert Json.JsonKeyTwice("svn");
                found = true;
                unchecked {
                    (svn, pos) = Json.number(pos + 6, type(uint8).max); // positions do not overflow, see Json
                }
            } else pos = JsonSkip.pair(pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        if (!found) revert ComponentWithoutSvn(Json.peekWord(pos));
        return (svn, pos);
    }
}
