// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";

/// @title Extensions of certificates, revocation lists and their entries
library Extensions {
    /// @notice The extension is critical and not among those that are understood here. `id` is the identifier's DER content,
    /// its length in the last byte.
    error UnknownCriticalExtension(bytes32 id);
    error DuplicateExtension(bytes32 id);
    /// @notice More than 16 extensions.
    error TooManyExtensions(uint256 offset);

    uint256 private constant MOST = 16;
    bytes32 private constant TRUE = bytes3(0x0101ff);

    /// @notice What remembers the extensions of one list, to find one that comes twice.
    function noneSeen() internal pure returns (bytes32[] memory) {
        return new bytes32[](MOST);
    }

    /// @notice Reads the extension at a position inside `list`.
    /// @param seen From `noneSeen`; the identifier is put there at `count`.
    /// @return id The identifier as `Der.oid` gives it.
    /// @return critical Whether a reader that does not know the extension has to refuse the whole.
    /// @return value The OCTET STRING, which holds the extension's own DER. The extension ends with it.
    function read(
        Element list,
        uint256 position,
        bytes32[] memory seen,
        uint256 count
    ) internal pure returns (bytes32 id, bool critical, Element value) {
        Element whole = list.read(position, Der.SEQUENCE);
        Element identifier = whole.first(Der.OID);
        id = identifier.oid();
        position = identifier.stop();
        critical = Der.byteAt(position) == Der.BOOLEAN;
        // DER leaves out a value that is the default, FALSE.
        if (critical) position = whole.skip(position, TRUE, 3);
        value = whole.last(position, Der.OCTET_STRING);
        if (count == MOST) revert TooManyExtensions(whole.offset());
        for (uint256 i = 0; i < count; i++) if (seen[i] == id) revert DuplicateExtension(id);
        seen[count] = id;
    }

    /// @notice Reads a list of which nothing is understood: none may be critical. The list may not be empty.
    function requireNoneCritical(Element list) internal pure {
        bytes32[] memory seen = noneSeen();
        uint256 count;
        uint256 position = list.start();
        do {
            (bytes32 id, bool critical, Element value) = read(list, position, seen, count++);
            require(!critical, UnknownCriticalExtension(id));
            position = value.stop();
        } while (position < list.stop());
    }
}
