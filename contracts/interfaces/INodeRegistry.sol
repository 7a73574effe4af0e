// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId, TaskId} from "../types/Ids.sol";

/// @title Who serves: identity, signers and stake of nodes
/// @notice The only vault of staked ATOMA: what it holds is the sum of free, allocated and unbonding stake, publisher
///         bonds and awards. Amounts are in units of ATOMA (18 decimals).
interface INodeRegistry {
    /// @param owner cold key: stake, endpoint, signer, subscriptions
    /// @param pendingOwner who may accept the ownership; zero if nobody
    /// @param signer hot key: attestations
    /// @param signerSince when the signer became current
    /// @param endpoint base URL of the node's committee endpoint
    struct Node {
        address owner;
        address pendingOwner;
        address signer;
        uint40 signerSince;
        string endpoint;
    }

    event NodeRegistered(NodeId indexed nodeId, address indexed owner, address indexed signer, string endpoint);
    event SignerRotated(NodeId indexed nodeId, address indexed former, address indexed current);
    event EndpointChanged(NodeId indexed nodeId, string endpoint);
    event OwnershipOffered(NodeId indexed nodeId, address indexed owner, address indexed pendingOwner);
    event OwnershipAccepted(NodeId indexed nodeId, address indexed former, address indexed owner);
    event StakeDeposited(NodeId indexed nodeId, address indexed from, uint256 amount);
    event StakeAllocated(NodeId indexed nodeId, TaskId indexed taskId, uint256 amount);
    event StakeUnbonding(NodeId indexed nodeId, TaskId indexed taskId, uint256 amount, uint256 releaseAt);
    event StakeReleased(NodeId indexed nodeId, TaskId indexed taskId, uint256 amount);
    event StakeWithdrawn(NodeId indexed nodeId, address indexed to, uint256 amount);
    event BondLocked(address indexed publisher, uint256 amount);
    event BondReturned(address indexed publisher, uint256 amount);
    /// @param amount what was asked for; `taken` is what there was
    event Slashed(NodeId indexed nodeId, TaskId indexed taskId, uint256 amount, uint256 taken);
    event Awarded(address indexed from, address indexed to, uint256 amount);
    event AwardWithdrawn(address indexed holder, address indexed to, uint256 amount);
    event NodeJailed(NodeId indexed nodeId, uint256 until);
    event StakeFrozenUntil(NodeId indexed nodeId, TaskId indexed taskId, uint256 until);
    event UnbondingSet(uint256 duration);

    /// @notice Only the node's owner may do this.
    error NotOwner(NodeId nodeId, address caller);
    error NotPendingOwner(NodeId nodeId, address caller);
    error UnknownNode(NodeId nodeId);
    /// @notice The signer's consent is missing, expired or of another key.
    error InvalidConsent(address signer);
    error ConsentExpired(uint256 deadline);
    /// @notice A key serves one node, once: choose a fresh one.
    error SignerTaken(address signer, NodeId nodeId);
    /// @notice Owner and signer must be different keys.
    error SignerIsOwner(address signer);
    error EndpointTooLong(uint256 length, uint256 most);
    /// @notice The registry cannot be paid out of itself: what it moves to itself belongs to nobody.
    error InvalidReceiver(address to);
    error InsufficientStake(NodeId nodeId, uint256 free, uint256 needed);
    error StillUnbonding(NodeId nodeId, TaskId taskId, uint256 releaseAt);
    error NothingUnbonding(NodeId nodeId, TaskId taskId);
    error UnbondingOutOfBounds(uint256 given, uint256 least, uint256 most);
    /// @notice Unbonding has to be longer than a node can be drawn and its request disputed: see `leastUnbonding`.
    error UnbondingTooShort(uint256 unbonding, uint256 least);
    error OnlyTaskRegistry(address caller);
    /// @notice Only the contracts of the instance that judge nodes may take stake.
    error OnlySlasher(address caller);
    /// @notice The node lost a dispute. From that time its owner may release it with a fresh signer.
    error NodeIsJailed(NodeId nodeId, uint256 until);
    /// @notice An open dispute names the stake; release it afterwards.
    error StakeFrozen(NodeId nodeId, TaskId taskId, uint256 until);
    error InsufficientAward(address holder, uint256 held, uint256 needed);

    /// @notice Registers a node owned by the caller.
    /// @param signer a key that never served a node
    /// @param endpoint base URL, at most 256 bytes
    /// @param consentDeadline until when the consent holds
    /// @param consent signer's signature over EIP-712 `SignerConsent(address owner,uint256 deadline)`
    function register(
        address signer,
        string calldata endpoint,
        uint256 consentDeadline,
        bytes calldata consent
    ) external returns (NodeId nodeId);

    /// @notice Replaces the signer. The former one keeps settling requests made while it was current. Not while the node is
    ///         jailed; afterwards this is what releases it.
    function rotateSigner(NodeId nodeId, address signer, uint256 consentDeadline, bytes calldata consent) external;

    function setEndpoint(NodeId nodeId, string calldata endpoint) external;

    /// @notice Offers the node to `newOwner`, who must accept; zero takes the offer back.
    function transferOwnership(NodeId nodeId, address newOwner) external;

    function acceptOwnership(NodeId nodeId) external;

    /// @notice Adds free stake to a node, by anyone.
    function deposit(NodeId nodeId, uint256 amount) external;

    /// @notice Pays out free stake. By the owner.
    function withdraw(NodeId nodeId, address to, uint256 amount) external;

    /// @notice Makes unbonding stake free once its time is over. By anyone.
    function release(NodeId nodeId, TaskId taskId) external;

    /// @notice Binds free stake to a task. By the task registry.
    function allocate(NodeId nodeId, TaskId taskId, uint256 amount) external;

    /// @notice Starts the unbonding of a task's whole allocation. By the task registry.
    function unbond(NodeId nodeId, TaskId taskId) external;

    /// @notice Pulls a publisher's bond from its allowance. By the task registry.
    function lockBond(address publisher, uint256 amount) external;

    /// @notice Pays a publisher's bond back. By the task registry.
    function returnBond(address publisher, uint256 amount) external;

    /// @notice Takes stake that backs a task: what is allocated to it first, then what is unbonding from it. MUST NOT revert
    ///         because of anything that a node did. By the escrow and the disputes contract. What is taken becomes an award of the caller.
    /// @return taken the amount, or all that there is
    function slash(NodeId nodeId, TaskId taskId, uint256 amount) external returns (uint256 taken);

    /// @notice Keeps stake that backs a task from being released until then, or an earlier call's later time. By the disputes
    ///         contract. It can be slashed all the same.
    function freeze(NodeId nodeId, TaskId taskId, uint256 until) external;

    /// @notice Takes the node's key away for the unbonding time at least, at once, its reputation, and its entry in the pool of
    ///         the task that it is jailed over: it cannot settle, sit on a panel, or subscribe, and anyone may evict it from the
    ///         pools of its other tasks. MUST NOT revert because of anything that a node did. By the disputes contract.
    function jail(NodeId nodeId, TaskId taskId) external;

    /// @notice Moves a part of the caller's own award to somebody else.
    function award(address to, uint256 amount) external;

    /// @notice Pays out a part of the caller's own award.
    function withdrawAward(address to, uint256 amount) external;

    /// @notice Sets the unbonding time: at once if it is longer, and after the former one if it is shorter, when whatever was
    ///         requested under longer times is over (STK-2). Governance only. Longer than `leastUnbonding`, at most 60 days.
    ///         Stake that leaves already keeps its time and can be drawn from snapshots, so a longer one lets other times grow
    ///         three days later, the longest age of a snapshot.
    function setUnbonding(uint40 duration) external;

    /// @notice Reverts unless the unbonding that was last set, and for three days the shorter one before it, is longer than
    ///         `leastUnbonding`. So do connecting an instance and each setter of what
    ///         the sum reads: here, in the task registry, the escrow and the disputes contract.
    function requireUnbonding() external view;

    function nodeOf(NodeId nodeId) external view returns (Node memory);

    function ownerOf(NodeId nodeId) external view returns (address);

    /// @return the node that the key serves or served, zero if none
    function nodeOfSigner(address signer) external view returns (NodeId);

    /// @notice The permanent record of a key.
    /// @return nodeId the node that the key serves or served, zero if none
    /// @return until when another key replaced it; zero while it is current
    function keyOf(address signer) external view returns (NodeId nodeId, uint256 until);

    /// @return from when the owner may release the node with a fresh signer; zero if it is not jailed
    function jailedUntil(NodeId nodeId) external view returns (uint256);

    /// @return since when it is jailed without a break; zero if it is not
    function jailedSince(NodeId nodeId) external view returns (uint256);

    /// @return when the node was jailed last, though it may be released by now; zero for one that never was
    function lastJailedAt(NodeId nodeId) external view returns (uint256);

    /// @return last second in which a dispute keeps the stake from being released
    function frozenUntil(NodeId nodeId, TaskId taskId) external view returns (uint256);

    function nodeCount() external view returns (uint256);

    function freeStake(NodeId nodeId) external view returns (uint256);

    function allocatedStake(NodeId nodeId, TaskId taskId) external view returns (uint256);

    /// @return amount unbonding
    /// @return releaseAt when it becomes free
    function unbondingStake(NodeId nodeId, TaskId taskId) external view returns (uint256 amount, uint256 releaseAt);

    /// @return seconds that stake waits which starts to leave now
    function unbonding() external view returns (uint40);

    /// @return what was last set: `unbonding` is longer for as long as it was before
    function targetUnbonding() external view returns (uint40);

    /// @return seconds that unbonding must exceed under the parameters in force: the age of a snapshot, the longest life of a
    ///         request, its challenge and dispute windows, and the longest dispute
    function leastUnbonding() external view returns (uint256);

    /// @return slashed stake that belongs to this account
    function awardOf(address account) external view returns (uint256);
}
