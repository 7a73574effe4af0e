// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedDer} from "./ISignedDer.sol";

/// @title PCK certificates: which keys belong to which machines, and at which TCB
/// @notice Anyone may register a certificate under a registered authority, and anyone may revoke one with the authority's
/// revocation list. Nobody has any other power here.
/// @dev `pckId` is keccak256(abi.encode(x, y, issuerId, serial)): it commits to the key, which is not stored. Whoever needs
/// the key passes these four again.
interface IPckCertificates is ISignedDer {
    /// @dev Two words, laid out from the low end.
    /// @param ppid names the machine; the same in all its certificates
    /// @param fmspc family, model, stepping and custom SKU of the platform
    /// @param pceSvn security version of the provisioning enclave that the certificate vouches for
    /// @param notAfter Unix seconds, inclusive: the earlier end of the certificate and of its authority's; zero: unknown
    /// @param revoked for ever
    /// @param components security versions of the 16 SGX TCB components, the first one first
    /// @param pceId identity of the provisioning enclave
    /// @param notBefore Unix seconds, inclusive
    /// @param issuerTag the first 8 bytes of `issuerId`, of which the others are zero
    struct Pck {
        bytes16 ppid; // word 1: ppid(128) fmspc(48) pceSvn(16) notAfter(40) revoked(8)
        bytes6 fmspc;
        uint16 pceSvn;
        uint40 notAfter;
        bool revoked;
        bytes16 components; // word 2: components(128) pceId(16) notBefore(40) issuerTag(64)
        bytes2 pceId;
        uint40 notBefore;
        bytes8 issuerTag;
    }

    /// @notice x, y and serial are what `pckId` is made of; together with `issuerId` they are what revoking it needs.
    event PckRegistered(bytes32 indexed pckId, bytes32 indexed issuerId, uint256 serial, bytes32 x, bytes32 y);
    /// @notice No certificate of this serial can be registered under this issuer any more.
    event PckSerialRevoked(bytes32 indexed issuerId, uint256 indexed serial);
    /// @notice A registered certificate does not count any more.
    event PckRevoked(bytes32 indexed pckId);

    /// @notice Register the certificate first: `registerPck`.
    error UnknownPck(bytes32 pckId);
    error PckIsRevoked(bytes32 pckId);
    /// @notice The issuer's revocation list has revoked this serial.
    error PckSerialIsRevoked(bytes32 issuerId, uint256 serial);
    /// @notice The certificate's authority was revoked, or its certificate ended: register the authority's renewed one.
    error PckIssuerNotLive(bytes32 issuerId);
    /// @notice The certificate lacks Intel's SGX extension: it is not a PCK's.
    error SgxExtensionMissing();
    /// @notice The hash of a common name other than "Intel SGX PCK Certificate".
    error NotAPckName(bytes32 commonName);

    /// @notice Registers a PCK certificate that a registered authority signed and that is in force. Anyone may call, at any
    /// time; registering again refreshes `notAfter` when the authority's certificate was renewed.
    /// @dev MUST be an end entity with the key usage digitalSignature and Intel's SGX extension. MUST revert for a serial
    /// that `revokePck` has seen.
    /// @param der The certificate in strict DER, without trailing bytes.
    /// @param issuerId A Platform CA or Processor CA, in force and not revoked.
    function registerPck(bytes calldata der, bytes32 issuerId) external returns (bytes32 pckId);

    /// @notice Revokes the certificate that an entry of its authority's revocation list names, also before it is registered.
    /// Warning: a registered certificate is found by its key. With another key the serial is barred from registration but
    /// the certificate that is registered stays; call again with the key that `PckRegistered` gave.
    /// @param issuerId A Platform CA or Processor CA, in force and not revoked.
    /// @param x Of the certificate's key; zero if it is not registered.
    /// @param y Of the certificate's key; zero if it is not registered.
    /// @param crl A list in strict DER, signed by the issuer, in force.
    /// @param entryOffset Bytes from the start of `crl` to the entry.
    function revokePck(bytes32 issuerId, bytes32 x, bytes32 y, bytes calldata crl, uint256 entryOffset) external;

    /// @notice What is known of a certificate. MUST revert with `UnknownPck` if it is not registered.
    /// Warning: it may be revoked or out of its time, and so may its issuer; look at the fields.
    function pck(bytes32 pckId) external view returns (Pck memory);
}
