// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIssuers} from "../interfaces/IIssuers.sol";
import {SignedDer} from "./SignedDer.sol";
import {Certificate, X509} from "./X509.sol";

/// @title Certificates that the pinned root signed
/// @dev The root is a key and a name, not a certificate: its own certificate says nothing that the key does not.
abstract contract Issuers is SignedDer, IIssuers {
    bytes32 private constant PLATFORM_CA = keccak256("Intel SGX PCK Platform CA");
    bytes32 private constant PROCESSOR_CA = keccak256("Intel SGX PCK Processor CA");
    bytes32 private constant TCB_SIGNING = keccak256("Intel SGX TCB Signing");

    bytes32 private immutable _rootX;
    bytes32 private immutable _rootY;
    bytes32 private immutable _rootName;

    mapping(bytes32 issuerId => Issuer record) private _issuers;
    mapping(uint256 serial => bool isRevoked) private _revokedIssuerSerials;

    /// @param x Of the root's key.
    /// @param y Of the root's key.
    /// @param name keccak256 of the DER Name of the root, which the certificates that it signs hold as their issuer.
    constructor(bytes32 x, bytes32 y, bytes32 name) {
        (_rootX, _rootY, _rootName) = (x, y, name);
    }

    /// @inheritdoc IIssuers
    function registerIssuer(bytes calldata der) external returns (bytes32 issuerId) {
        Certificate memory certificate = _readCertificate(der, _rootName, _rootX, _rootY);
        require(!_revokedIssuerSerials[certificate.serial], IssuerSerialRevoked(certificate.serial));
        IssuerKind kind = _kindOf(certificate.commonName);
        if (kind == IssuerKind.TcbSigner) _requirePurpose(certificate, false, X509.DIGITAL_SIGNATURE);
        else _requirePurpose(certificate, true, X509.KEY_CERT_SIGN | X509.CRL_SIGN);
        bytes32 key = keccak256(abi.encode(certificate.x, certificate.y, certificate.subject));
        issuerId = bytes32(bytes8(key));
        _keepIssuer(issuerId, kind, certificate);
    }

    /// @inheritdoc IIssuers
    function revokeIssuer(bytes32 issuerId, bytes calldata rootCrl, uint256 entryOffset) external {
        uint256 serial = _readRevokedSerial(rootCrl, entryOffset, _rootName, _rootX, _rootY);
        _revokedIssuerSerials[serial] = true;
        Issuer storage record = _issuers[issuerId];
        if (record.serial == serial && !record.revoked) {
            record.revoked = true;
            _afterRevocation(record.kind);
        }
        emit IssuerRevoked(issuerId, serial);
    }

    /// @inheritdoc IIssuers
    function issuer(bytes32 issuerId) external view returns (Issuer memory) {
        return _issuerOf(issuerId);
    }

    /// @inheritdoc IIssuers
    function isLiveIssuer(bytes32 issuerId) external view returns (bool) {
        Issuer storage record = _issuers[issuerId];
        // The end is zero if there is no record.
        return !record.revoked && block.timestamp >= record.notBefore && block.timestamp <= record.notAfter;
    }

    /// @inheritdoc IIssuers
    function root() external view returns (bytes32 x, bytes32 y, bytes32 name) {
        return (_rootX, _rootY, _rootName);
    }

    /// @dev Reverts where there is no record. It may be revoked or out of its time: see `IssuerRules`.
    function _issuerOf(bytes32 issuerId) internal view returns (Issuer memory record) {
        record = _issuers[issuerId];
        require(record.kind != IssuerKind.None, UnknownIssuer(issuerId));
    }

    /// @dev Called once for each issuer that is revoked.
    function _afterRevocation(IssuerKind kind) internal virtual {}

    function _kindOf(bytes32 commonName) private pure returns (IssuerKind) {
        if (commonName == PLATFORM_CA) return IssuerKind.PlatformCa;
        if (commonName == PROCESSOR_CA) return IssuerKind.ProcessorCa;
        require(commonName == TCB_SIGNING, NotAnIssuerName(commonName));
        return IssuerKind.TcbSigner;
    }

    /// @dev Of certificates of one key and name the one that ends last stays: nobody can bring an older one back.
    function _keepIssuer(bytes32 issuerId, IssuerKind kind, Certificate memory certificate) private {
        Issuer storage record = _issuers[issuerId];
        require(!record.revoked, IssuerIsRevoked(issuerId));
        if (certificate.notAfter <= record.notAfter) return;
        _issuers[issuerId] = Issuer({
            x: certificate.x,
            y: certificate.y,
            name: certificate.subject,
            serial: uint160(certificate.serial), // the parser refuses longer ones
            notBefore: certificate.notBefore,
            notAfter: certificate.notAfter,
            kind: kind,
            revoked: false
        });
        emit IssuerRegistered(issuerId, kind, certificate.serial, certificate.notAfter);
    }
}
