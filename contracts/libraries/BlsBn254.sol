// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title BLS signatures on BN254: signatures in G1, public keys in G2
/// @notice RFC 9380 suite BN254G1_XMD:KECCAK-256_SVDW_RO_ and the pairing check e(signature, -G2) * e(H(message), key) = 1.
/// @dev G1 is y^2 = x^3 + 3 over the field of `P` elements and has prime order, so every point of it is in the subgroup.
/// P = 3 (mod 4), hence -1 is no square, and for any a other than 0 one exponentiation e = a^((P - 3) / 4) tells all:
/// e^2 * a = a^((P - 1) / 2) is 1 if a is a square and -1 if not, (a * e)^2 = e^2 * a * a is a or -a, and the inverse of a
/// is +-e^2. The map below lives on that: it needs one MODEXP (at least 4,000 gas under EIP-7883) for half of all
/// inputs, two for the other half, where the plain reading of the RFC needs up to six.
library BlsBn254 {
    /// @notice A precompile of EIP-196, EIP-197 or EIP-198 gave no result: give the call more gas, or this chain lacks it.
    error PrecompileFailed(uint256 precompile);

    /// @dev Field modulus: 36t^4 + 36t^3 + 24t^2 + 6t + 1 with t = 4965661367192848881 (EIP-196).
    uint256 internal constant P = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;
    /// @dev 2^256 mod P, to reduce numbers of more than one word.
    uint256 private constant WORD = (type(uint256).max % P) + 1;
    uint256 private constant HALF_WORD = 1 << 128;
    /// @dev (P - 3) / 4, see above.
    uint256 private constant EXPONENT = 0x0c19139cb84c680a6e14116da060561765e05aa45a1c72a34f082305b61f3f51;

    /// @dev Domain separation tag "BLS_SIG_BN254G1_XMD:KECCAK-256_SVDW_RO_NUL_" followed by its length, 43, and preceded by
    /// I2OSP(96, 2) || I2OSP(0, 1), the end of expand_message_xmd's first input.
    bytes32 private constant TAG_HEAD = "\x00\x60\x00BLS_SIG_BN254G1_XMD:KECCAK-25";
    bytes32 private constant TAG_TAIL = "6_SVDW_RO_NUL_\x2b";

    /// @dev SVDW constants for g(x) = x^3 + 3 and Z = 1 (RFC 9380, 6.6.1 and appendix H.1): c1 = g(Z) = 4; c2 = -Z / 2;
    /// c3 = the even square root of -g(Z) * 3Z^2 = -12; c4 = -4 * g(Z) / (3Z^2) = -16 / 3.
    uint256 private constant C2 = (P - 1) / 2;
    uint256 private constant C3 = 0x16789af3a83522eb353c98fc6b36d713d5d8d1cc5dffffffa;
    uint256 private constant C4 = 0x10216f7ba065e00de81ac1e7808072c9dd2b2385cd7b438469602eb24829a9bd;
    /// @dev sqrt(c4)^3 / -g(Z), either root; see `_otherPoint`.
    uint256 private constant C5 = 0x10216f7ba065e00ca883ed41b6704946e80631f19fc4a5f887ff31909d7eff1d;
    /// @dev A square root of g(c2) = 23 / 8: where the map is exceptional.
    uint256 private constant ROOT_AT_C2 = 0x0a6ea289876b139cfe2cd1f08c065a2ab4aad542eaccb013520ea36934e877b4;

    /// @dev The generator of G2 as EIP-197 gives it, y negated.
    uint256 private constant NEG_G2_X1 = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant NEG_G2_X0 = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant NEG_G2_Y1 = 0x275dc4a288d1afb3cbb1ac09187524c7db36395df7be3b99e673b13a075a65ec;
    uint256 private constant NEG_G2_Y0 = 0x1d9befcd05a5323e6da4d435f3b617cdb3af83285c2df711ef39c01571827f9d;

    uint256 private constant MODEXP = 5;
    uint256 private constant EC_ADD = 6;
    uint256 private constant PAIRING = 8;

    /* SIGNATURES */

    /// @notice Whether (x, y) is `key`'s signature over `message`. The point must have passed `isOnCurve`, the key `isPublicKey`.
    function isSignature(
        bytes32 message,
        uint256 x,
        uint256 y,
        uint256[4] memory key
    ) internal view returns (bool valid) {
        (uint256 hashX, uint256 hashY) = hashToPoint(message);
        bool success;
        // Writes only beyond the free pointer and to scratch space; reads the four words of `key`.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, x)
            mstore(add(input, 0x20), y)
            mstore(add(input, 0x40), NEG_G2_X1)
            mstore(add(input, 0x60), NEG_G2_X0)
            mstore(add(input, 0x80), NEG_G2_Y1)
            mstore(add(input, 0xa0), NEG_G2_Y0)
            mstore(add(input, 0xc0), hashX)
            mstore(add(input, 0xe0), hashY)
            mcopy(add(input, 0x100), key, 0x80)
            success := staticcall(gas(), PAIRING, input, 0x180, 0, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            valid := eq(mload(0), 1)
        }
        require(success, PrecompileFailed(PAIRING));
    }

    /// @notice Whether (x, y) is a point of G1 in its only encoding: coordinates below P, and not infinity, which has none.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        return x < P && y < P && mulmod(y, y, P) == _g(x);
    }

    /// @notice Whether (x1, x0, y1, y0) is a point of the pairing's subgroup of G2 other than infinity.
    function isPublicKey(uint256[4] memory key) internal view returns (bool valid) {
        // Writes only beyond the free pointer and to scratch space. e(G1, key) fails for what is not in the subgroup and
        // is 1 for infinity alone. A failing precompile keeps its gas, so it gets a share: one pair costs 79,000 (EIP-1108).
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 1)
            mstore(add(input, 0x20), 2)
            mcopy(add(input, 0x40), key, 0x80)
            valid := staticcall(500000, PAIRING, input, 0xc0, 0, 0x20)
            valid := and(and(valid, eq(returndatasize(), 0x20)), iszero(mload(0)))
        }
    }

    /* HASH TO CURVE */

    /// @notice hash_to_curve of a 32-byte message (RFC 9380, section 3). The cofactor is 1.
    function hashToPoint(bytes32 message) internal view returns (uint256 x, uint256 y) {
        (uint256 u0, uint256 u1) = hashToField(message);
        (uint256 x0, uint256 y0) = mapToPoint(u0);
        (uint256 x1, uint256 y1) = mapToPoint(u1);
        bool success;
        // Writes only beyond the free pointer.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, x0)
            mstore(add(buffer, 0x20), y0)
            mstore(add(buffer, 0x40), x1)
            mstore(add(buffer, 0x60), y1)
            success := staticcall(gas(), EC_ADD, buffer, 0x80, buffer, 0x40)
            success := and(success, eq(returndatasize(), 0x40))
            x := mload(buffer)
            y := mload(add(buffer, 0x20))
        }
        require(success, PrecompileFailed(EC_ADD));
    }

    /// @notice hash_to_field with count = 2 and L = 48 over expand_message_xmd with Keccak-256 (RFC 9380, sections 5.2, 5.3.1).
    /// @return u0 Below P.
    /// @return u1 Below P.
    function hashToField(bytes32 message) internal pure returns (uint256 u0, uint256 u1) {
        (bytes32 head, bytes32 tail) = (TAG_HEAD, TAG_TAIL);
        (uint256 b1, uint256 b2, uint256 b3) = (0, 0, 0);
        // Writes 232 bytes beyond the free pointer: Z_pad (136, the rate of Keccak-256) || message || head || tail. The
        // later inputs, a word || counter || tag, end where the first one ends and so use the same tag in place.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, calldatasize(), 136) // zeros
            mstore(add(buffer, 136), message)
            mstore(add(buffer, 168), head)
            mstore(add(buffer, 200), tail)
            let b0 := keccak256(buffer, 215)
            let start := add(buffer, 138)
            mstore(start, b0)
            mstore8(add(start, 32), 1)
            b1 := keccak256(start, 77)
            mstore(start, xor(b0, b1))
            mstore8(add(start, 32), 2)
            b2 := keccak256(start, 77)
            mstore(start, xor(b0, b2))
            mstore8(add(start, 32), 3)
            b3 := keccak256(start, 77)
        }
        u0 = addmod(mulmod(b1, HALF_WORD, P), b2 >> 128, P); // the first 48 bytes of b1 || b2 || b3
        u1 = addmod(mulmod(b2 % HALF_WORD, WORD, P), b3, P); // the last 48 bytes
    }

    /// @notice map_to_curve_svdw (RFC 9380, section 6.6.1): the first of three candidates x whose g(x) is a square, with the
    /// root of the same parity as u.
    /// @dev The RFC's first candidate is c2 - u * c3 * (1 - 4u^2) / d with d = (1 + 4u^2) * (1 - 4u^2). Written as n / d, its
    /// g(x) is (n^3 + 3d^3) / d^3 and a square exactly if a = (n^3 + 3d^3) * d = g(x) * d^4 is. The one exponentiation of a
    /// gives that, the root, and the inverse of d. a = 0 only if d = 0: no point of the curve has y = 0.
    /// @param u Below P.
    function mapToPoint(uint256 u) internal view returns (uint256 x, uint256 y) {
        uint256 square = mulmod(4, mulmod(u, u, P), P);
        uint256 tv1 = addmod(1, P - square, P);
        uint256 tv2 = 1 + square; // at most P
        uint256 d = mulmod(tv1, tv2, P);
        if (d == 0) return (C2, _withParityOf(u, ROOT_AT_C2)); // 4u^2 = 1: the RFC's inv0(0) = 0 leaves x = c2
        uint256 n = addmod(mulmod(C2, d, P), P - mulmod(mulmod(u, tv1, P), C3, P), P);
        uint256 cubes = addmod(_cube(n), mulmod(3, _cube(d), P), P);
        uint256 a = mulmod(cubes, d, P);
        uint256 e = _power(a);
        uint256 e2 = mulmod(e, e, P);
        bool isSquare = mulmod(e2, a, P) == 1;
        uint256 inverse = mulmod(isSquare ? e2 : P - e2, cubes, P);
        x = mulmod(n, inverse, P);
        y = mulmod(mulmod(a, e, P), mulmod(inverse, inverse, P), P); // y^2 is g(x), or -g(x)
        if (!isSquare) (x, y) = _otherPoint(x, y, mulmod(mulmod(tv2, tv2, P), inverse, P));
        y = _withParityOf(u, y);
    }

    /// @dev The second candidate, -Z - x1, or else the third, Z + c4 * w^2.
    ///
    /// The third needs no exponentiation. With t = x3 and h = Z^2 + Z*x1 + x1^2, the construction has t = Z + s^2 where
    /// s = sqrt(c4) * w and s^2 = -g(Z) / h, and from g(a) - g(b) = (a - b)(a^2 + ab + b^2) follow g(x1) = h(x1 - t),
    /// g(x2) = h(x2 - t) and g(t) = s^2 (t - x1)(t - x2). So g(t) = (s / h)^2 g(x1) g(x2), and as g(x1) and g(x2) are minus
    /// the squares of root1 and root2, a root of g(t) is root1 * root2 * s / h = root1 * root2 * s^3 / -g(Z).
    /// @param root1 A root of -g(x1).
    /// @param w (1 + 4u^2)^2 / d.
    function _otherPoint(uint256 x1, uint256 root1, uint256 w) private view returns (uint256 x, uint256 y) {
        x = addmod(P - 1, P - x1, P);
        uint256 a = _g(x);
        y = mulmod(a, _power(a), P);
        if (mulmod(y, y, P) == a) return (x, y);
        x = addmod(1, mulmod(C4, mulmod(w, w, P), P), P);
        y = mulmod(mulmod(C5, _cube(w), P), mulmod(root1, y, P), P);
    }

    /// @dev y or -y, whichever has u's parity: sgn0 of RFC 9380, section 4.1. y is not 0.
    function _withParityOf(uint256 u, uint256 y) private pure returns (uint256) {
        return u % 2 == y % 2 ? y : P - y;
    }

    function _g(uint256 x) private pure returns (uint256) {
        return addmod(_cube(x), 3, P);
    }

    function _cube(uint256 a) private pure returns (uint256) {
        return mulmod(a, mulmod(a, a, P), P);
    }

    /// @dev base^((P - 3) / 4) mod P.
    function _power(uint256 base) private view returns (uint256 result) {
        bool success;
        // Writes only beyond the free pointer and to scratch space.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 0x20)
            mstore(add(input, 0x20), 0x20)
            mstore(add(input, 0x40), 0x20)
            mstore(add(input, 0x60), base)
            mstore(add(input, 0x80), EXPONENT)
            mstore(add(input, 0xa0), P)
            success := staticcall(gas(), MODEXP, input, 0xc0, 0, 0x20)
            success := and(success, eq(returndatasize(), 0x20))
            result := mload(0)
        }
        require(success, PrecompileFailed(MODEXP));
    }
}
