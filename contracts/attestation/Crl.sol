// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";
import {DerTime} from "./DerTime.sol";
import {Extensions} from "./Extensions.sol";
import {SignedFrame} from "./SignedFrame.sol";

/// @param tbsHash sha256 of the signed part
/// @param r of the signature, not yet looked at
/// @param s of the signature, not yet looked at
/// @param issuer keccak256 of the DER Name
/// @param thisUpdate Unix seconds, inclusive
/// @param nextUpdate Unix seconds, inclusive
/// @param serial that the entry revokes, of at most 160 bits
struct Revocation {
    bytes32 tbsHash;
    bytes32 r;
    bytes32 s;
    bytes32 issuer;
    uint40 thisUpdate;
    uint40 nextUpdate;
    uint256 serial;
}

/// @title Certificate revocation lists, version 2 (RFC 5280, section 5)
/// @notice Reads and judges the form alone: signature, issuer and times are for the caller to judge.
library Crl {
    /// @notice No entry of the list begins there.
    error NotAnEntry(uint256 entryOffset);
    /// @notice The entry's reason takes an earlier revocation back.
    error NotARevocation(uint256 entryOffset);

    bytes32 private constant REASON = bytes32(bytes3(0x551d15)) | bytes32(uint256(3)); // 2.5.29.21
    uint256 private constant REMOVE_FROM_CRL = 8;
    uint256 private constant MAX_REASON = 10;

    /// @dev INTEGER 1: version 2.
    bytes32 private constant VERSION_2 = bytes3(0x020101);
    uint256 private constant EXTENSIONS = 0xa0; // [0], constructed

    /// @notice What the entry says that begins `entryOffset` bytes from the start of `crl`.
    /// @dev Walks over the headers of all entries: cheap beside the calldata, and an offset into an entry finds nothing.
    function revocationAt(
        bytes calldata crl,
        uint256 entryOffset
    ) internal pure returns (Revocation memory revocation) {
        Element tbs;
        (tbs, revocation.tbsHash, revocation.r, revocation.s) = SignedFrame.open(crl);
        uint256 position = SignedFrame.skipAlgorithm(tbs, tbs.skip(tbs.start(), VERSION_2, 3));
        Element issuer = tbs.read(position, Der.SEQUENCE);
        revocation.issuer = issuer.elementHash();
        (revocation.thisUpdate, position) = DerTime.read(tbs, issuer.stop());
        (revocation.nextUpdate, position) = DerTime.read(tbs, position);
        // A list without entries has nothing here, or the extensions.
        require(position < tbs.stop() && Der.byteAt(position) == Der.SEQUENCE, NotAnEntry(entryOffset));
        Element entries = tbs.read(position, Der.SEQUENCE);
        revocation.serial = _readEntry(_entryAt(entries, entryOffset), entryOffset);
        if (entries.stop() == tbs.stop()) return revocation;
        Element extensions = tbs.last(entries.stop(), EXTENSIONS);
        Extensions.requireNoneCritical(extensions.inner(Der.SEQUENCE));
    }

    function _entryAt(Element entries, uint256 entryOffset) private pure returns (Element found) {
        bool isFound = false;
        uint256 to = entries.stop();
        for (uint256 position = entries.start(); position < to;) {
            Element entry = entries.read(position, Der.SEQUENCE);
            if (entry.offset() == entryOffset) (found, isFound) = (entry, true);
            position = entry.stop();
        }
        require(isFound, NotAnEntry(entryOffset));
    }

    function _readEntry(Element entry, uint256 entryOffset) private pure returns (uint256 serial) {
        Element number = entry.first(Der.INTEGER);
        serial = number.number(type(uint160).max);
        (, uint256 position) = DerTime.read(entry, number.stop());
        if (position == entry.stop()) return serial;
        Element list = entry.last(position, Der.SEQUENCE);
        bytes32[] memory seen = Extensions.noneSeen();
        uint256 count;
        position = list.start();
        do {
            (bytes32 id, bool critical, Element value) = Extensions.read(list, position, seen, count++);
            if (id == REASON) _requireRevoking(value, entryOffset);
            else require(!critical, Extensions.UnknownCriticalExtension(id));
            position = value.stop();
        } while (position < list.stop());
    }

    function _requireRevoking(Element value, uint256 entryOffset) private pure {
        uint256 reason = value.inner(Der.ENUMERATED).number(MAX_REASON);
        require(reason != REMOVE_FROM_CRL, NotARevocation(entryOffset));
    }
}
