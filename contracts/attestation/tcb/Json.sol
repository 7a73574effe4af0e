// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Tokens of a strict JSON text in calldata
/// @notice RFC 8259 without white space, without escapes and without bytes beyond ASCII in strings. Intel's signed
/// texts have none.
/// @dev A position is an absolute offset in calldata. Every function takes the position of its token, reads the token
/// and returns the position behind it. No function looks at where the text ends. That is safe because positions only
/// grow, every byte that is accepted is passed exactly once, and `close` demands that the last position is the text's
/// end: a text that was read beyond its end fails there at the latest. No step overflows: beyond calldata every byte
/// reads as zero, no token begins with zero, so a position stays within a token's length of the calldata's size.
///
/// In what runs for each token of a text, errors are thrown behind an `if`: `require` computes their arguments in any
/// case.
library Json {
    /// @notice The text has something else here than what JSON or Intel's format allows, or white space, an escape or a
    /// byte beyond ASCII. `near` is what follows, 32 bytes; zeros mean that the text ended too early.
    error JsonUnexpected(bytes32 near);
    /// @notice A number is above its bound: this is no text of the format that the contract knows.
    error JsonNumberTooLarge(uint256 value, uint256 most);
    /// @notice The JSON object ended after `read` bytes and not at the end: pass the signed text only, nothing behind
    /// it.
    error JsonLengthWrong(uint256 read, uint256 length);
    /// @notice The text has more bytes than any text of Intel's.
    error JsonTooLong(uint256 length, uint256 most);
    /// @notice An object has the same key twice.
    error JsonKeyTwice(bytes32 key);

    /// @dev 32 KiB; the longest texts known have 9 KB.
    uint256 internal constant MAX_LENGTH = 32_768;

    uint256 internal constant QUOTE = 0x22;
    uint256 internal constant COMMA = 0x2c;
    uint256 internal constant COLON = 0x3a;
    uint256 internal constant OPEN_ARRAY = 0x5b;
    uint256 internal constant CLOSE_ARRAY = 0x5d;
    uint256 internal constant OPEN_OBJECT = 0x7b;
    uint256 internal constant CLOSE_OBJECT = 0x7d;
    uint256 private constant QUOTE_AND_COLON = 0x223a;

    /// @dev Constants for the 32 bytes of a word at once.
    uint256 private constant LOW_7_BITS = 0x7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f;
    uint256 private constant HIGH_BIT = 0x8080808080808080808080808080808080808080808080808080808080808080;
    uint256 private constant ONES = 0x0101010101010101010101010101010101010101010101010101010101010101;
    uint256 private constant TWOS = 0x0202020202020202020202020202020202020202020202020202020202020202;
    uint256 private constant ABOVE_20 = 0x5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f;
    uint256 private constant BACKSLASHES = 0x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c;

    /* THE TEXT */

    /// @notice Where the text begins.
    function open(bytes calldata text) internal pure returns (uint256 pos) {
        require(text.length <= MAX_LENGTH, JsonTooLong(text.length, MAX_LENGTH));
        assembly ("memory-safe") {
            pos := text.offset
        }
    }

    /// @notice Requires that the text ends at `pos`.
    function close(bytes calldata text, uint256 pos) internal pure {
        uint256 start = open(text);
        require(pos == start + text.length, JsonLengthWrong(pos - start, text.length));
    }

    /* BYTES */

    /// @notice The byte at a position.
    function peek(uint256 pos) internal pure returns (uint256 character) {
        assembly ("memory-safe") {
            character := byte(0, calldataload(pos))
        }
    }

    /// @notice The 32 bytes from a position on.
    function peekWord(uint256 pos) internal pure returns (bytes32 word) {
        assembly ("memory-safe") {
            word := calldataload(pos)
        }
    }

    /// @notice Refuses what stands here.
    function unexpected(uint256 pos) internal pure {
        revert JsonUnexpected(peekWord(pos));
    }

    /// @notice Passes one byte, which has to be `character`.
    function expect(uint256 pos, uint256 character) internal pure returns (uint256 next) {
        if (peek(pos) != character) unexpected(pos);
        unchecked {
            return pos + 1; // no overflow, see the library's proof
        }
    }

    /// @notice Passes a comma or the end of an object or array.
    /// @param closing The byte that ends the object or array.
    /// @return another Whether it was a comma.
    function more(uint256 pos, uint256 closing) internal pure returns (bool another, uint256 next) {
        uint256 character = peek(pos);
        unchecked {
            next = pos + 1; // no overflow, see the library's proof
        }
        if (character == COMMA) return (true, next);
        if (character != closing) unexpected(pos);
    }

    /* STRINGS */

    /// @notice Passes a key and its colon.
    /// @return name The key, left-aligned; keys of no byte or of more than 31 are nobody's and read as zero.
    function key(uint256 pos) internal pure returns (bytes32 name, uint256 next) {
        if (peek(pos) != QUOTE) unexpected(pos);
        unchecked {
            // No overflow, see the library's proof. No shift loses what it should keep: below 32 bytes it is below 256.
            name = peekWord(++pos);
            next = stringEnd(pos);
            name = next - pos < 32 ? name & ~bytes32(type(uint256).max >> (8 * (next - pos))) : bytes32(0);
            if (uint256(peekWord(next)) >> 240 != QUOTE_AND_COLON) unexpected(next);
            next += 2;
        }
    }

    /// @notice Passes a string.
    /// @return word Its first 32 bytes, zero behind its end. As no string has zero bytes, `word` is the whole string if
    /// `length <= 32`.
    function text32(uint256 pos) internal pure returns (bytes32 word, uint256 length, uint256 next) {
        pos = expect(pos, QUOTE);
        word = peekWord(pos);
        next = stringEnd(pos);
        unchecked {
            length = next - pos; // no underflow
            if (length < 32) word &= ~bytes32(type(uint256).max >> (8 * length)); // a shift below 256
        }
        next = expect(next, QUOTE);
    }

    /// @notice Passes a string and forgets it.
    function skipString(uint256 pos) internal pure returns (uint256 next) {
        if (peek(pos) != QUOTE) unexpected(pos);
        unchecked {
            next = stringEnd(pos + 1); // no overflow, see the library's proof
            if (peek(next) != QUOTE) unexpected(next);
            ++next;
        }
    }

    /// @notice Position of the first byte from `pos` on that no plain string holds.
    function stringEnd(uint256 pos) internal pure returns (uint256 end) {
        unchecked {
            while (true) {
                uint256 plain = _plainBytes(peekWord(pos));
                pos += plain; // no overflow, see the library's proof
                if (plain < 32) return pos;
            }
        }
    }

    /// @dev How many bytes come before the first quote, backslash, control character or byte beyond ASCII; 32 if there
    /// is none. Bytes do not meet: with the high bit cleared a byte is at most 0x7f, and both sums are at most 0x7f +
    /// 0x7f = 0xfe. A byte XOR 0x02 is at most 0x20 for a quote (0x22) and for what is below 0x20, and above 0x20 for
    /// all others; so the first sum has its high bit for those others only. The second has it for all but a backslash.
    /// What is left of HIGH_BIT marks the bytes that stop. Smeared to the right, the marks are as many as there are bytes
    /// from the first stop on, and the product adds them up in its highest byte. (CLZ would do, but not before Osaka.)
    function _plainBytes(bytes32 word) private pure returns (uint256 count) {
        assembly ("memory-safe") {
            let x := and(word, LOW_7_BITS)
            let plain := and(add(xor(x, TWOS), ABOVE_20), add(xor(x, BACKSLASHES), LOW_7_BITS))
            let marks := shr(7, and(or(not(plain), word), HIGH_BIT))
            marks := or(marks, shr(8, marks))
            marks := or(marks, shr(16, marks))
            marks := or(marks, shr(32, marks))
            marks := or(marks, shr(64, marks))
            marks := or(marks, shr(128, marks))
            count := sub(32, shr(248, mul(marks, ONES))) // at most 32 marks
        }
    }

    /* NUMBERS */

    /// @notice Passes a whole number without sign, fraction, exponent or leading zero.
    /// @param most Bound of the value, 9..2^64.
    function number(uint256 pos, uint256 most) internal pure returns (uint256 value, uint256 next) {
        unchecked {
            value = peek(pos) - 0x30; // a byte below "0" wraps and is refused
            if (value > 9) unexpected(pos);
            next = pos + 1; // no overflow, see the library's proof
            if (value == 0) return (0, next); // a digit behind a leading zero is refused by whoever reads on
            for (uint256 digit = peek(next) - 0x30; digit < 10; digit = peek(++next) - 0x30) {
                value = 10 * value + digit; // at most 10 * 2^64 + 9
                if (value > most) revert JsonNumberTooLarge(value, most);
            }
        }
    }

    /* KEYS */

    /// @notice Notes that an object has the key that `bit` stands for.
    function mark(uint256 seen, uint256 bit, bytes32 name) internal pure returns (uint256) {
        if (seen & bit != 0) revert JsonKeyTwice(name);
        return seen | bit;
    }
}
