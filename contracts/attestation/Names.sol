// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";

/// @title Names of issuers and subjects
library Names {
    /// @notice A name needs exactly one common name, a UTF8String or PrintableString.
    error CommonNameMissingOrAmbiguous(uint256 offset);

    bytes32 private constant COMMON_NAME = bytes32(bytes3(0x550403)) | bytes32(uint256(3)); // 2.5.4.3
    uint256 private constant UTF8_STRING = 0x0c;
    uint256 private constant PRINTABLE_STRING = 0x13;
    uint256 private constant LONG_TAG = 0x1f; // in the low five bits: the tag goes on in the next byte

    /// @notice keccak256 of the common name's text. Each set of the name holds one attribute.
    function commonNameHash(Element name) internal pure returns (bytes32 hash) {
        uint256 position = name.start();
        while (position < name.stop()) {
            Element set = name.read(position, Der.SET);
            position = set.stop();
            Element attribute = set.inner(Der.SEQUENCE);
            Element kind = attribute.first(Der.OID);
            Element value = attribute.readAny(kind.stop());
            attribute.requireLast(value);
            if (value.tag() & LONG_TAG == LONG_TAG) revert Der.DerContent(value.offset());
            if (kind.oid() == COMMON_NAME) {
                bool isText = value.tag() == UTF8_STRING || value.tag() == PRINTABLE_STRING;
                require(isText && hash == 0, CommonNameMissingOrAmbiguous(name.offset()));
                hash = value.contentHash();
            }
        }
        require(hash != 0, CommonNameMissingOrAmbiguous(name.offset()));
    }
}
