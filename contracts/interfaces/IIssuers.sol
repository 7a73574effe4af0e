// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignedDer} from "./ISignedDer.sol";

/// @title Certificates that the root signed: the two authorities of PCK certificates and the signers of TCB information
/// @notice Anyone may register a certificate that the pinned root key signed, and anyone may revoke one with the root's
/// revocation list. Nobody has any other power here.
/// @dev `issuerId` is the first 8 bytes of keccak256(abi.encode(x, y, name)), then zeros: short, so that it fits beside
/// what is stored of a PCK. A second issuer of the same id would need a certificate of the root, so nobody can choose one.
interface IIssuers is ISignedDer {
    /// @dev Told apart by the common name: "Intel SGX PCK Platform CA", "Intel SGX PCK Processor CA", "Intel SGX TCB Signing".
    enum IssuerKind {
        None,
        PlatformCa,
        ProcessorCa,
        TcbSigner
    }

    /// @param x of the public key on P-256
    /// @param y of the public key on P-256
    /// @param name keccak256 of the DER Name of the subject, which is what certificates and lists name as their issuer
    /// @param serial of the certificate, above zero
    /// @param notBefore Unix seconds, inclusive
    /// @param notAfter Unix seconds, inclusive
    /// @param kind never None once registered
    /// @param revoked for ever
    struct Issuer {
        bytes32 x;
        bytes32 y;
        bytes32 name;
        uint160 serial; // serial(160) notBefore(40) notAfter(40) kind(8) revoked(8), from the low end: one word
        uint40 notBefore;
        uint40 notAfter;
        IssuerKind kind;
        bool revoked;
    }

    /// @notice A certificate was registered, or a later one of the same key and name.
    event IssuerRegistered(bytes32 indexed issuerId, IssuerKind indexed kind, uint256 serial, uint256 notAfter);
    /// @notice No registered certificate of this serial counts any more, and none will.
    /// @param issuerId as the caller gave it; its record is marked if it holds this serial
    event IssuerRevoked(bytes32 indexed issuerId, uint256 indexed serial);

    /// @notice Register the issuer's certificate first: `registerIssuer`.
    error UnknownIssuer(bytes32 issuerId);
    error IssuerIsRevoked(bytes32 issuerId);
    /// @notice The issuer is of a kind that does not sign such documents.
    error WrongIssuerKind(bytes32 issuerId, IssuerKind kind);
    /// @notice The hash of a common name that no issuer has.
    error NotAnIssuerName(bytes32 commonName);
    /// @notice The root's revocation list has revoked this serial.
    error IssuerSerialRevoked(uint256 serial);

    /// @notice Registers a certificate that the root signed and that is in force. Anyone may call, at any time.
    /// @dev An authority MUST have CA:TRUE and the key usages keyCertSign and cRLSign; a signer of TCB information MUST be an
    /// end entity with digitalSignature. Of several certificates of one key and name the one that ends last is kept; the
    /// call for another one MUST change nothing. MUST revert for a revoked serial or issuer.
    /// @param der The certificate in strict DER, without trailing bytes.
    function registerIssuer(bytes calldata der) external returns (bytes32 issuerId);

    /// @notice Revokes the certificate that an entry of the root's revocation list names, also before it is registered.
    /// @param issuerId The issuer whose record holds that serial; any value if none is registered.
    /// @param rootCrl A list in strict DER, signed by the root, in force.
    /// @param entryOffset Bytes from the start of `rootCrl` to the entry.
    function revokeIssuer(bytes32 issuerId, bytes calldata rootCrl, uint256 entryOffset) external;

    /// @notice The record of an issuer. MUST revert with `UnknownIssuer` if there is none.
    /// Warning: a record may be revoked or out of its time; look at the fields.
    function issuer(bytes32 issuerId) external view returns (Issuer memory);

    /// @notice Whether the issuer is registered, not revoked and in force at the block's time.
    function isLiveIssuer(bytes32 issuerId) external view returns (bool);

    /// @notice The pinned key and keccak256 of the pinned DER Name.
    function root() external view returns (bytes32 x, bytes32 y, bytes32 name);
}
