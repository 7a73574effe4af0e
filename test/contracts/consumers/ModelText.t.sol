// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ModelText} from "../../../contracts/consumers/ModelText.sol";
import {TextHarness} from "../../../contracts/mocks/TextHarness.sol";

/// @dev Texts to and from models, for any bytes.
contract ModelTextTest {
    string private constant LABELS = "approve|reject|hold";

    TextHarness private _harness = new TextHarness();

    error NotHeld(string property, bytes text);

    function testFuzz_WhatIsQuotedIsPlainAndBetweenQuotes(string memory text, uint8 most) public view {
        bytes memory plain = bytes(text);
        try _harness.quote(text, most) returns (bytes memory quoted) {
            require(plain.length > 0 && plain.length <= most, NotHeld("length", plain));
            require(keccak256(quoted) == keccak256(abi.encodePacked('"', plain, '"')), NotHeld("unchanged", plain));
            require(_firstForbidden(plain) == plain.length, NotHeld("plain", plain));
        } catch (bytes memory reason) {
            uint256 index = _firstForbidden(plain);
            if (plain.length == 0 || plain.length > most) {
                _requireReason(reason, abi.encodeCall(this.lengthError, (plain.length, most)), plain);
            } else {
                require(index < plain.length, NotHeld("refused for nothing", plain));
                _requireReason(reason, abi.encodeCall(this.byteError, (index, plain[index])), plain);
            }
        }
    }

    function testFuzz_PlainTextIsQuoted(bytes32 seed, uint8 length) public view {
        bytes memory plain = new bytes(uint256(length) + 1);
        bytes memory alphabet = bytes(ALPHABET);
        for (uint256 i = 0; i < plain.length; ++i) {
            plain[i] = alphabet[uint256(keccak256(abi.encode(seed, i))) % alphabet.length];
        }
        bytes memory quoted = _harness.quote(string(plain), plain.length);
        require(quoted.length == plain.length + 2, NotHeld("quoted", plain));
    }

    function testFuzz_SpaceAroundALabelDoesNotMatter(uint256 seed, uint8 left, uint8 right) public view {
        bytes memory label = [bytes("approve"), "reject", "hold"][seed % 3];
        bytes memory text = abi.encodePacked(_spaces(seed, left % 40), label, _spaces(seed >> 8, right % 40));
        require(_harness.labelOf(text, LABELS) == (seed % 3) + 1, NotHeld("found", text));
    }

    function testFuzz_AnyOtherByteMakesItNoLabel(uint256 seed, bytes1 c, uint8 place) public view {
        bytes memory label = [bytes("approve"), "reject", "hold"][seed % 3];
        if (_isSpace(c) && (place % (label.length + 1) == 0 || place % (label.length + 1) == label.length)) return;
        bytes memory text = new bytes(label.length + 1);
        uint256 index = place % text.length;
        for (uint256 i = 0; i < text.length; ++i) text[i] = i == index ? c : label[i < index ? i : i - 1];
        require(_harness.labelOf(text, LABELS) == 0, NotHeld("none", text));
    }

    function testFuzz_ALongTextIsNoLabel(uint256 seed, uint16 spaces) public view {
        bytes memory text = bytes.concat(_spaces(seed, spaces), "hold");
        require(_harness.labelOf(text, LABELS) == (text.length > 128 ? 0 : 3), NotHeld("long", text));
    }

    function test_ListsOfLabels() public view {
        require(_harness.labelOf("", "") == 0, NotHeld("empty text", ""));
        require(_harness.labelOf("", "|") == 0, NotHeld("empty label", ""));
        require(_harness.labelOf("  ", "a||b") == 0, NotHeld("only space", ""));
        require(_harness.labelOf("a|b", "a|b") == 0, NotHeld("two labels", ""));
        require(_harness.labelOf("b", "a||b") == 3, NotHeld("counted", ""));
        require(_harness.labelOf("a", "a") == 1, NotHeld("alone", ""));
        require(_harness.labelOf("Approve", LABELS) == 0, NotHeld("case", ""));
        require(_harness.labelOf("approve.", LABELS) == 0, NotHeld("full stop", ""));
        require(_harness.labelOf("approve\nreject", LABELS) == 0, NotHeld("two lines", ""));
        require(_harness.labelOf(bytes.concat("approve", hex"c2a0"), LABELS) == 0, NotHeld("another space", ""));
        require(_harness.labelOf(hex"00", LABELS) == 0, NotHeld("zero", ""));
        require(_harness.labelOf("approve\x00", LABELS) == 0, NotHeld("zero behind", ""));
    }

    string private constant ALPHABET =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !#$%&'()*+,-./:;=?@^_~";

    /// @dev Index of the first byte that is not in the alphabet, or the length.
    function _firstForbidden(bytes memory text) private pure returns (uint256 index) {
        bytes memory alphabet = bytes(ALPHABET);
        for (; index < text.length; ++index) {
            bool isKnown = false;
            for (uint256 i = 0; i < alphabet.length && !isKnown; ++i) isKnown = alphabet[i] == text[index];
            if (!isKnown) return index;
        }
    }

    function _isSpace(bytes1 c) private pure returns (bool) {
        return c == " " || c == "\t" || c == "\n" || c == "\r" || c == 0x0b || c == 0x0c;
    }

    function _spaces(uint256 seed, uint256 count) private pure returns (bytes memory spaces) {
        bytes memory kinds = " \t\n\r\x0b\x0c";
        spaces = new bytes(count);
        for (uint256 i = 0; i < count; ++i) spaces[i] = kinds[(seed >> i) % kinds.length];
    }

    /* ERRORS, by their arguments alone */

    function lengthError(uint256, uint256) external pure {}

    function byteError(uint256, bytes1) external pure {}

    function _requireReason(bytes memory reason, bytes memory call, bytes memory text) private pure {
        bool isLength = bytes4(call) == this.lengthError.selector;
        bytes4 selector = isLength ? ModelText.InvalidTextLength.selector : ModelText.ForbiddenByte.selector;
        require(bytes4(reason) == selector && reason.length == call.length, NotHeld("named error", text));
        for (uint256 i = 4; i < reason.length; ++i) require(reason[i] == call[i], NotHeld("arguments", text));
    }
}
