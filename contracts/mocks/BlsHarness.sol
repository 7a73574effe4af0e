// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlsBn254} from "../libraries/BlsBn254.sol";

/// @title Opens the internal functions of BlsBn254 to tests, in batches
contract BlsHarness {
    struct Point {
        uint256 x;
        uint256 y;
    }

    function hashToPoints(bytes32[] calldata messages) external view returns (Point[] memory points) {
        points = new Point[](messages.length);
        for (uint256 i = 0; i < messages.length; i++) (points[i].x, points[i].y) = BlsBn254.hashToPoint(messages[i]);
    }

    function mapToPoints(uint256[] calldata elements) external view returns (Point[] memory points) {
        points = new Point[](elements.length);
        for (uint256 i = 0; i < elements.length; i++) (points[i].x, points[i].y) = BlsBn254.mapToPoint(elements[i]);
    }

    function hashToField(bytes32 message) external pure returns (uint256, uint256) {
        return BlsBn254.hashToField(message);
    }

    function isOnCurve(uint256 x, uint256 y) external pure returns (bool) {
        return BlsBn254.isOnCurve(x, y);
    }

    function isPublicKey(uint256[4] memory key) external view returns (bool) {
        return BlsBn254.isPublicKey(key);
    }

    /// @return valid Whether the signature is the key's.
    /// @return gasUsed Gas of the check alone.
    function isSignature(
        bytes32 message,
        uint256 x,
        uint256 y,
        uint256[4] memory key
    ) external view returns (bool valid, uint256 gasUsed) {
        uint256 before = gasleft();
        valid = BlsBn254.isSignature(message, x, y, key);
        gasUsed = before - gasleft();
    }
}
