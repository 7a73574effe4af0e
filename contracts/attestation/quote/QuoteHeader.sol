// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuoteVerifier} from "../../interfaces/IQuoteVerifier.sol";
import {SgxReport} from "./SgxReport.sol";
import {TdReport} from "./TdReport.sol";

/// @title What was signed of a quote: a header, of v5 a body's type and size, and the report
/// @dev Numbers are little-endian. Header: version 2, key type 2, TEE type 4, 4 that versions use differently, QE vendor 16 at 12,
/// user data 20.
library QuoteHeader {
    uint256 private constant LENGTH = 48;
    /// @dev Of v5: type 2, size 4.
    uint256 private constant DESCRIPTOR_LENGTH = 6;
    bytes16 private constant INTEL_QE = 0x939a7233f79c4ca9940a0db3957f0607;
    uint256 private constant ECDSA_P256 = 0x0200; // 2
    uint256 private constant TDX = 0x81000000; // 0x81
    uint256 internal constant SGX = 0;

    /// @notice The report within what was signed, and what made it. Reverts on all that is not exactly one known format.
    function reportOf(bytes calldata signed) internal pure returns (uint8 tee, bytes calldata report) {
        require(signed.length > LENGTH + DESCRIPTOR_LENGTH, IQuoteVerifier.WrongQuoteLength(signed.length, LENGTH));
        uint256 version = uint16(bytes2(signed));
        uint256 keyType = uint16(bytes2(signed[2:]));
        uint256 teeType = uint32(bytes4(signed[4:]));
        bytes16 vendor = bytes16(signed[12:]);
        require(keyType == ECDSA_P256, IQuoteVerifier.UnknownKeyType(keyType));
        require(vendor == INTEL_QE, IQuoteVerifier.UnknownQeVendor(vendor));
        require(teeType == 0 || (teeType == TDX && version != 0x0300), IQuoteVerifier.UnknownTee(teeType));
        tee = uint8(teeType >> 24); // little-endian, of one byte
        uint256 from = LENGTH;
        uint256 length = tee == SGX ? SgxReport.LENGTH : TdReport.LENGTH;
        if (version == 0x0500) {
            length = _described(tee, uint16(bytes2(signed[LENGTH:])), uint32(bytes4(signed[LENGTH + 2:])));
            from = LENGTH + DESCRIPTOR_LENGTH;
        } else {
            require(version == 0x0300 || version == 0x0400, IQuoteVerifier.UnknownQuoteVersion(version));
        }
        require(signed.length == from + length, IQuoteVerifier.WrongQuoteLength(signed.length, from + length));
        report = signed[from:];
    }

    /// @dev Type 1 is an enclave, 2 a TD of TDX 1.0, 3 a TD of TDX 1.5.
    function _described(uint256 tee, uint256 kind, uint256 size) private pure returns (uint256 length) {
        if (tee == SGX && kind == 0x0100 && size == 0x80010000) return SgxReport.LENGTH;
        if (tee != SGX && kind == 0x0200 && size == 0x48020000) return TdReport.LENGTH;
        if (tee != SGX && kind == 0x0300 && size == 0x88020000) return TdReport.LENGTH_1_5;
        revert IQuoteVerifier.UnknownBody(kind, size);
    }
}
