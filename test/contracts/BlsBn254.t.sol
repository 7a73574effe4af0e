// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BlsBn254} from "../../contracts/libraries/BlsBn254.sol";

/// @dev What must hold for any input. Equality with the RFC's own steps is tested against TypeScript.
contract BlsBn254Test {
    uint256 private constant P = BlsBn254.P;
    uint256 private constant ONE_HALF = (P + 1) / 2;

    error NotHeld(string property, uint256 a, uint256 b);

    function testFuzz_MapLandsOnCurveWithTheParityOfItsInput(uint256 u) public view {
        u %= P;
        (uint256 x, uint256 y) = BlsBn254.mapToPoint(u);
        require(BlsBn254.isOnCurve(x, y), NotHeld("on curve", x, y));
        require(y % 2 == u % 2, NotHeld("parity", y, u));
    }

    /// @dev Negating u swaps the first two candidates, whose sum is -1, and leaves the third.
    function testFuzz_MapOfNegatedInputIsNegatedPointOrTheOtherCandidate(uint256 u) public view {
        u = 1 + (u % (P - 1));
        (uint256 x, uint256 y) = BlsBn254.mapToPoint(u);
        (uint256 negX, uint256 negY) = BlsBn254.mapToPoint(P - u);
        if (x == negX) require(y + negY == P, NotHeld("negated y", y, negY));
        else require(addmod(x, negX, P) == P - 1, NotHeld("other candidate", x, negX));
    }

    /// @dev 4u^2 = 1 is where the RFC's inversion meets zero; u = 0 meets the same x without it.
    function test_ExceptionalInputsLandOnMinusOneHalf() public view {
        uint256[3] memory inputs = [ONE_HALF, P - ONE_HALF, 0];
        for (uint256 i = 0; i < inputs.length; i++) {
            (uint256 x, uint256 y) = BlsBn254.mapToPoint(inputs[i]);
            require(x == P - ONE_HALF, NotHeld("x is -1/2", x, inputs[i]));
            require(BlsBn254.isOnCurve(x, y) && y % 2 == inputs[i] % 2, NotHeld("y", y, inputs[i]));
        }
    }

    function testFuzz_HashIsAPointAndItsFieldElementsAreReduced(bytes32 message) public view {
        (uint256 x, uint256 y) = BlsBn254.hashToPoint(message);
        require(BlsBn254.isOnCurve(x, y), NotHeld("on curve", x, y));
        (uint256 u0, uint256 u1) = BlsBn254.hashToField(message);
        require(u0 < P && u1 < P && u0 != u1, NotHeld("reduced", u0, u1));
    }

    /// @dev The free memory pointer points at garbage here: nothing may be taken for zero.
    function testFuzz_HashDoesNotDependOnDirtyMemory(bytes32 message, uint256 garbage) public view {
        (uint256 x, uint256 y) = BlsBn254.hashToPoint(message);
        assembly ("memory-safe") {
            let free := mload(0x40)
            for {
                let i := 0
            } lt(i, 0x400) {
                i := add(i, 0x20)
            } {
                mstore(add(free, i), not(garbage))
            }
        }
        (uint256 dirtyX, uint256 dirtyY) = BlsBn254.hashToPoint(message);
        require(x == dirtyX && y == dirtyY, NotHeld("same point", x, dirtyX));
    }

    function testFuzz_OnlyTheReducedEncodingOfAPointIsOnCurve(bytes32 message) public view {
        (uint256 x, uint256 y) = BlsBn254.hashToPoint(message);
        require(BlsBn254.isOnCurve(x, P - y), NotHeld("negated point", x, y));
        require(!BlsBn254.isOnCurve(x + P, y), NotHeld("x not reduced", x, y));
        require(!BlsBn254.isOnCurve(x, y + P), NotHeld("y not reduced", x, y));
        require(!BlsBn254.isOnCurve(x, y == P - 1 ? 0 : y + 1), NotHeld("off curve", x, y));
    }

    function testFuzz_ArbitraryWordsAreNoSignature(bytes32 message, uint256 x, uint256 y) public view {
        require(!BlsBn254.isOnCurve(x, y), NotHeld("off curve", x, y)); // 2^-254 of all pairs are on it
        (uint256 hashX, uint256 hashY) = BlsBn254.hashToPoint(message);
        require(!BlsBn254.isSignature(message, hashX, hashY, _twice()), NotHeld("signature", hashX, hashY));
    }

    /// @dev The key of secret 1 is the generator of G2, so the signature is the hash itself.
    function testFuzz_SecretKeyOneSignsWithTheHashItself(bytes32 message) public view {
        (uint256 x, uint256 y) = BlsBn254.hashToPoint(message);
        require(BlsBn254.isSignature(message, x, y, _generator()), NotHeld("signature", x, y));
        require(!BlsBn254.isSignature(message, x, P - y, _generator()), NotHeld("negated", x, y));
    }

    function test_PublicKeyIsInTheSubgroupAndNotInfinity() public view {
        require(BlsBn254.isPublicKey(_generator()), NotHeld("generator", 0, 0));
        require(BlsBn254.isPublicKey(_twice()), NotHeld("twice the generator", 0, 0));
        uint256[4] memory infinity;
        require(!BlsBn254.isPublicKey(infinity), NotHeld("infinity", 0, 0));
    }

    function testFuzz_ArbitraryWordsAreNoPublicKey(uint256[4] memory key, uint8 changed) public view {
        require(!BlsBn254.isPublicKey(key), NotHeld("arbitrary", key[0], key[1]));
        uint256[4] memory near = _generator();
        near[changed % 4] ^= 1 << (changed / 4);
        require(!BlsBn254.isPublicKey(near), NotHeld("near the generator", near[0], near[1]));
    }

    /// @dev The generator of G2, (x1, x0, y1, y0), as EIP-197 gives it.
    function _generator() private pure returns (uint256[4] memory) {
        return
            [
                11559732032986387107991004021392285783925812861821192530917403151452391805634,
                10857046999023057135944570762232829481370756359578518086990519993285655852781,
                4082367875863433681332203403145435568316851327593401208105741076214120093531,
                8495653923123431417604973247489272438418190587263600148770280649306958101930
            ];
    }

    /// @dev Twice the generator: the key of secret 2.
    function _twice() private pure returns (uint256[4] memory) {
        return
            [
                14583779054894525174450323658765874724019480979794335525732096752006891875705,
                18029695676650738226693292988307914797657423701064905010927197838374790804409,
                11474861747383700316476719153975578001603231366361248090558603872215261634898,
                2140229616977736810657479771656733941598412651537078903776637920509952744750
            ];
    }
}
