// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";

/// @title Agreement on chain, for committees whose members do not reach each other
/// @notice Two phases after the fallback delay. First members commit, see `commitOnChain`; then they reveal. An attestation that was made off chain can be shown in the first phase; from then on only a leaf that
///         was signed off chain, and is under a root that another member attested, counts - so that nobody gains by
///         stalling until others have revealed off chain.
interface IEscrowFallback is IEscrowTypes {
    /// @param committed bitmap of the members whose leaves are under the root; bit i is the i-th drawn
    /// @param signature of the attesting member, EIP-2098, over `Attestation`
    /// @param commits of each committed member in draw order: its 32-byte leaf, and its 64-byte signature over `Commit`
    struct ShownAttestation {
        bytes32 digest;
        uint256 committed;
        uint256 seat;
        bytes signature;
        bytes commits;
    }

    /// @param signed in draw order, for each committed member its node id and the leaf that it signed
    event AttestationShown(
        bytes32 indexed requestId,
        NodeId indexed nodeId,
        bytes32 digest,
        uint256 committed,
        bytes32[] signed
    );
    /// @param counted whether it counts towards the quorum and is paid
    event RevealedOnChain(bytes32 indexed requestId, NodeId indexed nodeId, bytes32 digest, bool counted);
    /// @param idle bitmap of the members that did nothing, though a quorum could
    event NoShowsProven(bytes32 indexed requestId, uint256 idle);
    event NoShowSlashed(bytes32 indexed requestId, NodeId indexed nodeId, uint256 taken);

    error AlreadyRevealed(NodeId nodeId);
    /// @notice The node committed to another leaf, on chain and under every root that was shown.
    error LeafMismatch(NodeId nodeId, bytes32 leaf);
    /// @notice The member attested this root already.
    error AlreadyShown(NodeId nodeId);
    /// @notice Not all members have revealed, and they may until this second.
    error RevealsOpen(uint256 until);
    /// @notice The member did something, the request was not settled by reveals, or its day is over.
    error NoNoShow(bytes32 requestId, uint256 seat);
    /// @notice A node is slashed for a no-show once a day and task.
    error SlashedToday(NodeId nodeId, uint256 earliest);

    /// @notice Shows what a member attested off chain, with at least a quorum of signed commits, until the first phase ends.
    ///         By anyone.
    function showAttestation(Request calldata request_, ShownAttestation calldata attestation) external;

    /// @notice Reveals a result, in the second phase: the chain phase after the first. By anyone who knows the salt.
    /// @param signed as another member's `AttestationShown` has it, if the node's leaf is in it; else empty
    function revealOnChain(
        Request calldata request_,
        NodeId nodeId,
        bytes32 digest,
        bytes16 salt,
        bytes32[] calldata signed
    ) external;

    /// @notice Settles by a quorum of counted reveals, once the second phase is over or all have revealed. By anyone, who
    ///         gets the tip as for `settle`. Members that did nothing on chain, though able to sign, are noted as no-shows
    ///         until the request could expire.
    /// @param settlement its proof is empty, and both bitmaps are those of all counted reveals of the digest
    function settleRevealed(Settlement calldata settlement) external;

    /// @notice Takes a member's slash for a no-show, within a day after it was proven and at most once a day for a node and task. By
    ///         anyone. Each member whose reveal counted gets a k-th of it, the treasury the rest.
    function slashNoShow(Request calldata request_, uint256 seat) external;

    /// @notice What a node has done on chain for a request.
    /// @return state 0 = nothing, 1 = committed, 2 = revealed, 3 = revealed and counted
    /// @return prefix top 248 bits of the leaf (1) or of the digest's keccak256 (2, 3)
    function chainWordOf(bytes32 requestId, NodeId nodeId) external view returns (uint256 state, bytes32 prefix);

    /// @notice What was shown and proven of a request.
    /// @return shown bitmap of members whose signed commits were shown
    /// @return idle bitmap of no-shows that are not slashed yet
    /// @return provenAt when the no-shows were proven
    function fallbackOf(bytes32 requestId) external view returns (uint256 shown, uint256 idle, uint256 provenAt);
}
