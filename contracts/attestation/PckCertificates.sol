// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIssuers} from "../interfaces/IIssuers.sol";
import {IPckCertificates} from "../interfaces/IPckCertificates.sol";
import {IssuerRules} from "./IssuerRules.sol";
import {Platform, SgxExtension} from "./SgxExtension.sol";
import {SignedDer} from "./SignedDer.sol";
import {Certificate, X509} from "./X509.sol";

/// @title PCK certificates under registered authorities
abstract contract PckCertificates is SignedDer, IPckCertificates {
    using IssuerRules for IIssuers.Issuer;

    bytes32 private constant PCK_NAME = keccak256("Intel SGX PCK Certificate");

    mapping(bytes32 pckId => Pck record) private _pcks;
    mapping(bytes32 issuerId => mapping(uint256 serial => bool isRevoked)) private _revokedPckSerials;

    /// @inheritdoc IPckCertificates
    function registerPck(bytes calldata der, bytes32 issuerId) external returns (bytes32 pckId) {
        IIssuers.Issuer memory issuer = _authority(issuerId);
        Certificate memory certificate = _readCertificate(der, issuer.name, issuer.x, issuer.y);
        uint256 serial = certificate.serial;
        require(!_revokedPckSerials[issuerId][serial], PckSerialIsRevoked(issuerId, serial));
        require(certificate.commonName == PCK_NAME, NotAPckName(certificate.commonName));
        _requirePurpose(certificate, false, X509.DIGITAL_SIGNATURE);
        uint40 end = certificate.notAfter < issuer.notAfter ? certificate.notAfter : issuer.notAfter;
        pckId = _pckIdOf(certificate.x, certificate.y, issuerId, serial);
        _keepPck(pckId, issuerId, end, certificate, _platformOf(der, certificate));
        emit PckRegistered(pckId, issuerId, serial, certificate.x, certificate.y);
    }

    /// @inheritdoc IPckCertificates
    function revokePck(bytes32 issuerId, bytes32 x, bytes32 y, bytes calldata crl, uint256 entryOffset) external {
        IIssuers.Issuer memory issuer = _authority(issuerId);
        uint256 serial = _readRevokedSerial(crl, entryOffset, issuer.name, issuer.x, issuer.y);
        _revokedPckSerials[issuerId][serial] = true;
        emit PckSerialRevoked(issuerId, serial);
        bytes32 pckId = _pckIdOf(x, y, issuerId, serial);
        Pck storage record = _pcks[pckId];
        if (record.notAfter == 0) return;
        record.revoked = true;
        emit PckRevoked(pckId);
    }

    /// @inheritdoc IPckCertificates
    function pck(bytes32 pckId) external view returns (Pck memory) {
        return _pckOf(pckId);
    }

    /// @dev The record of an issuer, from wherever issuers are kept. MUST revert where there is none.
    function _issuer(bytes32 issuerId) internal view virtual returns (IIssuers.Issuer memory);

    /// @dev What `IIssuers.isLiveIssuer` says, from wherever issuers are kept.
    function _isLiveIssuer(bytes32 issuerId) internal view virtual returns (bool);

    /// @dev A certificate that counts now: registered, not revoked, in force, and its authority too.
    function _livePck(bytes32 pckId) internal view returns (Pck memory record) {
        record = _pckOf(pckId);
        require(!record.revoked, PckIsRevoked(pckId));
        _requireInForce(record.notBefore, record.notAfter);
        bytes32 issuerId = bytes32(record.issuerTag);
        require(_isLiveIssuer(issuerId), PckIssuerNotLive(issuerId));
    }

    /// @dev Reverts where there is no record. It may be revoked or out of its time, and so may its issuer.
    function _pckOf(bytes32 pckId) internal view returns (Pck memory record) {
        record = _pcks[pckId];
        require(record.notAfter > 0, UnknownPck(pckId));
    }

    function _pckIdOf(bytes32 x, bytes32 y, bytes32 issuerId, uint256 serial) internal pure returns (bytes32) {
        return keccak256(abi.encode(x, y, issuerId, serial));
    }

    function _authority(bytes32 issuerId) private view returns (IIssuers.Issuer memory issuer) {
        issuer = _issuer(issuerId);
        issuer.requireAuthority(issuerId);
    }

    function _platformOf(bytes calldata der, Certificate memory certificate) private pure returns (Platform memory) {
        require(certificate.sgxLength > 0, SgxExtensionMissing());
        uint256 from = certificate.sgxOffset;
        return SgxExtension.parse(der[from:from + certificate.sgxLength]);
    }

    function _keepPck(
        bytes32 pckId,
        bytes32 issuerId,
        uint40 end,
        Certificate memory certificate,
        Platform memory platform
    ) private {
        _pcks[pckId] = Pck({
            ppid: platform.ppid,
            fmspc: platform.fmspc,
            pceSvn: platform.pceSvn,
            notAfter: end,
            revoked: false, // a revoked serial does not come here
            components: platform.components,
            pceId: platform.pceId,
            notBefore: certificate.notBefore,
            issuerTag: bytes8(issuerId)
        });
    }
}
