// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev zero(120) | attested(32) | committed(32) | usage(64) | status(8): what a committee found, and which of its
///      members say so. Bit i of a bitmap is the i-th member drawn.
type Head is uint256;

using HeadFields for Head global;

/// @notice Fields of `Head`.
library HeadFields {
    uint256 internal constant STATUS_SUCCESS = 0;
    /// @dev Success with an output longer than the task's maxOutput: the chain gets its hash only.
    uint256 internal constant STATUS_SUCCESS_BY_HASH = 1;

    function status(Head self) internal pure returns (uint256) {
        return Head.unwrap(self) & 0xff;
    }

    /// @return what the execution used, in the runtime's own measure (fuel for wasm)
    function usage(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> 8) & 0xffffffffffffffff;
    }

    function committed(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> 72) & 0xffffffff;
    }

    function attested(Head self) internal pure returns (uint256) {
        return (Head.unwrap(self) >> 104) & 0xffffffff;
    }

    /// @notice Bytes of proof that the bitmaps call for.
    /// @param signers number of bits of `attested`, a subset of `committed`
    function proofLength(Head self, uint256 signers) internal pure returns (uint256) {
        unchecked {
            uint256 silent = self.committed() ^ self.attested();
            return 80 * signers + (silent == 0 ? 0 : 32 * countBits(silent));
        }
    }
}

/// @notice Number of set bits.
/// @param x below 2^31: a committee has at most 21 members
function countBits(uint256 x) pure returns (uint256) {
    unchecked {
        // Eight copies, 31 bits apart, do not overlap. Copy j puts bit j + 8m at place 32j + 8m, the lowest of a byte; the
        // second product adds all bytes up in the top one, and a sum of 31 ones does not leave it.
        uint256 ones = (x * 0x2000000040000000800000010000000200000004000000080000001) & SPREAD;
        return (ones * SPREAD) >> 248;
    }
}

/// @dev The lowest bit of each byte.
uint256 constant SPREAD = 0x0101010101010101010101010101010101010101010101010101010101010101;
