// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What can be wrong with a certificate or a revocation list, apart from its form
/// @notice Errors of its form come from the parsers: `Der`, `DerTime`, `Names`, `Extensions`, `X509`, `SgxExtension`, `Crl`.
interface ISignedDer {
    /// @notice The document names another issuer: both are keccak256 of a DER Name. Pass the issuer that signed it.
    error WrongIssuerName(bytes32 found, bytes32 expected);
    /// @notice The signature is not the issuer's: the document was changed, or another key signed it.
    error NotSignedByIssuer();
    /// @notice Not valid at the block's time. All are Unix seconds; both bounds are inclusive.
    error OutOfItsTime(uint256 from, uint256 until, uint256 timestamp);
    /// @notice A certificate that MUST be an authority's is an end entity's, or the other way round.
    /// `mayIssue` is the key usage keyCertSign, which only an authority may have.
    error WrongAuthorityFlag(bool isCa, bool mayIssue);
    /// @notice The key usage lacks a needed bit. Bits as in X.509, the first one being 0x8000.
    error KeyUsageLacking(uint256 found, uint256 needed);
}
