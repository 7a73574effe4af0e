// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One element of DER in calldata, as four positions in calldata: start of the whole input(64) | of the element(64) |
///      of its content(64) | end of the element(64).
type Element is uint256;

using Der for Element global;

/// @title A strict reader of DER (X.690) over calldata
/// @notice Definite lengths in their shortest form, of at most 3 bytes. Nothing beyond the end of the enclosing element is
/// ever used. Errors name the offset from the start of the input to the element.
library Der {
    /// @notice Another type of element was expected here.
    error DerTag(uint256 offset, uint256 found, uint256 expected);
    /// @notice The length is indefinite, not in its shortest form, or of more than 3 bytes.
    error DerLengthForm(uint256 offset);
    /// @notice The element does not fit the one around it.
    error DerBeyondEnd(uint256 offset);
    /// @notice There are bytes after the last element.
    error DerTrailing(uint256 offset);
    /// @notice The content of the element is not in the form that DER asks for, or longer than what is known.
    error DerContent(uint256 offset);

    uint256 internal constant BOOLEAN = 0x01;
    uint256 internal constant INTEGER = 0x02;
    uint256 internal constant BIT_STRING = 0x03;
    uint256 internal constant OCTET_STRING = 0x04;
    uint256 internal constant OID = 0x06;
    uint256 internal constant ENUMERATED = 0x0a;
    uint256 internal constant SEQUENCE = 0x30;
    uint256 internal constant SET = 0x31;

    uint256 private constant POSITION = 0xffffffffffffffff;
    uint256 private constant HIGH_BITS = 0x8080808080808080808080808080808080808080808080808080808080808080;

    /* ELEMENTS */

    /// @notice The one element that the whole input is.
    function only(bytes calldata input, uint256 expected) internal pure returns (Element element) {
        uint256 from;
        assembly ("memory-safe") {
            from := input.offset
        }
        // Positions fit 64 bits: no calldata is that long.
        Element whole = Element.wrap((from << 192) | (from << 128) | (from << 64) | (from + input.length));
        element = whole.read(from, expected);
        whole.requireLast(element);
    }

    /// @notice The element of type `expected` at a position inside `self`.
    function read(Element self, uint256 position, uint256 expected) internal pure returns (Element) {
        uint256 found = tagAt(position);
        require(found == expected, DerTag(self.offsetOf(position), found, expected));
        return self.readAny(position);
    }

    /// @notice The first element inside `self`.
    function first(Element self, uint256 expected) internal pure returns (Element) {
        return self.read(self.start(), expected);
    }

    /// @notice The only element inside `self`.
    function inner(Element self, uint256 expected) internal pure returns (Element element) {
        element = self.first(expected);
        self.requireLast(element);
    }

    /// @notice The element at a position inside `self`, of whatever type.
    /// @dev What is loaded from beyond the end only makes lengths longer than can be, so one comparison in the end does.
    function readAny(Element self, uint256 position) internal pure returns (Element) {
        uint256 length;
        uint256 from = position + 2;
        assembly ("memory-safe") {
            length := byte(1, calldataload(position))
        }
        if (length > 0x7f) (length, from) = _longLength(self, position, length & 0x7f);
        uint256 to = from + length;
        require(to <= self.stop(), DerBeyondEnd(self.offsetOf(position)));
        return Element.wrap((Element.unwrap(self) & (POSITION << 192)) | (position << 128) | (from << 64) | to);
    }

    function _longLength(Element self, uint256 position, uint256 width) private pure returns (uint256 length, uint256 from) {
        require(width > 0 && width < 4, DerLengthForm(self.offsetOf(position)));
        assembly ("memory-safe") {
            length := shr(sub(256, shl(3, width)), calldataload(add(position, 2)))
        }
        uint256 least = width == 1 ? 0x80 : 1 << (8 * (width - 1));
        require(length >= least, DerLengthForm(self.offsetOf(position)));
        from = position + 2 + width;
    }

    /// @notice Requires the first `length` bytes of `pattern` (at most 32) at a position inside `self`.
    /// @return The position after them.
    function skip(Element self, uint256 position, bytes32 pattern, uint256 length) internal pure returns (uint256) {
        uint256 difference;
        assembly ("memory-safe") {
            difference := shr(sub(256, shl(3, length)), xor(calldataload(position), pattern))
        }
        require(difference == 0 && position + length <= self.stop(), DerContent(self.offsetOf(position)));
        return position + length;
    }

    /// @notice Requires that nothing follows `child` inside `self`.
    function requireLast(Element self, Element child) internal pure {
        require(child.stop() == self.stop(), DerTrailing(self.offsetOf(child.stop())));
    }

    /* POSITIONS */

    /// @notice Where the content begins.
    function start(Element self) internal pure returns (uint256) {
        return (Element.unwrap(self) >> 64) & POSITION;
    }

    /// @notice Where the element ends.
    function stop(Element self) internal pure returns (uint256) {
        return Element.unwrap(self) & POSITION;
    }

    /// @notice Bytes of content.
    function size(Element self) internal pure returns (uint256) {
        return self.stop() - self.start();
    }

    /// @notice Where the element begins, counted from the start of the input.
    function offset(Element self) internal pure returns (uint256) {
        return self.offsetOf((Element.unwrap(self) >> 128) & POSITION);
    }

    /// @notice A position, counted from the start of the input.
    function offsetOf(Element self, uint256 position) internal pure returns (uint256) {
        return position - (Element.unwrap(self) >> 192);
    }

    /// @notice The type of the element.
    function tag(Element self) internal pure returns (uint256) {
        return tagAt((Element.unwrap(self) >> 128) & POSITION);
    }

    /// @notice The byte at a position; zero from the end of calldata on.
    function tagAt(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(position))
        }
    }

    /* CONTENTS */

    /// @notice The content of `length` bytes (at most 32), to the left, then zeros.
    function content(Element self, uint256 length) internal pure returns (bytes32 word) {
        require(self.size() == length, DerContent(self.offset()));
        uint256 from = self.start();
        assembly ("memory-safe") {
            let unused := sub(256, shl(3, length))
            word := shl(unused, shr(unused, calldataload(from)))
        }
    }

    /// @notice An INTEGER or ENUMERATED from zero to `most`, in as few bytes as can be.
    function number(Element self, uint256 most) internal pure returns (uint256 value) {
        (uint256 from, uint256 length) = (self.start(), self.size());
        // A first byte from 0x80 on is a negative number; a first byte zero only spares the next one from being that.
        uint256 head = tagAt(from);
        if (head == 0 && length > 1) {
            (from, length) = (from + 1, length - 1);
            require(tagAt(from) > 0x7f, DerContent(self.offset()));
        } else {
            require(head < 0x80, DerContent(self.offset()));
        }
        require(length > 0 && length <= 32, DerContent(self.offset()));
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), calldataload(from))
        }
        require(value <= most, DerContent(self.offset()));
    }

    /// @notice A BOOLEAN: 0x00 or 0xff.
    function boolean(Element self) internal pure returns (bool) {
        uint256 value = uint256(self.content(1)) >> 248;
        require(value == 0 || value == 0xff, DerContent(self.offset()));
        return value == 0xff;
    }

    /// @notice An object identifier of at most 31 bytes: they are to the left, their number is in the last byte.
    /// @dev Each arc takes as few bytes as can be: none begins with 0x80, and the last one ends.
    function oid(Element self) internal pure returns (bytes32) {
        uint256 length = self.size();
        require(length > 0 && length < 32, DerContent(self.offset()));
        uint256 word = uint256(self.content(length));
        uint256 continues = word & HIGH_BITS;
        // High bit of each byte that is 0x80: set in the byte, clear in the sum, which has no carry between bytes.
        uint256 padding = continues & ~((word & ~HIGH_BITS) + ~HIGH_BITS);
        require(padding & ~(continues >> 8) == 0, DerContent(self.offset()));
        require((word >> (256 - 8 * length)) & 0x80 == 0, DerContent(self.offset()));
        return bytes32(word | length);
    }

    /// @notice keccak256 of the content.
    function contentHash(Element self) internal pure returns (bytes32) {
        return _hash(self.start(), self.size());
    }

    /// @notice keccak256 of the whole element.
    function elementHash(Element self) internal pure returns (bytes32) {
        uint256 from = (Element.unwrap(self) >> 128) & POSITION;
        return _hash(from, self.stop() - from);
    }

    function _hash(uint256 from, uint256 length) private pure returns (bytes32 hash) {
        // Writes only beyond the free pointer.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, from, length)
            hash := keccak256(buffer, length)
        }
    }
}
