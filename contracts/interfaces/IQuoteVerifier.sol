// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Intel DCAP quotes, verified on chain
/// @notice A quote is a report of a trusted execution environment, signed by an attestation key, which a quoting enclave (QE)
/// vouches for, which the machine's PCK key signed. Anyone may register attestation keys and verify quotes; nobody has any
/// power here. Formats: "Intel SGX ECDSA Quote Library Reference" (v3), "Intel TDX DCAP Quoting Library API" (v4, v5).
/// @dev A quote comes in parts: what was signed byte by byte, and signature and keys apart. What follows them in a raw quote is
/// not signed, and is registered before: certificate, then attestation key.
interface IQuoteVerifier {
    /// @notice What the QE's own report says, as far as Intel's QE identity speaks of it.
    struct QeFacts {
        bytes4 miscSelect;
        bytes16 attributes;
        bytes32 mrSigner;
        uint16 isvProdId;
        uint16 isvSvn;
    }

    /// @param signedBody header and report, as signed: 432 bytes (v3, v4 SGX), 632 (v4 TDX), 438, 638 or 702 (v5)
    /// @param r of the signature of sha256(signedBody)
    /// @param s any in 1..n - 1
    /// @param keyX of the attestation key on P-256
    /// @param keyY of the attestation key on P-256
    /// @param pckId of the certificate under which the attestation key was registered
    /// @param qe what the QE's report said when it was registered
    struct Quote {
        bytes signedBody;
        bytes32 r;
        bytes32 s;
        bytes32 keyX;
        bytes32 keyY;
        bytes32 pckId;
        QeFacts qe;
    }

    /// @param tee TEE type of the header: 0 for an SGX enclave, 0x81 for a TDX virtual machine
    /// @param status TCB status of platform, TDX module and QE together, never 0: 1 UpToDate, 2 SWHardeningNeeded,
    ///        3 ConfigurationNeeded, 4 ConfigurationAndSWHardeningNeeded, 5 OutOfDate, 6 OutOfDateConfigurationNeeded, 7 Revoked
    /// @param ppid names the machine
    /// @param validUntil Unix seconds, inclusive: the first end of certificate, TCB info and QE identity
    struct Verdict {
        uint8 tee;
        uint8 status;
        bytes16 ppid;
        uint40 validUntil;
    }

    /// @notice What `pckId` commits to, from `PckRegistered`.
    struct PckKey {
        bytes32 x;
        bytes32 y;
        bytes32 issuerId;
        uint256 serial;
    }

    /// @notice The quoting enclave of a machine vouches for an attestation key.
    event AttestationKeyRegistered(bytes32 indexed attestationKeyId, bytes32 indexed pckId, bytes32 keyX, bytes32 keyY);

    /// @notice Neither v3, v4 nor v5.
    error UnknownQuoteVersion(uint256 version);
    /// @notice Only ECDSA-P256 attestation keys (2).
    error UnknownKeyType(uint256 keyType);
    /// @notice Not Intel's quoting enclave.
    error UnknownQeVendor(bytes16 vendorId);
    error UnknownTee(uint256 teeType);
    /// @notice The body's type and size of v5 do not fit each other.
    error UnknownBody(uint256 bodyType, uint256 size);
    error WrongQuoteLength(uint256 length, uint256 expected);
    error WrongReportLength(uint256 length);
    /// @notice The report's owner can read and change its memory.
    error DebugEnabled();
    /// @notice Reserved bytes or bits at this offset of the report are set.
    error ReservedBitsSet(uint256 offset);
    /// @notice The QE's report is about another key.
    error WrongKeyHash();
    error WrongQeSignature();
    error WrongQuoteSignature();
    /// @notice Register the key first: `registerAttestationKey`.
    error UnknownAttestationKey(bytes32 attestationKeyId);
    /// @notice The TCB info is for another provisioning enclave than the certificate's.
    error WrongPceId(bytes2 pceId, bytes2 expected);
    /// @notice The platform is below all levels of the TCB info, or its module or QE below all of theirs.
    error NoTcbLevel();

    /// @notice Registers an attestation key that the QE of a machine with a registered certificate vouches for. Anyone may call;
    ///         calling again changes nothing.
    /// @param qeReport 384 bytes
    /// @param r of the PCK key's signature of sha256(qeReport)
    /// @param s any in 1..n - 1
    /// @param authData what the QE hashed beside the key: the report is about sha256(keyX | keyY | authData)
    function registerAttestationKey(
        bytes calldata qeReport,
        bytes32 r,
        bytes32 s,
        bytes calldata authData,
        bytes32 keyX,
        bytes32 keyY,
        PckKey calldata pckKey
    ) external returns (bytes32 attestationKeyId);

    /// @notice Checks a quote against certificates and collateral as they are now. MUST revert unless every signature verifies
    ///         and a TCB level is found. Whether the status is good enough is the caller's to say, by an allow-list.
    /// @param evaluation the tcbEvaluationDataNumber of the TCB info and QE identity to go by
    /// Warning: a status such as OutOfDate is returned, not refused.
    function verifyQuote(Quote calldata quote, uint32 evaluation) external view returns (Verdict memory);
}
