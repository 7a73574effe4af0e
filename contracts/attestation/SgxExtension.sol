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
    /// @notice Intel's list has no such element: `arc` is the last number of its identifier.
    error UnknownSgxElement(uint256 offset, uint256 arc);
    error DuplicateSgxElement(uint256 offset, uint256 arc);
    /// @notice Bit n is set for each element n of the list that was found.
    error SgxElementMissing(uint256 offset, uint256 found);

    /// @dev Identifiers up to their last byte, with tag and length: 1.2.840.113741.1.13.1, the same and 2, the same and 7.
    bytes32 private constant ELEMENT = bytes11(0x060a2a864886f84d010d01);
    bytes32 private constant ELEMENT_OF_TCB = bytes12(0x060b2a864886f84d010d0102);
    bytes32 private constant ELEMENT_OF_CONFIGURATION = bytes12(0x060b2a864886f84d010d0107);
    uint256 private constant NEEDED = 0x3e; // 1 to 5
    uint256 private constant NEEDED_OF_TCB = 0x7fffe; // 1 to 18

    /// @dev All 18 bytes of an element of the TCB that is a number below 128, but for the last arc (byte 14) and the number
    /// (byte 17), of which only the highest bit counts here.
    uint256 private constant SMALL = 0x3010060b2a864886f84d010d010200020100 << 112;
    uint256 private constant SMALL_MASK = 0xffffffffffffffffffffffffffff00ffff80 << 112;
    uint256 private constant SMALL_LENGTH = 18;

    /// @notice Reads the extension's content.
    function parse(bytes calldata extension) internal pure returns (Platform memory platform) {
        Element list = Der.only(extension, Der.SEQUENCE);
        uint256 found;
        uint256 position = list.start();
        while (position < list.stop()) {
            (uint256 arc, Element value) = _readPair(list, position, ELEMENT, 11);
            found = _mark(found, arc, value.offset());
            _keep(platform, arc, value);
            position = value.stop();
        }
        if (found & NEEDED != NEEDED) revert SgxElementMissing(list.offset(), found);
    }

    function _keep(Platform memory platform, uint256 arc, Element value) private pure {
        if (arc == 1) platform.ppid = bytes16(_octets(value, 16));
        else if (arc == 2) (platform.components, platform.pceSvn) = _readTcb(value);
        else if (arc == 3) platform.pceId = bytes2(_octets(value, 2));
        else if (arc == 4) platform.fmspc = bytes6(_octets(value, 6));
        else if (arc == 5) _number(value, Der.ENUMERATED, type(uint8).max);
        else if (arc == 6) _octets(value, 16);
        else if (arc == 7) _readConfiguration(value);
        else revert UnknownSgxElement(value.offset(), arc);
    }

    function _readTcb(Element list) private pure returns (bytes16 components, uint16 pceSvn) {
        list.requireTag(Der.SEQUENCE);
        uint256 found;
        uint256 position = list.start();
        while (position < list.stop()) {
            (uint256 arc, uint256 svn, uint256 next) = _readSvn(list, position);
            found = _mark(found, arc, list.offsetOf(position));
            position = next;
            unchecked {
                // A component is one byte, and `arc` is from 1 to 18.
                if (arc < 17) components |= bytes16(uint128(svn << (128 - 8 * arc)));
                else if (arc == 17) pceSvn = uint16(svn);
            }
        }
        if (found != NEEDED_OF_TCB) revert SgxElementMissing(list.offset(), found);
    }

    /// @dev Reads an element of the TCB: its arc from 1 to 18, its number (at most 255, PCESVN at most 65,535, zero for
    /// CPUSVN), and the position after it.
    function _readSvn(Element list, uint256 position) private pure returns (uint256 arc, uint256 svn, uint256 next) {
        unchecked {
            uint256 word = Der.loadAt(position);
            (arc, next) = ((word >> 136) & 0xff, position + SMALL_LENGTH);
            // Also zero is refused here: the difference wraps around.
            bool isSmall = (word ^ SMALL) & SMALL_MASK == 0 && next <= list.stop() && arc - 1 < 17;
            if (isSmall) return (arc, (word >> 112) & 0xff, next);
            Element value;
            (arc, value) = _readPair(list, position, ELEMENT_OF_TCB, 12);
            if (arc - 1 > 17) revert UnknownSgxElement(value.offset(), arc);
            if (arc == 18) _octets(value, 16);
            else svn = _number(value, Der.INTEGER, arc == 17 ? type(uint16).max : type(uint8).max);
            next = value.stop();
        }
    }

    /// @dev 7.1 dynamic platform, 7.2 cached keys, 7.3 SMT: flags, each at most once.
    function _readConfiguration(Element list) private pure {
        list.requireTag(Der.SEQUENCE);
        uint256 found;
        uint256 position = list.start();
        while (position < list.stop()) {
            (uint256 arc, Element value) = _readPair(list, position, ELEMENT_OF_CONFIGURATION, 12);
            if (arc == 0 || arc > 3) revert UnknownSgxElement(value.offset(), arc);
            found = _mark(found, arc, value.offset());
            value.requireTag(Der.BOOLEAN);
            value.boolean();
            position = value.stop();
        }
    }

    /// @dev Reads SEQUENCE { identifier, value }, whose identifier is `head` of `length` bytes and `arc` of one byte. The pair
    /// ends with the value.
    function _readPair(
        Element list,
        uint256 position,
        bytes32 head,
        uint256 length
    ) private pure returns (uint256 arc, Element value) {
        Element pair = list.read(position, Der.SEQUENCE);
        position = pair.skip(pair.start(), head, length);
        arc = Der.byteAt(position);
        unchecked {
            value = pair.readAny(position + 1); // far below 2^256, like every position
        }
        pair.requireLast(value);
    }

    function _mark(uint256 found, uint256 arc, uint256 offset) private pure returns (uint256) {
        uint256 bit = 1 << arc;
        if (found & bit != 0) revert DuplicateSgxElement(offset, arc);
        return found | bit;
    }

    function _octets(Element value, uint256 length) private pure returns (bytes32) {
        value.requireTag(Der.OCTET_STRING);
        return value.content(length);
    }

    function _number(Element value, uint256 expected, uint256 most) private pure returns (uint256) {
        value.requireTag(expected);
        return value.number(most);
    }
}
