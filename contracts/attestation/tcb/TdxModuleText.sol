// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HexText} from "./HexText.sol";
import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {LevelList} from "./LevelList.sol";
import {Packed} from "./Packed.sol";

/// @title The TDX modules in a TCB info
/// @notice "tdxModule" is packed as mrsigner 48 | attributes 8 | mask 8. An identity of "tdxModuleIdentities" is packed as id 1 |
/// level count 1 | mrsigner 48 | attributes 8 | mask 8 | levels, where id is the number in "TDX_01".
library TdxModuleText {
    using Packed for bytes;

    /// @notice A TDX module lacks keys, or "tdxModule" has keys of an identity. `seen` has the bits of the keys that are
    /// there: 1 mrsigner, 2 attributes, 4 attributesMask, 8 id, 16 tcbLevels.
    error ModuleKeysWrong(uint256 seen);
    /// @notice The id of a module is not "TDX_" and two hexadecimal digits.
    error ModuleIdUnknown(bytes32 id);
    /// @notice Two identities have the same id.
    error ModuleIdTwice(uint256 id);
    /// @notice There are more module identities than this contract can hold.
    error TooManyModules(uint256 most);

    uint256 internal constant MAX_MODULES = 16;
    uint256 internal constant MODULE_SIZE = 64;
    /// @dev Of an identity without its levels.
    uint256 internal constant IDENTITY_SIZE = 66;

    uint256 private constant MRSIGNER = 1;
    uint256 private constant ATTRIBUTES = 2;
    uint256 private constant MASK = 4;
    uint256 private constant ID = 8;
    uint256 private constant LEVELS = 16;
    uint256 private constant MODULE = MRSIGNER | ATTRIBUTES | MASK;
    uint256 private constant IDENTITY = MODULE | ID | LEVELS;

    /// @notice Passes "tdxModule" and appends it.
    function appendModule(bytes memory packed, uint256 pos) internal pure returns (uint256) {
        uint256 place = packed.reserve(MODULE_SIZE);
        uint256 seen;
        (seen, , pos) = _fields(packed, place, pos);
        require(seen == MODULE, ModuleKeysWrong(seen));
        return pos;
    }

    /// @notice Passes "tdxModuleIdentities" and appends them: at most 16 * (66 + 32 * 3) bytes.
    /// @return count 1..16
    function appendIdentities(bytes memory packed, uint256 pos) internal pure returns (uint256 count, uint256) {
        uint256 ids; // bit i: there is an identity with id i
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        while (more) {
            require(count < MAX_MODULES, TooManyModules(MAX_MODULES));
            uint256 id;
            (id, pos) = _appendIdentity(packed, pos);
            require((ids >> id) & 1 == 0, ModuleIdTwice(id));
            ids |= 1 << id;
            unchecked {
                ++count; // at most 16
            }
            (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
        }
        return (count, pos);
    }

    function _appendIdentity(bytes memory packed, uint256 pos) private pure returns (uint256, uint256) {
        uint256 place = packed.reserve(IDENTITY_SIZE);
        (uint256 seen, uint256 idAndCount, uint256 next) = _fields(packed, place + 2, pos);
        require(seen == IDENTITY, ModuleKeysWrong(seen));
        packed.put(place, idAndCount, 2);
        return (idAndCount >> 8, next);
    }

    /// @dev Passes an object, puts what a module and an identity share at `place` and appends the levels.
    function _fields(bytes memory packed, uint256 place, uint256 pos) private pure returns (uint256, uint256, uint256) {
        uint256 seen;
        uint256 idAndCount;
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_OBJECT);
        while (more) {
            bytes32 key;
            uint256 value;
            (key, pos) = Json.key(pos);
            uint256 bit = _bitOf(key);
            seen = Json.mark(seen, bit, key); // no bit for other keys
            if (bit == ID) {
                (value, pos) = _id(pos);
                idAndCount |= value << 8;
            } else if (bit == LEVELS) {
                (value, pos) = LevelList.appendEnclave(packed, pos);
                idAndCount |= value;
            } else pos = bit == 0 ? JsonSkip.value(pos) : _measurement(packed, place, bit, pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        return (seen, idAndCount, pos);
    }

    /// @dev MRSIGNER, ATTRIBUTES or MASK: passes the value and puts it where it belongs.
    function _measurement(bytes memory packed, uint256 place, uint256 bit, uint256 pos) private pure returns (uint256) {
        uint256 value;
        if (bit == MRSIGNER) {
            uint256 low;
            (value, low, pos) = HexText.read48(pos);
            packed.put(place, value, 32);
            packed.put(place + 32, low, 16);
        } else {
            (value, pos) = HexText.read(pos, 8);
            packed.put(place + (bit == ATTRIBUTES ? 48 : 56), value, 8);
        }
        return pos;
    }

    /// @dev "TDX_" and two digits; letters of either case, as Intel's own library compares them.
    function _id(uint256 pos) private pure returns (uint256 id, uint256) {
        (bytes32 word, uint256 length, uint256 next) = Json.text32(pos);
        require(length == 6 && bytes4(word) == "TDX_", ModuleIdUnknown(word));
        (id, ) = HexText.digits(pos + 5, 1);
        return (id, next);
    }

    function _bitOf(bytes32 key) private pure returns (uint256) {
        if (key == "mrsigner") return MRSIGNER;
        if (key == "attributes") return ATTRIBUTES;
        if (key == "attributesMask") return MASK;
        if (key == "id") return ID;
        if (key == "tcbLevels") return LEVELS;
        return 0;
    }
}
