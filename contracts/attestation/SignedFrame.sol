// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Der, Element} from "./Der.sol";

/// @title The frame that certificates and revocation lists share: signed part, algorithm, signature
library SignedFrame {
    /// @dev AlgorithmIdentifier of ecdsa-with-SHA256, 1.2.840.10045.4.3.2, without parameters.
    bytes32 private constant ALGORITHM = bytes12(0x300a06082a8648ce3d040302);

    /// @notice Reads the frame.
    /// @return signed The signed part, a SEQUENCE.
    /// @return hash sha256 of it.
    /// @return r Of the signature; any number of up to 256 bits.
    /// @return s Of the signature; any number of up to 256 bits.
    function open(bytes calldata input) internal pure returns (Element signed, bytes32 hash, bytes32 r, bytes32 s) {
        Element whole = Der.only(input, Der.SEQUENCE);
        signed = whole.first(Der.SEQUENCE);
        Element bits = whole.last(skipAlgorithm(whole, signed.stop()), Der.BIT_STRING);
        // The first byte counts unused bits: none.
        Element pair = bits.last(bits.skip(bits.start(), 0, 1), Der.SEQUENCE);
        Element first = pair.first(Der.INTEGER);
        Element second = pair.last(first.stop(), Der.INTEGER);
        (r, s) = (bytes32(first.number(type(uint256).max)), bytes32(second.number(type(uint256).max)));
        hash = sha256(input[signed.offset():signed.offsetOf(signed.stop())]);
    }

    /// @notice Requires the only algorithm at a position inside `parent` and returns the position after it.
    function skipAlgorithm(Element parent, uint256 position) internal pure returns (uint256) {
        return parent.skip(position, ALGORITHM, 12);
    }
}
