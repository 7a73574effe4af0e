// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";
import {DerTime} from "./DerTime.sol";
import {Extensions} from "./Extensions.sol";
import {Names} from "./Names.sol";
import {SignedFrame} from "./SignedFrame.sol";

/// @param tbsHash sha256 of the signed part
/// @param r of the signature, not yet looked at
/// @param s of the signature, not yet looked at
/// @param x of the subject's key, not yet looked at
/// @param y of the subject's key, not yet looked at
/// @param issuer keccak256 of the DER Name
/// @param subject keccak256 of the DER Name
/// @param commonName keccak256 of the text of the subject's common name
/// @param serial above zero, of at most 160 bits
/// @param notBefore Unix seconds, inclusive
/// @param notAfter Unix seconds, inclusive
/// @param isCa whether the basic constraints say so
/// @param keyUsage bits of X.509, the first one being 0x8000; zero if there is no such extension
/// @param sgxOffset from the start of the certificate to the content of Intel's SGX extension
/// @param sgxLength bytes of that content; zero if there is no such extension
struct Certificate {
    bytes32 tbsHash;
    bytes32 r;
    bytes32 s;
    bytes32 x;
    bytes32 y;
    bytes32 issuer;
    bytes32 subject;
    bytes32 commonName;
    uint256 serial;
    uint40 notBefore;
    uint40 notAfter;
    bool isCa;
    uint256 keyUsage;
    uint256 sgxOffset;
    uint256 sgxLength;
}

/// @title X.509 certificates, version 3, with keys on P-256 that sign by ECDSA with SHA-256 (RFC 5280)
/// @notice Reads and judges the form alone: signature, issuer, times and purposes are for the caller to judge.
/// @dev A path length is read and not kept. In a chain of root, authority and end entity no value of it forbids anything
/// below the authority: even zero allows end entities.
library X509 {
    uint256 internal constant DIGITAL_SIGNATURE = 0x8000;
    uint256 internal constant KEY_CERT_SIGN = 0x0400;
    uint256 internal constant CRL_SIGN = 0x0200;

    bytes32 private constant BASIC_CONSTRAINTS = bytes32(bytes3(0x551d13)) | bytes32(uint256(3)); // 2.5.29.19
    bytes32 private constant KEY_USAGE = bytes32(bytes3(0x551d0f)) | bytes32(uint256(3)); // 2.5.29.15
    bytes32 private constant SGX = bytes32(bytes9(0x2a864886f84d010d01)) | bytes32(uint256(9)); // 1.2.840.113741.1.13.1

    /// @dev [0] { INTEGER 2 }: version 3.
    bytes32 private constant VERSION_3 = bytes5(0xa003020102);
    /// @dev SubjectPublicKeyInfo of id-ecPublicKey on prime256v1, up to the 64 bytes of an uncompressed point.
    bytes32 private constant KEY_HEAD = bytes27(0x3059301306072a8648ce3d020106082a8648ce3d03010703420004);
    bytes32 private constant TRUE = bytes3(0x0101ff);
    uint256 private constant EXTENSIONS = 0xa3; // [3], constructed

    /// @notice Reads a certificate in strict DER, without trailing bytes.
    function parse(bytes calldata der) internal pure returns (Certificate memory certificate) {
        Element tbs;
        (tbs, certificate.tbsHash, certificate.r, certificate.s) = SignedFrame.open(der);
        Element serial = tbs.read(tbs.skip(tbs.start(), VERSION_3, 5), Der.INTEGER);
        certificate.serial = serial.number(type(uint160).max);
        if (certificate.serial == 0) revert Der.DerContent(serial.offset());
        Element issuer = tbs.read(SignedFrame.skipAlgorithm(tbs, serial.stop()), Der.SEQUENCE);
        certificate.issuer = issuer.elementHash();
        Element validity = tbs.read(issuer.stop(), Der.SEQUENCE);
        _readValidity(validity, certificate);
        Element subject = tbs.read(validity.stop(), Der.SEQUENCE);
        certificate.subject = subject.elementHash();
        certificate.commonName = Names.commonNameHash(subject);
        Element extensions = tbs.last(_readKey(tbs, subject.stop(), certificate), EXTENSIONS);
        _readExtensions(extensions.inner(Der.SEQUENCE), certificate);
    }

    function _readValidity(Element validity, Certificate memory certificate) private pure {
        uint256 position = validity.start();
        (certificate.notBefore, position) = DerTime.read(validity, position);
        (certificate.notAfter, position) = DerTime.read(validity, position);
        validity.requireEnd(position);
    }

    /// @dev Returns the position after the key.
    function _readKey(
        Element tbs,
        uint256 position,
        Certificate memory certificate
    ) private pure returns (uint256 next) {
        position = tbs.skip(position, KEY_HEAD, 27);
        unchecked {
            next = position + 64; // far below 2^256, like every position
            if (next > tbs.stop()) revert Der.DerBeyondEnd(tbs.offsetOf(position));
            certificate.x = bytes32(Der.loadAt(position));
            certificate.y = bytes32(Der.loadAt(position + 32));
        }
    }

    function _readExtensions(Element list, Certificate memory certificate) private pure {
        bytes32[] memory seen = Extensions.noneSeen();
        uint256 count;
        uint256 position = list.start();
        do {
            (bytes32 id, bool critical, Element value) = Extensions.read(list, position, seen, count++);
            if (id == BASIC_CONSTRAINTS) certificate.isCa = _readBasicConstraints(value);
            else if (id == KEY_USAGE) certificate.keyUsage = _readKeyUsage(value);
            else if (id == SGX)
                (certificate.sgxOffset, certificate.sgxLength) = (value.offsetOf(value.start()), value.size());
            else require(!critical, Extensions.UnknownCriticalExtension(id));
            position = value.stop();
        } while (position < list.stop());
    }

    function _readBasicConstraints(Element value) private pure returns (bool isCa) {
        Element constraints = value.inner(Der.SEQUENCE);
        if (constraints.size() == 0) return false;
        // DER leaves out a value that is the default, FALSE, and only authorities have a path length.
        uint256 position = constraints.skip(constraints.start(), TRUE, 3);
        if (position < constraints.stop()) constraints.last(position, Der.INTEGER).number(type(uint8).max);
        return true;
    }

    /// @dev A list of named bits: as few bytes as can be, so the last bit that counts is set and unused ones are not.
    function _readKeyUsage(Element value) private pure returns (uint256 bits) {
        Element usage = value.inner(Der.BIT_STRING);
        uint256 size = usage.size();
        if (size != 2 && size != 3) revert Der.DerContent(usage.offset());
        uint256 content = uint256(usage.content(size));
        uint256 unused = content >> 248;
        bits = (content >> 232) & 0xffff;
        uint256 present = size == 2 ? bits >> 8 : bits;
        bool isShortest = unused < 8 && present & ((2 << (unused & 7)) - 1) == 1 << unused;
        if (!isShortest) revert Der.DerContent(usage.offset());
    }
}
