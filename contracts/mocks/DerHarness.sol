// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Crl} from "../attestation/Crl.sol";
import {SgxExtension} from "../attestation/SgxExtension.sol";
import {Certificate, X509} from "../attestation/X509.sol";

/// @title Runs one parser of DER over many inputs in one call
contract DerHarness {
    /// @dev Which parser, as a number in calldata.
    enum Parser {
        CERTIFICATE,
        LIST,
        EXTENSION
    }

    /// @dev The key usages that the parser in TypeScript keeps: digitalSignature, keyCertSign, cRLSign.
    uint256 private constant USAGES = X509.DIGITAL_SIGNATURE | X509.KEY_CERT_SIGN | X509.CRL_SIGN;

    /// @notice Each input may use `gasBase` and `gasPerByte` for each of its bytes, and no more.
    /// @return answers for each input keccak256 of what was read, its last byte 1; or the selector of the error, then
    /// zeros; or nothing but zeros where the parser ran out of gas or reverted without data
    /// @return gasUsed for each input
    function run(
        Parser parser,
        bytes[] calldata inputs,
        uint256[] calldata entryOffsets,
        uint256 gasBase,
        uint256 gasPerByte
    ) external view returns (bytes32[] memory answers, uint256[] memory gasUsed) {
        (answers, gasUsed) = (new bytes32[](inputs.length), new uint256[](inputs.length));
        for (uint256 i = 0; i < inputs.length; i++) {
            bytes memory call = _call(parser, inputs[i], entryOffsets[i]);
            uint256 limit = gasBase + gasPerByte * inputs[i].length;
            uint256 before = gasleft();
            (bool success, bytes memory data) = address(this).staticcall{gas: limit}(call);
            gasUsed[i] = before - gasleft();
            answers[i] = success ? ((bytes32(data) >> 8) << 8) | bytes32(uint256(1)) : bytes32(bytes4(data));
        }
    }

    function certificate(bytes calldata der) external pure returns (bytes32) {
        Certificate memory found = X509.parse(der);
        found.keyUsage &= USAGES;
        return keccak256(abi.encode(found));
    }

    function list(bytes calldata crl, uint256 entryOffset) external pure returns (bytes32) {
        return keccak256(abi.encode(Crl.revocationAt(crl, entryOffset)));
    }

    function extension(bytes calldata value) external pure returns (bytes32) {
        return keccak256(abi.encode(SgxExtension.parse(value)));
    }

    function _call(Parser parser, bytes calldata input, uint256 entryOffset) private view returns (bytes memory) {
        if (parser == Parser.CERTIFICATE) return abi.encodeCall(this.certificate, (input));
        if (parser == Parser.LIST) return abi.encodeCall(this.list, (input, entryOffset));
        return abi.encodeCall(this.extension, (input));
    }
}
