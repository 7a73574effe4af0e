// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Text to and from language models
/// @notice What goes in from strangers is bounded, plain and quoted; what comes out counts if it is one of the labels asked for.
library ModelText {
    /// @dev Bit c is set for the bytes that may be quoted: letters, digits, space and ! # $ % & ' ( ) * + , - . / : ; = ? @ ^ _ ~.
    ///      Not among them: control bytes and line ends, quotes that would end the quotation, < > [ ] { } | \ `, of which the
    ///      frames and special tokens of models are made, and bytes above 0x7e, which hide invisible characters.
    uint256 private constant QUOTABLE = 0x47fffffec7ffffffaffffffb00000000;

    /// @dev A longer text is no label, however much of it is space: looking at it takes gas of the callback.
    uint256 private constant MAX_LABEL_TEXT = 128;

    bytes1 private constant SEPARATOR = "|";

    /// @notice The text is empty or longer than the contract takes, in bytes.
    error InvalidTextLength(uint256 given, uint256 most);
    /// @notice The text holds a byte that is not quoted; leave it out.
    error ForbiddenByte(uint256 index, bytes1 found);

    /// @notice A stranger's text between double quotes, which it cannot hold itself.
    /// @param most bytes of text, without the quotes
    function quote(string memory text, uint256 most) internal pure returns (bytes memory) {
        bytes memory plain = bytes(text);
        require(plain.length != 0 && plain.length <= most, InvalidTextLength(plain.length, most));
        for (uint256 i = 0; i < plain.length; ++i) {
            require((QUOTABLE >> uint8(plain[i])) & 1 == 1, ForbiddenByte(i, plain[i]));
        }
        return bytes.concat('"', plain, '"');
    }

    /// @notice Number of the label that the text is, from 1; 0 if it is none. Spaces and line ends around it do not matter;
    ///         anything else does: case, a full stop, a word more. A text above 128 bytes is none.
    /// @param labels between bars, as in "approve|reject"
    function labelOf(bytes calldata text, string memory labels) internal pure returns (uint256) {
        if (text.length > MAX_LABEL_TEXT) return 0;
        bytes memory word = trim(text);
        bytes memory list = bytes(labels);
        uint256 from = 0;
        uint256 number = 1;
        unchecked {
            // lengths and indices are below 2^64, and from <= i
            for (uint256 i = 0; i <= list.length; ++i) {
                if (i != list.length && list[i] != SEPARATOR) continue;
                if (i - from == word.length && word.length != 0 && _isAt(list, from, word)) return number;
                (from, number) = (i + 1, number + 1);
            }
        }
        return 0;
    }

    /// @notice The text without ASCII white space (tab, LF, VT, FF, CR, space) around it.
    function trim(bytes calldata text) internal pure returns (bytes calldata) {
        uint256 from = 0;
        uint256 to = text.length;
        unchecked {
            // from <= to <= length throughout
            while (from < to && _isSpace(text[from])) ++from;
            while (to > from && _isSpace(text[to - 1])) --to;
        }
        return text[from:to];
    }

    /// @dev Whether the list has the word there; it goes on for at least as long.
    function _isAt(bytes memory list, uint256 from, bytes memory word) private pure returns (bool same) {
        assembly ("memory-safe") {
            // hashes of two ranges within the arrays
            let length := mload(word)
            same := eq(keccak256(add(add(list, 0x20), from), length), keccak256(add(word, 0x20), length))
        }
    }

    function _isSpace(bytes1 c) private pure returns (bool) {
        return c == " " || (c >= 0x09 && c <= 0x0d);
    }
}
