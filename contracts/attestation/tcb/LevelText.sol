// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {TcbStatus} from "./TcbStatus.sol";

/// @title TCB levels in Intel's texts
/// @notice A platform's level: {"tcb":{"sgxtcbcomponents":[16 x {"svn":0..255}],"pcesvn":0..65535},"tcbStatus":...}, for TDX with
/// "tdxtcbcomponents" as well. A level of a quoting enclave or TDX module: {"tcb":{"isvsvn":0..65535},"tcbStatus":...}.
library LevelText {
    /// @notice A level lacks a key, or has keys of another kind of level. `seen` has the bits of the keys that are there: 1
    /// tcb, 2 tcbStatus, 4 sgxtcbcomponents, 8 pcesvn, 16 tdxtcbcomponents, 32 isvsvn.
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

    /// @dev How Intel begins a component.
    bytes7 private constant USUAL_COMPONENT = '{"svn":';
    bytes6 private constant SVN_KEY = '"svn":';
    /// @dev How three components of one digit look, with another behind them; and masks of their digits, bytes 7, 17 and 27.
    bytes32 private constant THREE_COMPONENTS = '{"svn":0},{"svn":0},{"svn":0},{"';
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

    /// @dev 16 components. Most have one digit and nothing else, so that three of them are looked at at once where it can be.
    function _components(uint256 pos) private pure returns (uint256 components, uint256) {
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        unchecked {
            uint256 i = 0;
            while (i < 16) {
                uint256 three = uint256(Json.peekWord(pos) ^ THREE_COMPONENTS);
                if (i < 13 && _areDigits(three)) {
                    components = (components << 24) | ((three >> 176) & 0x0f0000) | ((three >> 104) & 0x0f00) | ((three >> 32) & 0x0f);
                    (i, pos) = (i + 3, pos + 30); // positions do not overflow, see Json
                    continue;
                }
                uint256 svn;
                bool more;
                (svn, pos) = _component(pos);
                components = (components << 8) | svn;
                (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
                if (more != (++i < 16)) revert ComponentsNot16(i);
            }
        }
        return (components, pos);
    }

    /// @dev Whether a word, after XOR with the form, has digits where the form has them and nothing elsewhere. Where no byte has a high
    /// nibble, no sum is above 0x0f + 6, so that bytes do not meet.
    function _areDigits(uint256 three) private pure returns (bool) {
        unchecked {
            return (three | ((three + DIGIT_SIXES) & DIGIT_HIGH_NIBBLES)) & ~DIGIT_LOW_NIBBLES == 0;
        }
    }

    /// @dev One component. Intel writes "svn" first.
    function _component(uint256 pos) private pure returns (uint256 svn, uint256) {
        bool found = bytes7(Json.peekWord(pos)) == USUAL_COMPONENT;
        bool more = true;
        if (found) {
            unchecked {
                (svn, pos) = Json.number(pos + 7, type(uint8).max); // positions do not overflow, see Json
            }
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        } else pos = Json.expect(pos, Json.OPEN_OBJECT);
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
