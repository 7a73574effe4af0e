// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IDcapVerifier} from "./interfaces/IDcapVerifier.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {IQuoteVerifier} from "./interfaces/IQuoteVerifier.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {ITeeRegistry} from "./interfaces/ITeeRegistry.sol";
import {QuoteHeader} from "./attestation/quote/QuoteHeader.sol";
import {SgxReport} from "./attestation/quote/SgxReport.sol";
import {TdReport} from "./attestation/quote/TdReport.sol";
import {Workloads} from "./attestation/Workloads.sol";
import {Attestations} from "./libraries/Attestations.sol";
import {BlockHashes} from "./libraries/BlockHashes.sol";
import {NodeId, TaskId} from "./types/Ids.sol";

/// @title Which keys live in trusted execution environments that run allowed workloads
contract TeeRegistry is ITeeRegistry, Workloads, EIP712 {
    using QuoteHeader for bytes;

    /// @dev Who backs which node, and until when.
    struct Backing {
        NodeId nodeId;
        uint40 until;
    }

    bytes32 private constant BINDING_TYPEHASH = keccak256(
        "Binding(uint32 nodeId,address owner,address signer,bytes32 hpkeKey,bytes32 gpuId,bytes32 gpuEvidenceHash,bytes32 runtimeHash)"
    );
    bytes32 private constant ATTEST_TYPEHASH = keccak256(
        "Attest(bytes32 workloadId,bytes32 binding,bytes32 challenge,bytes32 pckId,uint32 evaluation)"
    );

    INodeRegistry private immutable NODE_REGISTRY;
    ITaskRegistry private immutable TASK_REGISTRY;
    IDcapVerifier private immutable VERIFIER;

    mapping(bytes32 workloadId => mapping(address signer => Binding binding)) private _bindings;
    mapping(bytes16 ppid => Backing backing) private _machines;
    mapping(bytes32 workloadId => mapping(bytes32 gpuId => Backing backing)) private _gpus;

    /// @param nodeRegistry whose owners' nodes are bound
    /// @param taskRegistry whose tasks name workloads
    /// @param verifier_ of quotes, with the root of trust
    /// @param authority access manager that may revoke workloads
    constructor(
        INodeRegistry nodeRegistry,
        ITaskRegistry taskRegistry,
        IDcapVerifier verifier_,
        address authority
    ) AccessManaged(authority) EIP712("Atoma TEE", "1") {
        (NODE_REGISTRY, TASK_REGISTRY, VERIFIER) = (nodeRegistry, taskRegistry, verifier_);
    }

    /* ATTESTING */

    /// @inheritdoc ITeeRegistry
    function attest(
        bytes32 workloadId,
        Keys calldata keys,
        IQuoteVerifier.Quote calldata quote,
        uint32 evaluation
    ) external {
        Workload memory workload = _liveWorkload(workloadId);
        _requireNewer(workloadId, keys);
        require(evaluation >= workload.minEvaluation, EvaluationTooLow(evaluation, workload.minEvaluation));
        IQuoteVerifier.Verdict memory v = VERIFIER.verifyQuote(quote, evaluation);
        require(v.tee == workload.tee, WrongTee(v.tee, workload.tee));
        require((workload.statuses >> v.status) & 1 != 0, StatusNotAllowed(v.status));
        (, bytes calldata report) = quote.signedBody.reportOf();
        bytes32 measurement = _allowedMeasurement(workloadId, workload, report);
        _requireBound(workloadId, keys, report, quote.pckId, evaluation);

        uint40 until = _least(uint40(block.timestamp) + workload.maxAge, v.validUntil); // years below 36812
        _claim(workloadId, keys, v.ppid, until);
        _bindings[workloadId][keys.signer] = Binding({
            nodeId: keys.nodeId,
            until: until,
            evaluation: evaluation,
            challengeBlock: keys.challengeBlock,
            evidenceTag: _tagOf(quote.pckId, measurement),
            revoked: false
        });
        emit NodeAttested(
            workloadId,
            keys.nodeId,
            keys.signer,
            keys.hpkeKey,
            measurement,
            quote.pckId,
            keys.gpuEvidenceHash,
            keys.runtimeHash,
            v.status,
            until
        );
    }

    /// @dev The key is not revoked, and bound by no quote as late: who sees a quote cannot make it live longer.
    function _requireNewer(bytes32 workloadId, Keys calldata keys) private view {
        Binding storage binding = _bindings[workloadId][keys.signer];
        require(!binding.revoked, KeyIsRevoked(workloadId, keys.signer));
        uint256 bound = binding.challengeBlock;
        require(keys.challengeBlock > bound, ChallengeNotNewer(keys.challengeBlock, bound));
    }

    function _tagOf(bytes32 pckId, bytes32 measurement) private pure returns (bytes12) {
        return bytes12(keccak256(abi.encode(pckId, measurement)));
    }

    /// @dev The report binds these keys, freshly, and the signer agrees, also to what the quote is judged by. So a copied quote
    ///      is worth nothing to others.
    function _requireBound(
        bytes32 workloadId,
        Keys calldata keys,
        bytes calldata report,
        bytes32 pckId,
        uint32 evaluation
    ) private view {
        bytes calldata data = report[report.length < TdReport.LENGTH ? SgxReport.REPORT_DATA : TdReport.REPORT_DATA:];
        (bytes32 binding, bytes32 challenge) = (reportDataOf(keys), challengeOf(keys.nodeId, keys.challengeBlock));
        require(bytes32(data) == binding, WrongBinding(bytes32(data), binding));
        require(bytes32(data[32:]) == challenge, WrongChallenge(bytes32(data[32:]), challenge));
        bytes32 hash = _hashTypedDataV4(
            keccak256(abi.encode(ATTEST_TYPEHASH, workloadId, binding, challenge, pckId, evaluation))
        );
        address recovered = Attestations.recover(hash, keys.r, keys.yParityAndS);
        require(recovered == keys.signer && recovered != address(0), NotSignedBySigner(recovered));
    }

    /// @dev One machine backs one node at a time. So do GPUs within a workload, whose code alone vouches for them.
    function _claim(bytes32 workloadId, Keys calldata keys, bytes16 ppid, uint40 until) private {
        Backing memory machine = _machines[ppid];
        require(_isFree(machine, keys.nodeId), MachineTaken(ppid, machine.nodeId, machine.until));
        _machines[ppid] = _extended(machine, keys.nodeId, until);
        if (keys.gpuId == 0) return;
        Backing memory gpu = _gpus[workloadId][keys.gpuId];
        require(_isFree(gpu, keys.nodeId), GpuTaken(keys.gpuId, gpu.nodeId, gpu.until));
        _gpus[workloadId][keys.gpuId] = _extended(gpu, keys.nodeId, until);
    }

    function _isFree(Backing memory backing, NodeId nodeId) private view returns (bool) {
        return backing.nodeId == nodeId || backing.until < block.timestamp;
    }

    /// @dev Several bindings of one node may share a machine; it is the node's until the last of them ends.
    function _extended(Backing memory backing, NodeId nodeId, uint40 until) private pure returns (Backing memory) {
        if (backing.nodeId == nodeId && backing.until > until) until = backing.until;
        return Backing(nodeId, until);
    }

    function _least(uint40 a, uint40 b) private pure returns (uint40) {
        return a < b ? a : b;
    }

    /* ENDING */

    /// @inheritdoc ITeeRegistry
    function revokeBinding(bytes32 workloadId, address signer) external {
        Binding storage binding = _bindings[workloadId][signer];
        NodeId nodeId = binding.nodeId;
        require(NodeId.unwrap(nodeId) != 0, UnknownBinding(workloadId, signer));
        require(msg.sender == NODE_REGISTRY.ownerOf(nodeId), NotNodeOwner(nodeId, msg.sender));
        binding.revoked = true;
        _end(workloadId, signer);
    }

    /// @inheritdoc ITeeRegistry
    function endBinding(bytes32 workloadId, address signer, bytes32 pckId, bytes32 measurement) external {
        Binding storage binding = _bindings[workloadId][signer];
        require(binding.until >= block.timestamp, UnknownBinding(workloadId, signer));
        require(binding.evidenceTag == _tagOf(pckId, measurement), OtherEvidence());
        bool isAllowed =
            binding.evaluation >= workloadOf(workloadId).minEvaluation &&
                measurementActiveAt(workloadId, measurement) != 0 &&
                !VERIFIER.pck(pckId).revoked;
        require(!isAllowed, StillAllowed());
        _end(workloadId, signer);
    }

    function _end(bytes32 workloadId, address signer) private {
        _bindings[workloadId][signer].until = 0; // every block is later
        emit BindingEnded(workloadId, signer);
    }

    /* VIEWS */

    /// @inheritdoc ITeeRegistry
    function bindingOf(bytes32 workloadId, address signer) external view returns (Binding memory) {
        return _bindings[workloadId][signer];
    }

    /// @inheritdoc ITeeRegistry
    function liveUntil(bytes32 workloadId, NodeId nodeId, address signer) external view returns (uint256) {
        bool isBound = _isLive(workloadId, NodeId.unwrap(nodeId), signer) && _isInForce(workloadId);
        return isBound ? _bindings[workloadId][signer].until : 0;
    }

    /// @inheritdoc ITeeRegistry
    function isLive(TaskId taskId, NodeId nodeId, address signer) external view returns (bool) {
        bytes32 workloadId = TASK_REGISTRY.workloadOf(taskId);
        return _isInForce(workloadId) && _isLive(workloadId, NodeId.unwrap(nodeId), signer);
    }

    /// @inheritdoc ITeeRegistry
    function liveSeats(
        TaskId taskId,
        uint256[] calldata members,
        uint256[] calldata signers,
        uint256 seats
    ) external view returns (uint256 live) {
        bytes32 workloadId = TASK_REGISTRY.workloadOf(taskId);
        if (!_isInForce(workloadId)) return 0;
        for (uint256 i = 0; i < members.length; ++i) {
            if ((seats >> i) & 1 == 0) continue;
            if (_isLive(workloadId, members[i] >> 32, address(uint160(signers[i])))) live |= 1 << i; // a key's 160 bits
        }
    }

    /// @dev Node 0 does not exist, so a key that was never bound is not live.
    function _isLive(bytes32 workloadId, uint256 nodeId, address signer) private view returns (bool) {
        Binding storage binding = _bindings[workloadId][signer];
        return NodeId.unwrap(binding.nodeId) == nodeId && binding.until >= block.timestamp;
    }

    /// @inheritdoc ITeeRegistry
    function reportDataOf(Keys calldata keys) public view returns (bytes32) {
        address owner = NODE_REGISTRY.ownerOf(keys.nodeId);
        require(owner != address(0), UnknownNode(keys.nodeId));
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(
                        BINDING_TYPEHASH,
                        keys.nodeId,
                        owner,
                        keys.signer,
                        keys.hpkeKey,
                        keys.gpuId,
                        keys.gpuEvidenceHash,
                        keys.runtimeHash
                    )
                )
            );
    }

    /// @inheritdoc ITeeRegistry
    function challengeOf(NodeId nodeId, uint48 challengeBlock) public view returns (bytes32) {
        bytes32 hash = BlockHashes.hashOf(challengeBlock);
        require(hash != 0, ChallengeTooOld(challengeBlock));
        return keccak256(abi.encode(hash, nodeId, address(this)));
    }

    /// @inheritdoc ITeeRegistry
    function machineOf(bytes16 ppid) external view returns (NodeId, uint256) {
        return (_machines[ppid].nodeId, _machines[ppid].until);
    }

    /// @inheritdoc ITeeRegistry
    function gpuOf(bytes32 workloadId, bytes32 gpuId) external view returns (NodeId, uint256) {
        Backing memory gpu = _gpus[workloadId][gpuId];
        return (gpu.nodeId, gpu.until);
    }

    /// @inheritdoc ITeeRegistry
    function verifier() external view returns (IDcapVerifier) {
        return VERIFIER;
    }
}
