// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {HexText} from "./HexText.sol";
import {IsoTime} from "./IsoTime.sol";
import {Json} from "./Json.sol";
import {JsonSkip} from "./JsonSkip.sol";
import {LevelList} from "./LevelList.sol";
import {Packed} from "./Packed.sol";

/// @title Intel's identity of a quoting enclave, version 2
/// @notice Keys may come in any order; keys that are not known are passed. The record is made to be a contract's code:
/// STOP 1 | level count 1 | miscselect 4 | its mask 4 | attributes 16 | their mask 16 | mrsigner 32 | isvprodid 2, then
/// the levels. Bytes of miscselect and attributes come in the order of the text, which is that of a report.
library QeIdentityText {
    using Packed for bytes;

    /// @notice The identity lacks these keys: 1 id, 2 version, 4 issueDate, 8 nextUpdate, 16 tcbEvaluationDataNumber,
    /// 32 miscselect, 64 miscselectMask, 128 attributes, 256 attributesMask, 512 mrsigner, 1024 isvprodid, 2048
    /// tcbLevels, added up.
    error QeIdentityKeysMissing(uint256 missing);
    /// @notice Only version 2 and id "QE" or "TD_QE" are known: this is another value of `key`.
    error QeIdentityUnknown(bytes32 key, bytes32 value);

    struct QeIdentity {
        uint8 tee; // TEE type of the quotes that the enclave signs: 0 SGX, 0x81 TDX
        uint40 issueDate; // Unix seconds
        uint40 nextUpdate; // Unix seconds
        uint32 evaluationNumber;
        bytes record;
    }

    uint256 internal constant HEADER_SIZE = 76;
    uint256 private constant CAPACITY = HEADER_SIZE + LevelList.MAX_ENCLAVE_LEVELS * LevelList.ENCLAVE_SIZE;

    uint256 private constant ID = 1;
    uint256 private constant VERSION = 2;
    uint256 private constant ISSUE_DATE = 4;
    uint256 private constant NEXT_UPDATE = 8;
    uint256 private constant NUMBER = 16;
    uint256 private constant MISC = 32;
    uint256 private constant MISC_MASK = 64;
    uint256 private constant ATTRIBUTES = 128;
    uint256 private constant ATTRIBUTES_MASK = 256;
    uint256 private constant MRSIGNER = 512;
    uint256 private constant PRODUCT = 1024;
    uint256 private constant LEVELS = 2048;
    uint256 private constant ALL = 4095;

    /// @notice Reads the exact text that Intel signed.
    function parse(bytes calldata text) internal pure returns (QeIdentity memory identity) {
        identity.record = Packed.create(CAPACITY);
        identity.record.reserve(HEADER_SIZE);
        uint256 pos = Json.expect(Json.open(text), Json.OPEN_OBJECT);
        uint256 seen;
        bool more = true;
        while (more) {
            bytes32 key;
            (key, pos) = Json.key(pos);
            uint256 bit = _bitOf(key);
            seen = Json.mark(seen, bit, key); // no bit for other keys
            if (bit == 0) pos = JsonSkip.value(pos);
            else if (bit < MISC) pos = _field(identity, bit, pos);
            else pos = _recorded(identity.record, bit, pos);
            (more, pos) = Json.more(pos, Json.CLOSE_OBJECT);
        }
        Json.close(text, pos);
        require(seen == ALL, QeIdentityKeysMissing(ALL & ~seen));
    }

    /// @dev A value that is no part of the record. Casts fit: times are below 2^38, numbers have a bound.
    function _field(QeIdentity memory identity, uint256 bit, uint256 pos) private pure returns (uint256) {
        uint256 value;
        if (bit == ID) {
            (identity.tee, pos) = _tee(pos);
        } else if (bit == VERSION) {
            (value, pos) = Json.number(pos, type(uint32).max);
            require(value == 2, QeIdentityUnknown("version", bytes32(value)));
        } else if (bit == NUMBER) {
            (value, pos) = Json.number(pos, type(uint32).max);
            identity.evaluationNumber = uint32(value);
        } else {
            (value, pos) = IsoTime.read(pos);
            if (bit == ISSUE_DATE) identity.issueDate = uint40(value);
            else identity.nextUpdate = uint40(value);
        }
        return pos;
    }

    /// @dev A value that goes to its place in the record.
    function _recorded(bytes memory record, uint256 bit, uint256 pos) private pure returns (uint256) {
        uint256 value;
        if (bit == LEVELS) {
            (value, pos) = LevelList.appendEnclave(record, pos);
            record.put(1, value, 1);
        } else if (bit == MISC || bit == MISC_MASK) {
            (value, pos) = HexText.read(pos, 4);
            record.put(bit == MISC ? 2 : 6, value, 4);
        } else if (bit == ATTRIBUTES || bit == ATTRIBUTES_MASK) {
            (value, pos) = HexText.read(pos, 16);
            record.put(bit == ATTRIBUTES ? 10 : 26, value, 16);
        } else if (bit == MRSIGNER) {
            (value, pos) = HexText.read32(pos);
            record.put(42, value, 32);
        } else {
            (value, pos) = Json.number(pos, type(uint16).max);
            record.put(74, value, 2);
        }
        return pos;
    }

    function _tee(uint256 pos) private pure returns (uint8, uint256) {
        (bytes32 word, uint256 length, uint256 next) = Json.text32(pos);
        bool isTdx = word == "TD_QE";
        require(length <= 5 && (isTdx || word == "QE"), QeIdentityUnknown("id", word));
        return (isTdx ? 0x81 : 0, next);
    }

    function _bitOf(bytes32 key) private pure returns (uint256) {
        if (key == "id") return ID;
        if (key == "version") return VERSION;
        if (key == "issueDate") return ISSUE_DATE;
        if (key == "nextUpdate") return NEXT_UPDATE;
        if (key == "tcbEvaluationDataNumber") return NUMBER;
        if (key == "miscselect") return MISC;
        if (key == "miscselectMask") return MISC_MASK;
        if (key == "attributes") return ATTRIBUTES;
        if (key == "attributesMask") return ATTRIBUTES_MASK;
        if (key == "mrsigner") return MRSIGNER;
        if (key == "isvprodid") return PRODUCT;
        if (key == "tcbLevels") return LEVELS;
        return 0;
    }
}
