// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuoteVerifier} from "../../interfaces/IQuoteVerifier.sol";

/// @title The report of an SGX enclave, also that of a quoting enclave
/// @dev Offsets: CPUSVN 0 (16), MISCSELECT 16 (4), reserved 20 (12), ISVEXTPRODID 32 (16), ATTRIBUTES 48 (16), MRENCLAVE 64 (32),
/// reserved 96 (32), MRSIGNER 128 (32), reserved 160 (32), CONFIGID 192 (64), ISVPRODID 256 (2), ISVSVN 258 (2), CONFIGSVN 260
/// (2), reserved 262 (42), ISVFAMILYID 304 (16), REPORTDATA 320 (64). Numbers are little-endian.
library SgxReport {
    uint256 internal constant LENGTH = 384;
    uint256 internal constant REPORT_DATA = 320;
    /// @dev Bit 1 of the flags, in their first byte.
    bytes1 private constant DEBUG = 0x02;
    /// @dev A measurement covers CONFIGID and CONFIGSVN, and MRSIGNER and ISVPRODID in place of MRENCLAVE, only where asked for.
    uint256 internal constant WITH_CONFIG_ID = 1;
    uint256 internal constant BY_SIGNER = 2;

    /// @notice Reverts for an enclave under debug and where reserved bytes are set.
    function check(bytes calldata report) internal pure {
        require(report.length == LENGTH, IQuoteVerifier.WrongReportLength(report.length));
        require(report[48] & DEBUG == 0, IQuoteVerifier.DebugEnabled());
        require(bytes12(report[20:]) == 0, IQuoteVerifier.ReservedBitsSet(20));
        require(bytes32(report[96:]) == 0, IQuoteVerifier.ReservedBitsSet(96));
        require(bytes32(report[160:]) == 0, IQuoteVerifier.ReservedBitsSet(160));
        // two words that overlap, of which the second reaches to byte 303
        require(bytes32(report[262:]) | bytes32(report[272:]) == 0, IQuoteVerifier.ReservedBitsSet(262));
    }

    function facts(bytes calldata report) internal pure returns (IQuoteVerifier.QeFacts memory) {
        return
            IQuoteVerifier.QeFacts({
                miscSelect: bytes4(report[16:]),
                attributes: bytes16(report[48:]),
                mrSigner: bytes32(report[128:]),
                isvProdId: _littleEndian(bytes2(report[256:])),
                isvSvn: isvSvn(report)
            });
    }

    function isvSvn(bytes calldata report) internal pure returns (uint16) {
        return _littleEndian(bytes2(report[258:]));
    }

    /// @notice What runs in the enclave: keccak256 of ATTRIBUTES, MRENCLAVE or else MRSIGNER and ISVPRODID, and CONFIGID and
    ///         CONFIGSVN, as zeros unless asked for.
    /// @param parts sum of `WITH_CONFIG_ID` and `BY_SIGNER`
    function measurementOf(bytes calldata report, uint256 parts) internal pure returns (bytes32) {
        bytes memory config =
            parts & WITH_CONFIG_ID == 0 ? new bytes(66) : bytes.concat(report[192:256], report[260:262]);
        bytes16 attributes = bytes16(report[48:]);
        if (parts & BY_SIGNER == 0) return keccak256(bytes.concat("SGX", attributes, report[64:96], config));
        return keccak256(bytes.concat("SGX signer", attributes, report[128:160], report[256:258], config));
    }

    function _littleEndian(bytes2 value) private pure returns (uint16) {
        uint16 number = uint16(value);
        return (number >> 8) | (number << 8);
    }
}
