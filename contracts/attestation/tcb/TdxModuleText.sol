// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HexText} from "./HexText.sol";
import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {LevelList} from "./LevelList.sol";
import {Packed} from "./Packed.sol";

/// @title The TDX modules in a TCB info
/// @notice A measurement is packed as mrsigner 48 | attributes 8 | mask 8. "tdxModule" is a measurement. An identity of
/// "tdxModuleIdentities" is packed as id 1 | level count 1 | offset of its measurement 2 | offset of the next identity
/// 2 | levels, where id is the number in "TDX_01". The measurement is that of tdxModule if both are the same, as they
/// mostly are.
library TdxModuleText {
    using Packed for bytes;

    /// @notice A TDX module lacks keys, or "tdxModule" has keys of an identity. `seen` has the bits of the keys that
    /// are there: 1 mrsigner, 2 attributes, 4 attributesMask, 8 id, 16 tcbLevels.
    error ModuleKeysWrong(uint256 seen);
    /// @notice The id of a module is not "TDX_" and two hexadecimal digits.
    error ModuleIdUnknown(bytes32 id);
    /// @notice Two identities have the same id.
    error ModuleIdTwice(uint256 id);
    /// @notice There are more module identities than this contract can hold.
    error TooManyModules(uint256 most);

    struct Module {
        uint256 seen; // which keys there are, see ModuleKeysWrong
        uint256 id; // of an identity
        uint256 count; // of an identity's levels
        uint256 signer; // first 32 bytes of mrsigner
        uint256 rest; // last 16 bytes of mrsigner | attributes 8 | mask 8
    }

    uint256 internal constant MAX_MODULES = 16;
    uint256 internal constant MEASUREMENT_SIZE = 64;
    /// @dev Of an identity without its levels.
    uint256 internal constant IDENTITY_SIZE = 6;

    uint256 private constant MRSIGNER = 1;
    uint256 private constant ATTRIBUTES = 2;
    uint256 private constant MASK = 4;
    uint256 private constant ID = 8;
    uint256 private constant LEVELS = 16;
    uint256 private constant BASE = MRSIGNER | ATTRIBUTES | MASK;
    uint256 private constant IDENTITY = BASE | ID | LEVELS;

    /// @notice Passes "tdxModule" and appends it.
    function appendBase(bytes memory packed, uint256 pos) internal pure returns (uint256) {
        Module memory module;
        pos = _read(packed, module, pos);
        require(module.seen == BASE, ModuleKeysWrong(module.seen));
        _appendMeasurement(packed, module);
        return pos;
    }

    /// @notice Passes "tdxModuleIdentities" and appends them: at most 16 * (6 + 64 + 32 * 3) bytes.
    /// @param basePlace Where tdxModule is packed; zero if it has not come yet.
    /// @return count 1..16
    function appendIdentities(
        bytes memory packed,
        uint256 basePlace,
        uint256 pos
    ) internal pure returns (uint256 count, uint256) {
        uint256 ids; // bit i: there is an identity with id i
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        while (more) {
            require(count < MAX_MODULES, TooManyModules(MAX_MODULES));
            uint256 id;
            (id, pos) = _appendIdentity(packed, basePlace, pos);
            require((ids >> id) & 1 == 0, ModuleIdTwice(id));
            ids |= 1 << id;
            unchecked {
                ++count; // at most 16
            }
            (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
        }
        return (count, pos);
    }

    function _appendIdentity(
        bytes memory packed,
        uint256 basePlace,
        uint256 pos
    ) private pure returns (uint256, uint256) {
        Module memory module;
        uint256 place = packed.reserve(IDENTITY_SIZE);
        pos = _read(packed, module, pos);
        require(module.seen == IDENTITY, ModuleKeysWrong(module.seen));
        uint256 measurement = basePlace;
        if (basePlace == 0 || !_isAt(packed, basePlace, module)) measurement = _appendMeasurement(packed, module);
        packed.put(
            place,
            (module.id << 40) | (module.count << 32) | (measurement << 16) | packed.length,
            IDENTITY_SIZE
        );
        return (module.id, pos);
    }

    function _appendMeasurement(bytes memory packed, Module memory module) private pure returns (uint256 place) {
        place = packed.reserve(MEASUREMENT_SIZE);
        packed.put(place, module.signer, 32);
        packed.put(place + 32, module.rest, 32);
    }

    function _isAt(bytes memory packed, uint256 place, Module memory module) private pure returns (bool) {
        return packed.get(place) == module.signer && packed.get(place + 32) == module.rest;
    }

    /// @dev Passes an object of either kind; appends its levels, if it has any.
    function _read(bytes memory packed, Module memory module, uint256 pos) private pure returns (uint256) {
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_OBJECT);
        while (more) {
            bytes32 key;
            (key, pos) = Json.key(pos);
            uint256 bit = _bitOf(key);
            module.seen = Json.mark(module.seen, bit, key); // no bit for other keys
            if (bit == ID) (module.id, pos) = _id(pos);
            else if (bit == LEVELS) (module.count, pos) = LevelList.appendEnclave(packed, pos);
            else pos = bit == 0 ? JsonSkip.value(pos) : _measurement(module, bit, pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        return pos;
    }

    /// @dev Passes the value of MRSIGNER, ATTRIBUTES or MASK.
    function _measurement(Module memory module, uint256 bit, uint256 pos) private pure returns (uint256) {
        uint256 value;
        if (bit == MRSIGNER) {
            (module.signer, value, pos) = HexText.read48(pos);
            module.rest |= value << 128;
        } else {
            (value, pos) = HexText.read(pos, 8);
            module.rest |= bit == ATTRIBUTES ? value << 64 : value;
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
