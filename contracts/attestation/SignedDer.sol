// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedDer} from "../interfaces/ISignedDer.sol";
import {Crl, Revocation} from "./Crl.sol";
import {P256} from "./P256.sol";
import {Certificate, X509} from "./X509.sol";

/// @title Certificates and revocation lists whose signature, issuer and times were checked
abstract contract SignedDer is ISignedDer {
    /// @dev As it was at deployment. A chain that gets the precompile later goes on with the check in Solidity here.
    bool private immutable _hasP256Precompile = P256.probe();

    /// @dev Whether (r, s) is the signature over `hash` by the key (x, y).
    function _isSignature(bytes32 hash, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        return P256.verify(_hasP256Precompile, hash, r, s, x, y);
    }

    /// @dev Reads a certificate that the issuer of this name and key signed and that is in force.
    function _readCertificate(
        bytes calldata der,
        bytes32 issuerName,
        bytes32 x,
        bytes32 y
    ) internal view returns (Certificate memory certificate) {
        certificate = X509.parse(der);
        require(certificate.issuer == issuerName, WrongIssuerName(certificate.issuer, issuerName));
        _requireInForce(certificate.notBefore, certificate.notAfter);
        bool isSigned = _isSignature(certificate.tbsHash, certificate.r, certificate.s, x, y);
        require(isSigned, NotSignedByIssuer());
    }

    /// @dev Reads the serial that an entry revokes, from a list that the issuer of this name and key signed and that is in
    /// force.
    function _readRevokedSerial(
        bytes calldata crl,
        uint256 entryOffset,
        bytes32 issuerName,
        bytes32 x,
        bytes32 y
    ) internal view returns (uint256) {
        Revocation memory revocation = Crl.revocationAt(crl, entryOffset);
        require(revocation.issuer == issuerName, WrongIssuerName(revocation.issuer, issuerName));
        _requireInForce(revocation.thisUpdate, revocation.nextUpdate);
        bool isSigned = _isSignature(revocation.tbsHash, revocation.r, revocation.s, x, y);
        require(isSigned, NotSignedByIssuer());
        return revocation.serial;
    }

    /// @dev Requires an authority or an end entity with the `needed` bits. An end entity may not sign certificates.
    function _requirePurpose(Certificate memory certificate, bool isCa, uint256 needed) internal pure {
        bool mayIssue = certificate.keyUsage & X509.KEY_CERT_SIGN != 0;
        require(certificate.isCa == isCa && (isCa || !mayIssue), WrongAuthorityFlag(certificate.isCa, mayIssue));
        require(certificate.keyUsage & needed == needed, KeyUsageLacking(certificate.keyUsage, needed));
    }

    function _requireInForce(uint256 from, uint256 until) internal view {
        require(block.timestamp >= from && block.timestamp <= until, OutOfItsTime(from, until, block.timestamp));
    }
}
