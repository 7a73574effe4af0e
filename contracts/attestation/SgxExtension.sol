// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";

/// @param ppid names the machine
/// @param components security versions of the 16 SGX TCB components, the first one first
/// @param pceSvn security version of the provisioning enclave
/// @param pceId identity of the provisioning enclave
/// @param fmspc family, model, stepping and custom SKU of the platform
struct Platform {
    bytes16 ppid;
    bytes16 components;
    uint16 pceSvn;
    bytes2 pceId;
    bytes6 fmspc;
}

/// @title Intel's extension of PCK certificates, 1.2.840.113741.1.13.1
/// @notice A list of pairs of an identifier and a value. As in Intel's own verification library the order is free; each
/// known pair comes once, and another one is refused.
/// @dev 1 PPID; 2 TCB: 2.1 to 2.16 components, 2.17 PCESVN, 2.18 CPUSVN; 3 PCEID; 4 FMSPC; 5 type. Of the Platform CA also
/// 6 platform instance, 7 configuration. CPUSVN, type, instance and configuration are read and not kept.
library SgxExtension {
    /// @notice Not a pair of this list: `id` is its identifier's DER content, its length in the last byte.
    error UnknownSgxElement(bytes32 id);
    error DuplicateSgxElement(bytes32 id);
    /// @notice Bit n is set for each element n of the list that was found.
    error SgxElementMissing(uint256 offset, uint256 found);

    bytes32 private constant PREFIX = bytes9(0x2a864886f84d010d01);
    uint256 private constant TCB = 2;
    uint256 private constant CONFIGURATION = 7;
    uint256 private constant NEEDED = 0x3e; // 1 to 5
    uint256 private constant NEEDED_OF_TCB = 0x7fffe; // 1 to 18

    /// @notice Reads the extension's content.
    function parse(bytes calldata extension) internal pure returns (Platform memory platform) {
        Element list = Der.only(extension, Der.SEQUENCE);
        uint256 found;
        uint256 to = list.stop();
        for (uint256 position = list.start(); position < to; ) {
            uint256 arc;
            Element value;
            (arc, value, found) = _readPair(list, position, PREFIX, 9, found);
            _keep(platform, arc, value);
            position = value.stop();
        }
        require(found & NEEDED == NEEDED, SgxElementMissing(list.offset(), found));
    }

    function _keep(Platform memory platform, uint256 arc, Element value) private pure {
        if (arc == 1) platform.ppid = bytes16(_octets(value, 16));
        else if (arc == TCB) (platform.components, platform.pceSvn) = _readTcb(value);
        else if (arc == 3) platform.pceId = bytes2(_octets(value, 2));
        else if (arc == 4) platform.fmspc = bytes6(_octets(value, 6));
        else if (arc == 5) _requireTag(value, Der.ENUMERATED).number(type(uint8).max);
        else if (arc == 6) _octets(value, 16);
        else if (arc == CONFIGURATION) _readConfiguration(value);
        else revert UnknownSgxElement(PREFIX | bytes32((arc << 176) | 10));
    }

    function _readTcb(Element list) private pure returns (bytes16 components, uint16 pceSvn) {
        _requireTag(list, Der.SEQUENCE);
        bytes32 prefix = PREFIX | bytes32(TCB << 176);
        uint256 packed;
        uint256 found;
        uint256 to = list.stop();
        for (uint256 position = list.start(); position < to; ) {
            uint256 arc;
            Element value;
            (arc, value, found) = _readPair(list, position, prefix, 10, found);
            position = value.stop();
            // Shifts stay below 128 bits, and the numbers fit their bounds.
            if (arc > 0 && arc < 17) packed |= _requireTag(value, Der.INTEGER).number(type(uint8).max) << (128 - 8 * arc);
            else if (arc == 17) pceSvn = uint16(_requireTag(value, Der.INTEGER).number(type(uint16).max));
            else if (arc == 18) _octets(value, 16);
            else revert UnknownSgxElement(prefix | bytes32((arc << 168) | 11));
        }
        require(found == NEEDED_OF_TCB, SgxElementMissing(list.offset(), found));
        components = bytes16(uint128(packed));
    }

    /// @dev 7.1 dynamic platform, 7.2 cached keys, 7.3 SMT: flags, each at most once.
    function _readConfiguration(Element list) private pure {
        _requireTag(list, Der.SEQUENCE);
        bytes32 prefix = PREFIX | bytes32(CONFIGURATION << 176);
        uint256 found;
        for (uint256 position = list.start(); position < list.stop(); ) {
            uint256 arc;
            Element value;
            (arc, value, found) = _readPair(list, position, prefix, 10, found);
            require(arc > 0 && arc < 4, UnknownSgxElement(prefix | bytes32((arc << 168) | 11)));
            _requireTag(value, Der.BOOLEAN).boolean();
            position = value.stop();
        }
    }

    /// @dev Reads SEQUENCE { prefix.arc, value } where arc is one byte, and marks arc in `found`.
    function _readPair(
        Element list,
        uint256 position,
        bytes32 prefix,
        uint256 prefixLength,
        uint256 found
    ) private pure returns (uint256 arc, Element value, uint256) {
        Element pair = list.read(position, Der.SEQUENCE);
        Element id = pair.first(Der.OID);
        bytes32 oid = id.oid();
        arc = (uint256(oid) >> (248 - 8 * prefixLength)) & 0xff;
        uint256 expected = uint256(prefix) | (arc << (248 - 8 * prefixLength)) | (prefixLength + 1);
        require(oid == bytes32(expected), UnknownSgxElement(oid));
        require(found & (1 << arc) == 0, DuplicateSgxElement(oid));
        value = pair.readAny(id.stop());
        pair.requireLast(value);
        return (arc, value, found | (1 << arc));
    }

    function _octets(Element value, uint256 length) private pure returns (bytes32) {
        return _requireTag(value, Der.OCTET_STRING).content(length);
    }

    function _requireTag(Element value, uint256 expected) private pure returns (Element) {
        require(value.tag() == expected, Der.DerTag(value.offset(), value.tag(), expected));
        return value;
    }
}
