// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Keeps what Intel says about the security of its platforms
/// @notice Intel signs two kinds of JSON text: a *TCB info* for each platform family (FMSPC) and TEE, and the
/// *identity* of the quoting enclave of each TEE. Anyone may post them; nobody is trusted for them but the signer of
/// the text. They are parsed once and kept packed, as the code of a contract of their own.
/// @dev Intel publishes several evaluations side by side, numbered by tcbEvaluationDataNumber: a new number means that
/// a TCB recovery has begun. Each number has a place of its own here, so that a text with an old number never replaces
/// one with a new number, and posting it does no harm: who relies on a text names the least number that it accepts.
/// Within one place a text can only be replaced by one that was issued later.
///
/// `tee` is the TEE type of a quote's header: 0 for SGX, 0x81 for TDX. Times are Unix times in seconds.
interface ITcbStore {
    /// @notice What is kept of a text; all zero where there is none.
    /// @dev One word: issueDate(40) | nextUpdate(40) | pceId(16) | record(160), from the lowest bit.
    struct TcbText {
        uint40 issueDate;
        /// Last second at which the text counts.
        uint40 nextUpdate;
        /// PCE id of the platforms, for a TCB info; zero for an identity.
        bytes2 pceId;
        /// Its code is the packed record, as TcbInfoText and QeIdentityText describe it.
        address record;
    }

    /// @notice A TCB info was posted, for the first time or in place of an earlier one.
    event TcbInfoPosted(
        uint8 indexed tee,
        bytes6 indexed fmspc,
        uint32 indexed evaluationNumber,
        uint40 issueDate,
        uint40 nextUpdate,
        address record,
        bytes32 issuerId
    );
    /// @notice The identity of a quoting enclave was posted, for the first time or in place of an earlier one.
    event QeIdentityPosted(
        uint8 indexed tee,
        uint32 indexed evaluationNumber,
        uint40 issueDate,
        uint40 nextUpdate,
        address record,
        bytes32 issuerId
    );

    /// @notice The text kept here was issued at `kept`, not before this one: there is nothing to do.
    error TcbTextNotNewer(uint40 issueDate, uint40 kept);
    /// @notice The text counts from `issueDate` to `nextUpdate` and not now: fetch the current one from Intel.
    error TcbTextNotCurrent(uint40 issueDate, uint40 nextUpdate, uint256 timestamp);
    /// @notice A signer of texts was revoked at `until`, and this one may be its: fetch a text that was issued since.
    error TcbTextDistrusted(uint40 issueDate, uint40 until);
    /// @notice No TCB info with this number is kept for this kind of platform: post it first.
    error TcbInfoMissing(uint8 tee, bytes6 fmspc, uint32 evaluationNumber);
    /// @notice No identity with this number is kept for this TEE: post it first.
    error QeIdentityMissing(uint8 tee, uint32 evaluationNumber);

    /// @notice Posts a TCB info of version 3. Anyone may call.
    /// @dev MUST refuse a text that the issuer has not signed, that is not of the known form, that does not count now,
    /// or that was not issued later than the one it would replace; MUST fire TcbInfoPosted otherwise.
    /// @param text The exact text that was signed: the value of "tcbInfo" in Intel's answer, at most 32,768 bytes.
    /// @param r First 32 bytes of the signature, P-256 over sha256(text).
    /// @param s Last 32 bytes of the signature; either of the two that pass.
    /// @param issuerId Names the signer's certificate, as the contract that keeps certificates defines it.
    function postTcbInfo(bytes calldata text, bytes32 r, bytes32 s, bytes32 issuerId) external;

    /// @notice Posts the identity of a quoting enclave, version 2, id "QE" or "TD_QE". Anyone may call.
    /// @dev As `postTcbInfo`, with QeIdentityPosted.
    /// @param text The exact text that was signed: the value of "enclaveIdentity" in Intel's answer, at most 32,768
    /// bytes.
    function postQeIdentity(bytes calldata text, bytes32 r, bytes32 s, bytes32 issuerId) external;

    /// @notice The TCB info that is kept, current or not; all zero if there is none.
    function tcbInfo(uint8 tee, bytes6 fmspc, uint32 evaluationNumber) external view returns (TcbText memory);

    /// @notice The identity that is kept, current or not; all zero if there is none.
    function qeIdentity(uint8 tee, uint32 evaluationNumber) external view returns (TcbText memory);
}
