// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HexText} from "./HexText.sol";
import {IsoTime} from "./IsoTime.sol";
import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {LevelList} from "./LevelList.sol";
import {Packed} from "./Packed.sol";
import {TdxModuleText} from "./TdxModuleText.sol";

/// @title Intel's TCB info, version 3, for SGX and TDX
/// @notice Keys may come in any order; keys that are not known are passed. The record is made to be a contract's code:
/// STOP 1 | offset of the levels 2 | their count 1 | offset of tdxModule 2 | offset of the identities 2 | their count
/// 1, then the three in the order of the text. An SGX record has no tdxModule and no identities. Levels as in
/// LevelList, modules as in TdxModuleText.
library TcbInfoText {
    using Packed for bytes;

    /// @notice The TCB info lacks these keys: 1 id, 2 version, 4 issueDate, 8 nextUpdate, 16 fmspc, 32 pceId, 64
    /// tcbType, 128 tcbEvaluationDataNumber, 256 tcbLevels, 512 tdxModule, added up.
    error TcbInfoKeysMissing(uint256 missing);
    /// @notice Only version 3 with tcbType 0 and id "SGX" or "TDX" is known: this is another value of `key`.
    error TcbInfoUnknown(bytes32 key, bytes32 value);
    /// @notice An SGX text has TDX levels or modules, or a TDX text has SGX levels.
    error TcbInfoOfTwoKinds(uint256 tee);

    struct TcbInfo {
        uint8 tee; // TEE type of quotes: 0 SGX, 0x81 TDX
        bytes6 fmspc;
        bytes2 pceId;
        uint40 issueDate; // Unix seconds
        uint40 nextUpdate; // Unix seconds
        uint32 evaluationNumber;
        bytes record;
    }

    uint256 internal constant SGX = 0;
    uint256 internal constant TDX = 0x81;
    uint256 internal constant HEADER_SIZE = 9;
    /// @dev Lists at their bounds; see LevelList and TdxModuleText.
    uint256 private constant CAPACITY =
        HEADER_SIZE +
            LevelList.MAX_PLATFORM_LEVELS * LevelList.TDX_SIZE +
            TdxModuleText.MEASUREMENT_SIZE +
            TdxModuleText.MAX_MODULES *
                (TdxModuleText.IDENTITY_SIZE +
                    TdxModuleText.MEASUREMENT_SIZE +
                    LevelList.MAX_ENCLAVE_LEVELS * LevelList.ENCLAVE_SIZE);

    uint256 private constant ID = 1;
    uint256 private constant VERSION = 2;
    uint256 private constant ISSUE_DATE = 4;
    uint256 private constant NEXT_UPDATE = 8;
    uint256 private constant FMSPC = 16;
    uint256 private constant PCE_ID = 32;
    uint256 private constant TCB_TYPE = 64;
    uint256 private constant NUMBER = 128;
    uint256 private constant LEVELS = 256;
    uint256 private constant MODULE = 512;
    uint256 private constant IDENTITIES = 1024;
    uint256 private constant SGX_KEYS = 511;
    uint256 private constant TDX_KEYS = 1023;
    /// @dev Not a key: the levels have TDX components.
    uint256 private constant TDX_LEVELS = 2048;

    /// @notice Reads the exact text that Intel signed.
    function parse(bytes calldata text) internal pure returns (TcbInfo memory info) {
        info.record = Packed.create(CAPACITY);
        info.record.reserve(HEADER_SIZE);
        uint256 pos = Json.expect(Json.open(text), Json.OPEN_OBJECT);
        uint256 seen;
        bool more = true;
        while (more) {
            bytes32 key;
            (key, pos) = Json.key(pos);
            uint256 bit = _bitOf(key);
            seen = Json.mark(seen, bit, key); // no bit for other keys
            if (bit >= LEVELS) (seen, pos) = _list(info, seen, bit, pos);
            else pos = bit == 0 ? JsonSkip.value(pos) : _field(info, bit, pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        Json.close(text, pos);
        _requireKind(info.tee, seen);
    }

    function _requireKind(uint256 tee, uint256 seen) private pure {
        uint256 needed = tee == TDX ? TDX_KEYS : SGX_KEYS;
        require(seen & needed == needed, TcbInfoKeysMissing(needed & ~seen));
        uint256 tdxParts = seen & (MODULE | IDENTITIES | TDX_LEVELS);
        require(tee == TDX ? tdxParts & TDX_LEVELS != 0 : tdxParts == 0, TcbInfoOfTwoKinds(tee));
    }

    /// @dev A value other than the lists.
    function _field(TcbInfo memory info, uint256 bit, uint256 pos) private pure returns (uint256) {
        uint256 value;
        // Each cast fits: times are below 2^38, digits and numbers have the bound that is given.
        if (bit == ID) {
            (info.tee, pos) = _tee(pos);
        } else if (bit == VERSION || bit == TCB_TYPE) {
            (value, pos) = Json.number(pos, type(uint32).max);
            if (bit == VERSION) require(value == 3, TcbInfoUnknown("version", bytes32(value)));
            else require(value == 0, TcbInfoUnknown("tcbType", bytes32(value)));
        } else if (bit == NUMBER) {
            (value, pos) = Json.number(pos, type(uint32).max);
            info.evaluationNumber = uint32(value);
        } else if (bit == FMSPC) {
            (value, pos) = HexText.read(pos, 6);
            info.fmspc = bytes6(uint48(value));
        } else if (bit == PCE_ID) {
            (value, pos) = HexText.read(pos, 2);
            info.pceId = bytes2(uint16(value));
        } else {
            (value, pos) = IsoTime.read(pos);
            if (bit == ISSUE_DATE) info.issueDate = uint40(value);
            else info.nextUpdate = uint40(value);
        }
        return pos;
    }

    /// @dev Levels, tdxModule or identities: appends them to the record and notes in its header where.
    function _list(
        TcbInfo memory info,
        uint256 seen,
        uint256 bit,
        uint256 pos
    ) private pure returns (uint256, uint256) {
        bytes memory record = info.record;
        uint256 place = record.length;
        uint256 count;
        bool isTdx;
        if (bit == LEVELS) {
            (count, isTdx, pos) = LevelList.appendPlatform(record, pos);
            record.put(1, (place << 8) | count, 3);
            if (isTdx) seen |= TDX_LEVELS;
        } else if (bit == MODULE) {
            pos = TdxModuleText.appendBase(record, pos);
            record.put(4, place, 2);
        } else {
            (count, pos) = TdxModuleText.appendIdentities(record, basePlace(record), pos);
            record.put(6, (place << 8) | count, 3);
        }
        return (seen, pos);
    }

    /// @notice Where a record has tdxModule; zero if it has none.
    function basePlace(bytes memory record) internal pure returns (uint256) {
        return (record.get(0) >> 208) & 0xffff;
    }

    function _tee(uint256 pos) private pure returns (uint8, uint256) {
        (bytes32 word, uint256 length, uint256 next) = Json.text32(pos);
        bool isTdx = word == "TDX";
        require(length == 3 && (isTdx || word == "SGX"), TcbInfoUnknown("id", word));
        return (uint8(isTdx ? TDX : SGX), next);
    }

    function _bitOf(bytes32 key) private pure returns (uint256) {
        if (key == "id") return ID;
        if (key == "version") return VERSION;
        if (key == "issueDate") return ISSUE_DATE;
        if (key == "nextUpdate") return NEXT_UPDATE;
        if (key == "fmspc") return FMSPC;
        if (key == "pceId") return PCE_ID;
        if (key == "tcbType") return TCB_TYPE;
        if (key == "tcbEvaluationDataNumber") return NUMBER;
        if (key == "tdxModule") return MODULE;
        if (key == "tdxModuleIdentities") return IDENTITIES;
        if (key == "tcbLevels") return LEVELS;
        return 0;
    }
}
