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

    /// @param id The identifier as `Der.oid` gives it.
    /// @param value The OCTET STRING, whose content is the extension's own DER.
    /// @param next The position after the extension.
    struct Extension {
        bytes32 id;
        bool critical;
        Element value;
        uint256 next;
    }

    /// @notice What remembers the extensions of one list, to find one that comes twice.
    function noneSeen() internal pure returns (bytes32[] memory) {
        return new bytes32[](MOST);
    }

    /// @notice Reads the extension at a position inside `list`.
    /// @param seen From `noneSeen`; the identifier is put there at `count`.
    function read(
        Element list,
        uint256 position,
        bytes32[] memory seen,
        uint256 count
    ) internal pure returns (Extension memory extension) {
        Element whole = list.read(position, Der.SEQUENCE);
        Element id = whole.first(Der.OID);
        position = id.stop();
        if (Der.tagAt(position) == Der.BOOLEAN) {
            Element critical = whole.read(position, Der.BOOLEAN);
            // DER leaves out a value that is the default, FALSE.
            require(critical.boolean(), Der.DerContent(critical.offset()));
            (extension.critical, position) = (true, critical.stop());
        }
        extension.value = whole.read(position, Der.OCTET_STRING);
        whole.requireLast(extension.value);
        (extension.id, extension.next) = (id.oid(), whole.stop());
        require(count < MOST, TooManyExtensions(whole.offset()));
        for (uint256 i = 0; i < count; i++) require(seen[i] != extension.id, DuplicateExtension(extension.id));
        seen[count] = extension.id;
    }

    /// @notice Reads a list of which nothing is understood: none may be critical. The list may not be empty.
    function requireNoneCritical(Element list) internal pure {
        bytes32[] memory seen = noneSeen();
        uint256 count;
        uint256 position = list.start();
        do {
            Extension memory extension = read(list, position, seen, count++);
            require(!extension.critical, UnknownCriticalExtension(extension.id));
            position = extension.next;
        } while (position < list.stop());
    }
}
