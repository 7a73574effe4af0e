// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId, TaskId} from "../types/Ids.sol";
import {IDcapVerifier} from "./IDcapVerifier.sol";
import {IQuoteVerifier} from "./IQuoteVerifier.sol";
import {IWorkloads} from "./IWorkloads.sol";

/// @title Which keys live in trusted execution environments that run allowed workloads
/// @notice A *workload* says what may run, and how up to date its platform has to be. A node shows a quote whose report data binds
/// its keys to it; the binding lives for a while and is renewed. What a TEE proves is worth no more than the hardware: keys of a
/// machine in an attacker's hands can be extracted, so stake and sampling stay in force.
interface ITeeRegistry is IWorkloads {
    /// @param challengeBlock number of a block, at most 8,191 ago, whose hash the challenge was made of
    /// @param signer secp256k1 key made inside the TEE
    /// @param hpkeKey X25519 key made inside the TEE (RFC 9180)
    /// @param gpuId names the GPUs that the TEE has verified, all of them together; zero if it uses none
    /// @param gpuEvidenceHash keccak256 of the GPUs' evidence; zero if it uses none
    /// @param runtimeHash of what the workload was started with, as the workload defines it
    /// @param r upper half of the signer's EIP-2098 signature of
    ///        Attest(bytes32 workloadId,bytes32 binding,bytes32 challenge,bytes32 pckId,uint32 evaluation)
    /// @param yParityAndS lower half
    struct Keys {
        NodeId nodeId;
        uint48 challengeBlock;
        address signer;
        bytes32 hpkeKey;
        bytes32 gpuId;
        bytes32 gpuEvidenceHash;
        bytes32 runtimeHash;
        bytes32 r;
        bytes32 yParityAndS;
    }

    /// @dev One word. The HPKE key is in the event alone.
    /// @param until Unix seconds, inclusive: the earliest end of maxAge, collateral and certificate
    /// @param evaluation of the collateral that the quote was judged by
    /// @param challengeBlock of the quote: one is taken only if its is later
    /// @param evidenceTag first 12 bytes of keccak256(abi.encode(pckId, measurement))
    /// @param revoked by the node's owner, for good
    struct Binding {
        NodeId nodeId;
        uint40 until;
        uint32 evaluation;
        uint48 challengeBlock;
        bytes12 evidenceTag;
        bool revoked;
    }

    event NodeAttested(
        bytes32 indexed workloadId,
        NodeId indexed nodeId,
        address indexed signer,
        bytes32 hpkeKey,
        bytes32 measurement,
        bytes32 pckId,
        bytes32 gpuEvidenceHash,
        bytes32 runtimeHash,
        uint8 status,
        uint256 until
    );
    event BindingEnded(bytes32 indexed workloadId, address indexed signer);

    error WrongTee(uint256 tee, uint256 expected);
    error StatusNotAllowed(uint256 status);
    error EvaluationTooLow(uint256 evaluation, uint256 least);
    /// @notice The first half of the report data is not the hash of these keys: another node's quote, another chain, another registry.
    error WrongBinding(bytes32 found, bytes32 expected);
    /// @notice The second half of the report data is not the challenge of that block: the quote is stale, or another node's.
    error WrongChallenge(bytes32 found, bytes32 expected);
    /// @notice The block is too old, or not mined yet: quote again with a recent one.
    error ChallengeTooOld(uint256 blockNumber);
    /// @notice The key is bound by a quote of that block or a later one: no quote counts twice.
    error ChallengeNotNewer(uint256 blockNumber, uint256 bound);
    /// @notice Nobody owns such a node.
    error UnknownNode(NodeId nodeId);
    error NotSignedBySigner(address recovered);
    /// @notice The machine backs another node until then.
    error MachineTaken(bytes16 ppid, NodeId nodeId, uint256 until);
    /// @notice The GPUs back another node of this workload until then.
    error GpuTaken(bytes32 gpuId, NodeId nodeId, uint256 until);
    error NotNodeOwner(NodeId nodeId, address caller);
    /// @notice The node's owner has revoked this key for this workload: make another one.
    error KeyIsRevoked(bytes32 workloadId, address signer);
    /// @notice There is no such binding, or it has ended.
    error UnknownBinding(bytes32 workloadId, address signer);
    /// @notice The binding was not made by this certificate and measurement.
    error OtherEvidence();
    /// @notice Certificate, measurement and evaluation number of the binding are still allowed.
    error StillAllowed();

    /// @notice Binds a node's keys to a workload, or renews the binding. By anyone: the quote speaks for itself.
    /// @dev MUST revert unless the quote verifies under the verifier, its measurement and status are allowed, its report data is
    /// reportDataOf(keys) and the challenge, the signer signed too, and machine and GPUs back no other node.
    /// @param evaluation tcbEvaluationDataNumber of the collateral to judge the quote by, at least the workload's
    function attest(
        bytes32 workloadId,
        Keys calldata keys,
        IQuoteVerifier.Quote calldata quote,
        uint32 evaluation
    ) external;

    /// @notice Ends a key's binding, if it has not ended, and refuses the key for good, also in quotes made before. By the node's
    ///         owner. The machine stays the node's until the binding would have ended.
    function revokeBinding(bytes32 workloadId, address signer) external;

    /// @notice Ends a binding whose certificate was revoked since, whose measurement was removed, or whose evaluation number is
    ///         below the workload's by now. By anyone.
    /// @param pckId and `measurement` as in `NodeAttested`
    function endBinding(bytes32 workloadId, address signer, bytes32 pckId, bytes32 measurement) external;

    /// @notice The binding of a key, ended or not; all zero if there was none.
    function bindingOf(bytes32 workloadId, address signer) external view returns (Binding memory);

    /// @notice Until when the node's key is bound to the workload; zero if it is not, now.
    function liveUntil(bytes32 workloadId, NodeId nodeId, address signer) external view returns (uint256);

    /// @notice Whether the node's key is bound to the workload that the task names, now.
    function isLive(TaskId taskId, NodeId nodeId, address signer) external view returns (bool);

    /// @notice Those of the seats whose key is bound to the workload that the task names, now. For the escrow.
    /// @param members each nodeId << 32 | ask
    /// @param signers the key of each of the seats
    /// @param seats bit i is member i
    function liveSeats(
        TaskId taskId,
        uint256[] calldata members,
        uint256[] calldata signers,
        uint256 seats
    ) external view returns (uint256 live);

    /// @notice What the first half of the report data has to be: the EIP-712 hash, in this contract's domain, of
    ///         Binding(uint32 nodeId,address owner,address signer,bytes32 hpkeKey,bytes32 gpuId,bytes32 gpuEvidenceHash,bytes32 runtimeHash).
    function reportDataOf(Keys calldata keys) external view returns (bytes32);

    /// @notice What the second half has to be: keccak256(abi.encode(hash of the block, nodeId, this contract)).
    function challengeOf(NodeId nodeId, uint48 challengeBlock) external view returns (bytes32);

    /// @notice The node that a machine backs, and until when.
    function machineOf(bytes16 ppid) external view returns (NodeId nodeId, uint256 until);

    /// @notice The node of a workload that GPUs back, and until when. Nothing but the workload's code vouches for them.
    function gpuOf(bytes32 workloadId, bytes32 gpuId) external view returns (NodeId nodeId, uint256 until);

    /// @return what verifies quotes, and names the root of trust
    function verifier() external view returns (IDcapVerifier);
}
