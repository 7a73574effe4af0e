// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One element of DER in calldata, as four positions in calldata: start of the whole input(32) | of the element(32) |
///      of its content(32) | end of the element(32).
type Element is uint256;

using Der for Element global;

/// @title A strict reader of DER (X.690) over calldata
/// @notice Definite lengths in their shortest form, of at most 3 bytes. Nothing beyond the end of the enclosing element is
/// ever used. Errors name the offset from the start of the input to the element.
/// @dev Positions fit 32 bits: calldata of 4 GB costs more gas than any block has. What is computed before it is compared
/// with an end exceeds that by a header and a length, so nothing overflows. An element begins at or after the start of the
/// input and never ends before its content begins, so nothing underflows.
/// Errors are thrown behind `if`, because the arguments of `require` are computed also where the condition holds.
library Der {
    /// @notice Another type of element was expected here.
    error DerTag(uint256 offset, uint256 found, uint256 expected);
    /// @notice The length is indefinite, not in its shortest form, or of more than 3 bytes.
    error DerLengthForm(uint256 offset);
    /// @notice The element does not fit the one around it.
    error DerBeyondEnd(uint256 offset);
    /// @notice There are bytes after the last element.
    error DerTrailing(uint256 offset);
    /// @notice The content of the element is not in the form that DER asks for, or not what is needed here.
    error DerContent(uint256 offset);

    uint256 internal constant BOOLEAN = 0x01;
    uint256 internal constant INTEGER = 0x02;
    uint256 internal constant BIT_STRING = 0x03;
    uint256 internal constant OCTET_STRING = 0x04;
    uint256 internal constant OID = 0x06;
    uint256 internal constant ENUMERATED = 0x0a;
    uint256 internal constant SEQUENCE = 0x30;
    uint256 internal constant SET = 0x31;

    uint256 private constant POSITION = 0xffffffff;
    uint256 private constant HIGH_BITS = 0x8080808080808080808080808080808080808080808080808080808080808080;

    /* ELEMENTS */

    /// @notice The one element that the whole input is.
    function only(bytes calldata input, uint256 expected) internal pure returns (Element element) {
        uint256 from;
        assembly ("memory-safe") {
            from := input.offset
        }
        Element whole = Element.wrap((from << 96) | (from << 64) | (from << 32) | (from + input.length));
        return whole.inner(expected);
    }

    /// @notice The element of type `expected` at a position inside `self`.
    function read(Element self, uint256 position, uint256 expected) internal pure returns (Element) {
        uint256 found = byteAt(position);
        if (found != expected) revert DerTag(self.offsetOf(position), found, expected);
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

    /// @notice The last element inside `self`, at a position inside it.
    function last(Element self, uint256 position, uint256 expected) internal pure returns (Element element) {
        element = self.read(position, expected);
        self.requireLast(element);
    }

    /// @notice The element at a position inside `self`, of whatever type.
    /// @dev What is loaded from beyond the end only puts the end further off, so one comparison in the end is enough.
    function readAny(Element self, uint256 position) internal pure returns (Element) {
        unchecked {
            uint256 length = byteAt(position + 1);
            uint256 from = position + 2;
            if (length > 0x7f) (length, from) = _longLength(self, position, length & 0x7f);
            uint256 to = from + length;
            if (to > self.stop()) revert DerBeyondEnd(self.offsetOf(position));
            return Element.wrap(((Element.unwrap(self) >> 96) << 96) | (position << 64) | (from << 32) | to);
        }
    }

    function _longLength(
        Element self,
        uint256 position,
        uint256 width
    ) private pure returns (uint256 length, uint256 from) {
        unchecked {
            from = position + 2;
            length = loadAt(from) >> (256 - 8 * width);
            uint256 least = width == 1 ? 0x80 : 1 << (8 * (width - 1));
            // Also no width at all is refused here: the difference wraps around.
            if (width - 1 > 2 || length < least) revert DerLengthForm(self.offsetOf(position));
            from += width;
        }
    }

    /// @notice Requires the first `length` bytes of `pattern` (at most 32) at a position inside `self`.
    /// @return The position after them.
    function skip(Element self, uint256 position, bytes32 pattern, uint256 length) internal pure returns (uint256) {
        unchecked {
            bool isThere = (loadAt(position) ^ uint256(pattern)) >> (256 - 8 * length) == 0;
            if (!isThere || position + length > self.stop()) revert DerContent(self.offsetOf(position));
            return position + length;
        }
    }

    /// @notice Requires that nothing follows `child` inside `self`.
    function requireLast(Element self, Element child) internal pure {
        self.requireEnd(child.stop());
    }

    /// @notice Requires that `self` ends at a position.
    function requireEnd(Element self, uint256 position) internal pure {
        if (position != self.stop()) revert DerTrailing(self.offsetOf(position));
    }

    /// @notice Requires that `self` is of a type.
    function requireTag(Element self, uint256 expected) internal pure {
        if (self.tag() != expected) revert DerTag(self.offset(), self.tag(), expected);
    }

    /* POSITIONS */

    /// @notice Where the content begins.
    function start(Element self) internal pure returns (uint256) {
        return (Element.unwrap(self) >> 32) & POSITION;
    }

    /// @notice Where the element ends.
    function stop(Element self) internal pure returns (uint256) {
        return Element.unwrap(self) & POSITION;
    }

    /// @notice Bytes of content.
    function size(Element self) internal pure returns (uint256) {
        unchecked {
            return self.stop() - self.start();
        }
    }

    /// @notice Where the element begins, counted from the start of the input.
    function offset(Element self) internal pure returns (uint256) {
        return self.offsetOf((Element.unwrap(self) >> 64) & POSITION);
    }

    /// @notice A position, counted from the start of the input.
    function offsetOf(Element self, uint256 position) internal pure returns (uint256) {
        unchecked {
            return position - (Element.unwrap(self) >> 96);
        }
    }

    /// @notice The type of the element.
    function tag(Element self) internal pure returns (uint256) {
        return byteAt((Element.unwrap(self) >> 64) & POSITION);
    }

    /// @notice The byte at a position; zero from the end of calldata on.
    function byteAt(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := byte(0, calldataload(position))
        }
    }

    /// @notice The 32 bytes from a position on; zeros from the end of calldata on.
    function loadAt(uint256 position) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(position)
        }
    }

    /* CONTENTS */

    /// @notice The content of `length` bytes (at most 32), to the left, then zeros.
    function content(Element self, uint256 length) internal pure returns (bytes32) {
        if (self.size() != length) revert DerContent(self.offset());
        unchecked {
            uint256 unused = 256 - 8 * length;
            return bytes32((loadAt(self.start()) >> unused) << unused);
        }
    }

    /// @notice The number in an INTEGER or ENUMERATED, from zero to `most`, in as few bytes as can be.
    /// @dev Of the first nine bits the first one is the sign, and if all are zero then the first byte says nothing. So
    /// 33 bytes fit 256 bits exactly if the first byte is zero.
    function number(Element self, uint256 most) internal pure returns (uint256 value) {
        unchecked {
            (uint256 from, uint256 length) = (self.start(), self.size());
            uint256 word = loadAt(from);
            uint256 nineBits = word >> 247;
            if (nineBits > 0xff || (nineBits == 0 && length > 1)) revert DerContent(self.offset());
            if (length - 1 < 32) value = word >> (256 - 8 * length);
            else if (length == 33 && nineBits == 1) value = loadAt(from + 1);
            else revert DerContent(self.offset()); // longer, or empty: then the difference above wraps around
            if (value > most) revert DerContent(self.offset());
        }
    }

    /// @notice The value of a BOOLEAN: 0x00 or 0xff.
    function boolean(Element self) internal pure returns (bool) {
        uint256 value = uint256(self.content(1)) >> 248;
        if (value != 0 && value != 0xff) revert DerContent(self.offset());
        return value == 0xff;
    }

    /// @notice The object identifier, of at most 31 bytes: they are to the left, their number is in the last byte.
    /// @dev Each arc takes as few bytes as can be: none begins with 0x80, and the last one ends.
    function oid(Element self) internal pure returns (bytes32) {
        uint256 length = self.size();
        if (length == 0 || length > 31) revert DerContent(self.offset());
        uint256 word = uint256(self.content(length));
        uint256 continues = word & HIGH_BITS;
        unchecked {
            // The high bit of each byte that is 0x80: set in the byte, and not in the sum, which carries nothing over.
            uint256 zeroDigits = continues & ~((word & ~HIGH_BITS) + ~HIGH_BITS);
            uint256 endsOpen = (word >> (256 - 8 * length)) & 0x80;
            if (zeroDigits & ~(continues >> 8) != 0 || endsOpen != 0) revert DerContent(self.offset());
        }
        return bytes32(word | length);
    }

    /// @notice keccak256 of the content.
    function contentHash(Element self) internal pure returns (bytes32) {
        return _hash(self.start(), self.size());
    }

    /// @notice keccak256 of the whole element.
    function elementHash(Element self) internal pure returns (bytes32) {
        unchecked {
            uint256 from = (Element.unwrap(self) >> 64) & POSITION;
            return _hash(from, self.stop() - from);
        }
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
