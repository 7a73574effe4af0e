// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {P256 as Fallback} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title ECDSA on P-256, by the precompile of EIP-7951 where the chain has it, else in Solidity
/// @notice Both ways give the same answer for every input. Every s from 1 to N - 1 counts, high ones too: about half of
/// Intel's signatures have one.
library P256 {
    /// @notice The precompile ran out of gas. Give the call more.
    error P256CallFailed();

    uint256 private constant PRECOMPILE = 0x100;

    /// @dev A vector of Wycheproof with small r and s: sha256("123400"), 5, 1 and the key.
    bytes32 private constant HASH = 0xbb5a52f42f9c9261ed4361f59422a1e30036e7c32b270c8807a419feca605023;
    bytes32 private constant X = 0xa71af64de5126a4a4e02b7922d66ce9415ce88a4c9d25514d91082c8725ac957;
    bytes32 private constant Y = 0x5d47723c8fbe580bb369fec9c2665d8e30a435b9932645482e7c9f11e872296b;

    /// @notice Whether this chain has the precompile: it accepts a right signature and refuses a wrong one.
    function probe() internal view returns (bool) {
        return
            _callPrecompile(HASH, bytes32(uint256(5)), bytes32(uint256(1)), X, Y) &&
            !_callPrecompile(~HASH, bytes32(uint256(5)), bytes32(uint256(1)), X, Y);
    }

    /// @notice Whether (r, s) is a signature over `hash` by the key (x, y). A key off the curve has none.
    /// @param hasPrecompile What `probe` said on this chain.
    function verify(
        bool hasPrecompile,
        bytes32 hash,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y
    ) internal view returns (bool) {
        if (hasPrecompile) return _callPrecompile(hash, r, s, x, y);
        return Fallback.verifySolidity(hash, r, _lowered(s), x, y);
    }

    /// @dev (r, N - s) is a signature exactly if (r, s) is. An s from N on stays, and the library refuses it.
    function _lowered(bytes32 s) private pure returns (bytes32) {
        uint256 value = uint256(s);
        // `value` is below N inside the condition, so nothing wraps.
        unchecked {
            return value > Fallback.N / 2 && value < Fallback.N ? bytes32(Fallback.N - value) : s;
        }
    }

    /// @dev A valid signature gives the word 1; an invalid one, like an absent precompile, gives no data at all.
    function _callPrecompile(
        bytes32 hash,
        bytes32 r,
        bytes32 s,
        bytes32 x,
        bytes32 y
    ) private view returns (bool valid) {
        bool success;
        // Writes only beyond the free pointer and to scratch space.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, hash)
            mstore(add(input, 0x20), r)
            mstore(add(input, 0x40), s)
            mstore(add(input, 0x60), x)
            mstore(add(input, 0x80), y)
            success := staticcall(gas(), PRECOMPILE, input, 0xa0, 0, 0x20)
            valid := and(eq(returndatasize(), 0x20), eq(mload(0), 1))
        }
        require(success, P256CallFailed());
    }
}
