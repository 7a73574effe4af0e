// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Drawings that can do nothing but show
/// @notice A strict grammar instead of a list of what is forbidden:
///
///             drawing = 1*(space shape) space                          space = *( SP / LF )
///             shape   = "<" name *( SP attribute ) *1SP "/>"            name  = rect, circle, ellipse, line, polyline, polygon, path
///             attribute = attributename "=" DQUOTE value DQUOTE         each at most once in a shape
///             value   = *( letters, digits, SP . , - + # % )
///
///         Without children, text, colons, parentheses and ampersands there are no scripts, handlers, styles, links,
///         functions such as url(), entities, comments or sections. What passes is well-formed XML.
library SvgShapes {
    /// @dev Bit c is set for the bytes of a value.
    uint256 private constant IN_VALUE = 0x7fffffe07fffffe03ff782900000000;
    /// @dev Bit c is set for the bytes of a name: small letters, digits, hyphen.
    uint256 private constant IN_NAME = 0x7fffffe0000000003ff200000000000;
    uint256 private constant LONGEST_NAME = 16;
    /// @dev What `_shapeEnd` finds where no shape is: no shape ends at the beginning.
    uint256 private constant NONE = 0;

    /// @notice Whether the text is a drawing.
    /// @dev At most about 250 gas a byte, whatever the text: bound its length first.
    function isDrawing(bytes calldata text) internal pure returns (bool) {
        bytes memory t = bytes.concat(text, bytes2(0)); // no rule goes beyond a zero byte
        uint256 i = _spaceEnd(t, 0);
        if (i == text.length) return false;
        while (i < text.length) {
            i = _shapeEnd(t, i);
            if (i == NONE) return false;
            i = _spaceEnd(t, i);
        }
        return true;
    }

    /// @dev Index after the shape that begins at `i`.
    function _shapeEnd(bytes memory t, uint256 i) private pure returns (uint256) {
        unchecked {
            // indices are below the text's length and a few bytes
            bytes32 name;
            if (_at(t, i) != "<") return NONE;
            (i, name) = _nameEnd(t, i + 1);
            if (!_isShape(name)) return NONE;
            uint256 seen = 0;
            while (_at(t, i) == " " && _at(t, i + 1) != "/") {
                (i, name) = _nameEnd(t, i + 1);
                uint256 bit = _bitOf(name);
                if (bit == 0 || seen & bit != 0) return NONE;
                seen |= bit;
                if (_at(t, i) != "=" || _at(t, i + 1) != '"') return NONE;
                i = _valueEnd(t, i + 2);
                if (_at(t, i) != '"') return NONE;
                ++i;
            }
            if (_at(t, i) == " ") ++i;
            return _at(t, i) == "/" && _at(t, i + 1) == ">" ? i + 2 : NONE;
        }
    }

    /// @dev The name that begins at `i`, and the index after it; no name if it is longer than any that is known.
    function _nameEnd(bytes memory t, uint256 i) private pure returns (uint256, bytes32 name) {
        unchecked {
            uint256 from = i; // i >= from, and both are indices
            for (; (IN_NAME >> uint8(_at(t, i))) & 1 == 1; ++i) {
                if (i - from == LONGEST_NAME) return (i, 0);
                name |= bytes32(_at(t, i)) >> (8 * (i - from));
            }
            return (i, name);
        }
    }

    function _valueEnd(bytes memory t, uint256 i) private pure returns (uint256) {
        unchecked {
            while ((IN_VALUE >> uint8(_at(t, i))) & 1 == 1) ++i; // stops at a zero byte
        }
        return i;
    }

    function _spaceEnd(bytes memory t, uint256 i) private pure returns (uint256) {
        unchecked {
            while (_at(t, i) == " " || _at(t, i) == 0x0a) ++i; // stops at a zero byte
        }
        return i;
    }

    /// @dev A byte of a text that two zero bytes follow; each rule looks at most one byte beyond one that is not zero.
    function _at(bytes memory t, uint256 i) private pure returns (bytes1 c) {
        assembly ("memory-safe") {
            c := and(mload(add(add(t, 0x20), i)), shl(248, 0xff)) // within the array, by the above
        }
    }

    function _isShape(bytes32 name) private pure returns (bool) {
        return
            name == "rect" ||
            name == "circle" ||
            name == "path" ||
            name == "line" ||
            name == "ellipse" ||
            name == "polygon" ||
            name == "polyline";
    }

    /// @dev A bit of its own for each attribute; 0 for any other name.
    // a table: solhint counts each line as a branch
    // solhint-disable-next-line code-complexity
    function _bitOf(bytes32 name) private pure returns (uint256) {
        if (name == "x") return 1 << 0;
        if (name == "y") return 1 << 1;
        if (name == "width") return 1 << 2;
        if (name == "height") return 1 << 3;
        if (name == "fill") return 1 << 4;
        if (name == "cx") return 1 << 5;
        if (name == "cy") return 1 << 6;
        if (name == "r") return 1 << 7;
        if (name == "stroke") return 1 << 8;
        if (name == "stroke-width") return 1 << 9;
        if (name == "d") return 1 << 10;
        if (name == "points") return 1 << 11;
        if (name == "x1") return 1 << 12;
        if (name == "y1") return 1 << 13;
        if (name == "x2") return 1 << 14;
        if (name == "y2") return 1 << 15;
        if (name == "rx") return 1 << 16;
        if (name == "ry") return 1 << 17;
        if (name == "opacity") return 1 << 18;
        if (name == "fill-opacity") return 1 << 19;
        return 0;
    }
}
