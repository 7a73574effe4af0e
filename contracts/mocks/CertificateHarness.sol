// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Crl, Revocation} from "../attestation/Crl.sol";
import {P256} from "../attestation/P256.sol";
import {Platform, SgxExtension} from "../attestation/SgxExtension.sol";
import {Certificate, X509} from "../attestation/X509.sol";

/// @title Opens the parsers of certificates and the signature check to tests
contract CertificateHarness {
    struct Trial {
        bytes32 hash;
        bytes32 r;
        bytes32 s;
        bytes32 x;
        bytes32 y;
    }

    function parse(bytes calldata der) external view returns (Certificate memory certificate, uint256 gasUsed) {
        uint256 before = gasleft();
        certificate = X509.parse(der);
        gasUsed = before - gasleft();
    }

    function platform(bytes calldata extension) external view returns (Platform memory found, uint256 gasUsed) {
        uint256 before = gasleft();
        found = SgxExtension.parse(extension);
        gasUsed = before - gasleft();
    }

    function revocationAt(
        bytes calldata crl,
        uint256 entryOffset
    ) external view returns (Revocation memory revocation, uint256 gasUsed) {
        uint256 before = gasleft();
        revocation = Crl.revocationAt(crl, entryOffset);
        gasUsed = before - gasleft();
    }

    function probe() external view returns (bool) {
        return P256.probe();
    }

    function verify(bool hasPrecompile, Trial calldata trial) external view returns (bool valid, uint256 gasUsed) {
        uint256 before = gasleft();
        valid = P256.verify(hasPrecompile, trial.hash, trial.r, trial.s, trial.x, trial.y);
        gasUsed = before - gasleft();
    }

    /// @dev Bit n says whether trial n is valid.
    function verifyAll(bool hasPrecompile, Trial[] calldata trials) external view returns (uint256 valid) {
        for (uint256 i = 0; i < trials.length; i++) {
            Trial calldata trial = trials[i];
            if (P256.verify(hasPrecompile, trial.hash, trial.r, trial.s, trial.x, trial.y)) valid |= 1 << i;
        }
    }

    /// @dev Parses each input as a certificate, a list and an extension, and gives for each what it reverted with, cut to
    /// 36 bytes: empty for success. A call may use `gasLimit`; what runs out of it returns 0xff.
    function fuzz(
        bytes[] calldata inputs,
        uint256 entryOffset,
        uint256 gasLimit
    ) external view returns (bytes[] memory) {
        bytes[] memory answers = new bytes[](3 * inputs.length);
        for (uint256 i = 0; i < inputs.length; i++) {
            answers[3 * i] = _try(abi.encodeCall(this.parse, (inputs[i])), gasLimit);
            answers[3 * i + 1] = _try(abi.encodeCall(this.revocationAt, (inputs[i], entryOffset)), gasLimit);
            answers[3 * i + 2] = _try(abi.encodeCall(this.platform, (inputs[i])), gasLimit);
        }
        return answers;
    }

    function _try(bytes memory call, uint256 gasLimit) private view returns (bytes memory answer) {
        (bool success, bytes memory data) = address(this).staticcall{gas: gasLimit}(call);
        if (success) return "";
        if (data.length == 0) return hex"ff";
        return data;
    }
}
