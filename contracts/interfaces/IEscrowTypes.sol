// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId, TaskId} from "../types/Ids.sol";
import {Head} from "../types/Head.sol";
import {Request} from "../types/Request.sol";
import {TaskWord} from "../types/TaskWord.sol";

/// @title Structs, events and errors of requests
/// @notice requestId = keccak256(abi.encode(chainId, escrow, beacon, origin, work, rules, terms, inputDigest)).
interface IEscrowTypes {
    /// @param taskId the task to run
    /// @param units of work each member is paid for; execution stops there
    /// @param maxAsk highest ask per unit, in multiples of the task's ask scale
    /// @param tip for whoever settles, in units of the payment token; at least the tip floor
    /// @param k committee size, 1..21
    /// @param quorum members that must agree: more than k/2, up to k; 0 = floor(2k/3) + 1
    /// @param slot where the request is kept among the requester's slots; must be free. A slot used before costs 17k gas less
    /// @param callbackGas gas for the callback, at most 2,000,000; 0 = no callback
    /// @param challengeWindow seconds between settlement and payment, at most 1 day; 0 = paid at once. k = 1 needs one
    /// @param acceptNoPanel whether to go on where the snapshot has fewer than k + 7 nodes. Warning: a dispute then has no judges
    struct RequestParams {
        TaskId taskId;
        uint64 units;
        uint32 maxAsk;
        uint96 tip;
        uint8 k;
        uint8 quorum;
        uint24 slot;
        uint24 callbackGas;
        uint24 challengeWindow;
        bool acceptNoPanel;
    }

    /// @param request the request's words, as emitted
    /// @param head status, usage, and the bitmaps of members that committed and attested
    /// @param proof per committed member in draw order: 64-byte signature (EIP-2098) and 16-byte salt if it attested, else
    ///        its 32-byte leaf
    /// @param output the output; its keccak256 for status 1 (success by hash); the root for a bundle; empty for a failure
    struct Settlement {
        Request request;
        Head head;
        bytes proof;
        bytes output;
    }

    struct RoundSignature {
        uint64 round;
        bytes signature;
    }

    /// @param data the input itself, or its URI where the request's flags say so
    event Requested(
        bytes32 indexed requestId,
        TaskId indexed taskId,
        address indexed requester,
        Request request,
        bytes data
    );
    /// @param head status, usage and bitmaps; see `Head`
    event Settled(bytes32 indexed requestId, bytes32 digest, Head head);
    event ResultRecorded(bytes32 indexed requestId, bytes32 digest, Head head, address settler, uint256 finalizeAfter);
    /// @param reason selector of the error that names why the item was skipped
    event SettlementSkipped(bytes32 indexed requestId, bytes4 reason);
    /// @param reason selector of the error that names why the request could not settle
    event Refunded(bytes32 indexed requestId, address indexed requester, uint256 amount, bytes4 reason);
    event CallbackFailed(bytes32 indexed requestId);
    event CallbackDelivered(bytes32 indexed requestId);
    event SlotReleased(address indexed requester, uint256 slot, uint256 amount);

    /// @notice New requests are paused until this time.
    error Paused(uint256 until);
    /// @notice The slot holds another request; choose a free one.
    error SlotBusy(address requester, uint256 slot);
    /// @notice A ring has at least one slot.
    error EmptyRing();
    /// @notice The task has no snapshot young enough; call `publishSnapshot` first. Also for deprecated and unknown tasks.
    error SnapshotStale(TaskId taskId, uint256 publishedAt);
    error InvalidCommitteeSize(uint256 k);
    error InvalidQuorum(uint256 quorum, uint256 k);
    /// @notice The pool has fewer eligible nodes than the committee has seats.
    error PoolTooSmall(uint256 nodes, uint256 k);
    /// @notice Fewer than k + 7 nodes: no panel could judge a dispute. Set `acceptNoPanel` to go on.
    error PoolTooSmallForPanel(uint256 nodes, uint256 k);
    error NothingAsked();
    error CallbackGasTooHigh(uint256 given, uint256 most);
    error InvalidChallengeWindow(uint256 given, uint256 most);
    /// @notice One node's word alone needs a time in which it can be challenged.
    error ChallengeWindowRequired();
    error TipTooLow(uint256 given, uint256 floor);
    /// @notice maxAsk * units exceeds a hundredth of a node's stake; ask for less or split the request.
    error StakeTooLow(uint256 maxPay, uint256 asked);
    error LockTooLarge(uint256 lock);
    error InvalidItems();
    error UriRequired();

    /// @notice No open request with these words: settled, refunded, or never made.
    error NotOpen();
    /// @notice The request's beacon round is not posted; send its signature along.
    error RoundUnknown();
    /// @notice The round was posted before its own time: the chain's clock lags, and the request is refunded.
    error ClockLagged();
    /// @notice The round was posted after the timeout; the request is refunded.
    error RoundTooLate();
    /// @notice The time to settle is over.
    error DeadlinePassed();
    /// @notice The draw found too few eligible nodes; the request is refunded.
    error CommitteeIncomplete();
    /// @notice Bits outside the committee, or an attesting member that did not commit.
    error InvalidBitmaps();
    error QuorumNotReached();
    /// @notice The proof's length is not what the bitmaps call for.
    error InvalidProofLength();
    /// @notice A signature is not of the drawn member over these words.
    error WrongSigner();
    /// @notice The task names a TEE workload, and the key of a member that attested is not bound to it now: leave the member out,
    ///         or renew its evidence.
    error EvidenceNotLive();
    /// @notice A dispute over the request is open, or was decided for another digest.
    error Disputed();
    /// @notice A panel found another result than the one that was recorded; the request is refunded.
    error Overturned();
    /// @notice No panel could decide; the request is refunded.
    error Undecided();
    /// @notice The output does not fit its status: too long, not empty for a failure, or not a 32-byte hash or root.
    error InvalidOutput();
    /// @notice No item of the batch could be settled; this is why the first could not.
    error NothingSettled(bytes4 reason);

    /// @notice The request, settled alone, was refused; the reason is the selector of the error that names it.
    error SettlementRefused(bytes4 reason);
    /// @notice These words are not of a valid signed request.
    error InvalidSignedRequest();
    /// @notice The parameters or the snapshot that the signed request names were not in force when it was made.
    error NotInForce();
    /// @notice The signature is not the requester's.
    error InvalidRequesterSignature();
    error NonceUsed(address requester, uint256 nonce);

    /// @notice The phase begins with this second.
    error PhaseNotOpen(uint256 opensAt);
    /// @notice The phase ended with this second.
    error PhaseOver(uint256 endedAt);
    /// @notice Only the node's signer, or the one it had when the request was made, may commit for it.
    error NotSigner(NodeId nodeId, address caller);
    error AlreadyCommitted(NodeId nodeId);
    /// @notice The slot holds no outcome with these words.
    error OutcomeUnknown();
    /// @notice The challenge window is open until this time.
    error ChallengeWindowOpen(uint256 until);
    /// @notice The request can still settle; it can be refunded once this second is over.
    error NotExpired(uint256 earliest);
    /// @notice The call must carry more gas: the callback is owed exactly what was asked.
    error InsufficientGas(uint256 gasLeft, uint256 needed);
    /// @notice The callback failed again.
    error CallbackReverted();
    /// @notice No bundle was settled by this id, or a verdict found its root wrong.
    error BundleUnknown(bytes32 requestId);
    /// @notice The proof does not lead from this item to the bundle's root.
    error InvalidItemProof();

    event CommittedOnChain(bytes32 indexed requestId, NodeId indexed nodeId, bytes32 leaf);
    event SignerSet(NodeId indexed nodeId, address indexed former, address indexed current);
    event TaskWordSet(TaskId indexed taskId, TaskWord word);
    event RoundRecorded(uint64 indexed round, uint256 word);
    /// @notice Only this contract of the instance may call.
    error OnlyFrom(address allowed);
    /// @notice A stored round never changes.
    error RoundAlreadyRecorded(uint64 round);
    /// @notice The account holds less than the call needs; deposit the difference first.
    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error ZeroAddress();
    /// @notice The payment token needs six decimals at least: floors are in millionths of it.
    error TooFewDecimals(uint256 decimals);
    /// @notice The extension was made with another config.
    error ExtensionMismatch();
}
