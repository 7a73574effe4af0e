// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeParameters} from "../types/DisputeParameters.sol";
import {PanelHead} from "../types/Docket.sol";
import {Head} from "../types/Head.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";

/// @title Who was right: disputes over results, judged by panels of fresh nodes
/// @notice A request can be disputed once. Level 1 is a panel drawn by a new beacon round; its decision can be appealed to
///         level 2, which is final, and an undecided level 1 moves there. Level 0 is the request's own committee.
///         start = max(round's time, posted at); a panel decides until start + max(panelWindow, 2 * task window), its end; until
///         end + appealWindow a decision of level 1 can be appealed, an undecided level 1 escalated, and jurors added that were
///         left out. What follows then follows by itself: the calls below only carry it out, and anyone may make them.
interface IDisputes {
    /// @notice A signature over one digest: an attestation, with the words that were signed besides request and level.
    /// @param seat place of the signer in the committee or panel, in draw order
    /// @param r upper half of the EIP-2098 signature
    /// @param yParityAndS lower half
    struct Evidence {
        uint256 seat;
        bytes32 digest;
        uint256 committed;
        bytes32 commitRoot;
        bytes32 r;
        bytes32 yParityAndS;
    }

    /// @notice A signed commit.
    struct SignedCommit {
        bytes32 leaf;
        bytes32 r;
        bytes32 yParityAndS;
    }

    /// @notice What the slot of a recorded or settled request holds, as its events say.
    struct Outcome {
        bytes32 digest;
        Head head;
        address settler; // of a recorded result; of a settled one it is not looked at
    }

    /// @notice How a dispute stands. Pending: a panel may still decide. Decided: a digest stands. NoFault: the panels could not
    ///         agree. NoPanel: none could be drawn.
    enum Ending {
        Pending,
        Decided,
        NoFault,
        NoPanel
    }

    /// @param digest fingerprint of the digest that stands, if decided; see `Fingerprint.sol`
    /// @param level the panel that said so
    /// @param finalAt last second before it was final
    /// @param isAppealJudged whether there was an appeal and a panel could be drawn for it
    struct Verdict {
        Ending ending;
        uint256 digest;
        uint256 level;
        uint256 finalAt;
        bool isAppealJudged;
    }

    /// @param bond what the challenger put up, in units of the payment token
    event DisputeOpened(
        bytes32 indexed requestId,
        address indexed challenger,
        bytes32 digest,
        uint256 round,
        uint256 snapshotId,
        uint256 bond
    );
    event PanelAttested(
        bytes32 indexed requestId,
        uint256 indexed level,
        bytes32 digest,
        uint256 attested,
        bool decided
    );
    /// @param appellant zero if an undecided first level moved on
    event LevelOpened(bytes32 indexed requestId, address indexed appellant, uint256 round, uint256 bond);
    /// @notice The round of a level was void, and another one draws its panel.
    event LevelRedrawn(bytes32 indexed requestId, uint256 indexed level, uint256 round);
    event DisputeConcluded(bytes32 indexed requestId, Ending ending, bytes32 digest);
    /// @param toJurors of lost bonds, or of the bond where nobody was at fault
    event BondsReturned(bytes32 indexed requestId, uint256 toChallenger, uint256 toAppellant, uint256 toJurors);
    event LoserPunished(bytes32 indexed requestId, NodeId indexed nodeId, uint256 indexed level, uint256 taken);
    event SilentJurorPunished(bytes32 indexed requestId, NodeId indexed nodeId, uint256 indexed level, uint256 taken);
    event EquivocationProven(bytes32 indexed requestId, NodeId indexed nodeId, uint256 level, uint256 taken);
    /// @param toTreasury what remained of all that was slashed
    event SpoilsShared(
        bytes32 indexed requestId,
        uint256 toJurors,
        uint256 toRequester,
        uint256 toChallenger,
        uint256 toMembers,
        uint256 toTreasury
    );
    event DisputeParametersSet(uint256 indexed version, DisputeParameters parameters);

    /// @notice A request is disputed once.
    error AlreadyDisputed(bytes32 requestId);
    /// @notice There is no dispute over this request.
    error NotDisputed(bytes32 requestId);
    /// @notice The two statements do not contradict each other, or are of one member.
    error NoContradiction();
    /// @notice The signature is not of the drawn node over these words, or by a key that was not its own then.
    error NotSignedBy(NodeId nodeId);
    /// @notice Nobody was drawn for this seat.
    error NoSuchSeat(uint256 seat, uint256 seats);
    error NoSuchLevel(uint256 level);
    /// @notice The round of this level is not posted yet, or was posted too early or too late to draw a panel.
    error NoRound(uint256 round);
    /// @notice Fewer than seven jurors are no panel.
    error NoPanel(uint256 jurors);
    /// @notice Too few jurors, or none that was counted before.
    error TooFewJurors(uint256 attested, uint256 needed);
    /// @notice Bits outside the panel, or an attesting juror that did not commit.
    error InvalidPanelHead();
    error InvalidPanelProof(uint256 length, uint256 needed);
    /// @notice Another digest was decided at this level.
    error DecidedOtherwise();
    /// @notice The time for this is over.
    error WindowOver(uint256 latest);
    /// @notice The time for this comes after this second.
    error TooEarly(uint256 earliest);
    /// @notice This level is not decided, so it cannot be appealed; or it is decided, so it cannot be escalated.
    error NothingToMove();
    /// @notice The round of the highest open level is not void, or was drawn again once already.
    error NothingToRedraw();
    /// @notice The second level is open already.
    error LevelTwoOpen();
    /// @notice No verdict yet.
    error StillPending();
    error AlreadyConcluded();
    error AlreadyClosed();
    /// @notice Only what a verdict found wrong is punished.
    error NotALoser();
    /// @notice The juror attested, or was in jail before it was drawn, or too few of its panel attested to blame it.
    error NotSilent(uint256 seat);
    error AlreadyPunished(NodeId nodeId);

    /* OPENING */

    /// @notice Two members of one committee attested two digests, and the request is open. Up to its deadline plus expire
    ///         delay. Free of charge: one of them loses its stake.
    function openByConflict(Request calldata request_, Evidence calldata first, Evidence calldata second) external;

    /// @notice A member attested another digest than the one recorded or settled. Within the challenge window or, if settled,
    ///         the dispute window. Free of charge; the dissenting node's owner counts as the challenger.
    function openByDissent(Request calldata request_, Outcome calldata outcome, Evidence calldata dissent) external;

    /// @notice An outsider holds that what was recorded or settled is wrong. Takes `bondOf` level 1 from the caller's account in
    ///         the escrow.
    ///         Warning: the bond is lost if the panel finds the same digest.
    function openByBond(Request calldata request_, Outcome calldata outcome) external;

    /// @notice An outsider holds that what a member attested is wrong, and the request is open. As `openByBond`.
    function openAgainstMember(Request calldata request_, Evidence calldata accused) external;

    /* DECIDING */

    /// @notice Shows that jurors of one panel attested one digest under one commit root. At least the threshold of them decides
    ///         the level, up to its end. Then, up to the appeal window's end: half of them or more count where nothing is
    ///         decided, so that silent ones can be told; and jurors are added to a decision that were left out, if one that
    ///         counts already attests the same root again.
    /// @param proof per committed juror in draw order: 64-byte signature (EIP-2098) and 16-byte salt if it attested, else its
    ///        32-byte leaf
    function decide(
        Request calldata request_,
        uint256 level,
        bytes32 digest,
        PanelHead head,
        bytes calldata proof
    ) external;

    /// @notice Takes a decision of level 1 to level 2. Takes `bondOf` level 2 from the caller's account in the escrow.
    ///         Warning: the bond is lost unless level 2 decides for another digest.
    function appeal(Request calldata request_) external;

    /// @notice Takes an undecided level 1 to level 2.
    function escalate(Request calldata request_) external;

    /// @notice Gives the highest open level another round where its own is void: not posted by its beacon timeout, or posted
    ///         late, or so early that the chain's clock lagged. Once per level, from the moment when the round is given up, which
    ///         is the beacon timeout after its own time, for appealWindow. By anyone.
    function redraw(Request calldata request_) external;

    /// @notice Carries a verdict out: tells the escrow, pays bonds back or out to jurors.
    /// @dev Decided: an open request settles with that digest, a recorded one of that digest is paid, of another refunded.
    ///      NoFault: refund. NoPanel: the committee's quorum stands. What is paid stays paid; the items of a settled bundle with
    ///      another root than decided are proven no more.
    function conclude(Request calldata request_) external;

    /* PUNISHING */

    /// @notice Slashes and jails a node that attested a losing digest, at any level. From the verdict on, for punishWindow.
    function punish(Request calldata request_, uint256 level, Evidence calldata evidence) external;

    /// @notice The same for a member of the committee that revealed a losing digest on chain: the chain itself is the evidence.
    function punishRevealed(Request calldata request_, uint256 seat) external;

    /// @notice Slashes a silent juror, if at least half of its panel attested one digest. From the verdict on, for
    ///         punishWindow. Not one that was in jail already when the panel's round was chosen, and still is.
    function punishSilent(Request calldata request_, uint256 level, uint256 seat) external;

    /// @notice Shares out what was slashed, once punishWindow is over: see `Spoils`. Awards are in the node registry.
    function close(Request calldata request_) external;

    /// @notice Two attestations of one node for one request and level with different digests: it loses its whole allocation
    ///         and is jailed. Up to the unbonding time after the request was made.
    function proveEquivocation(
        Request calldata request_,
        uint256 level,
        Evidence calldata first,
        Evidence calldata second
    ) external;

    /// @notice The same for two commits with different leaves.
    function proveDoubleCommit(
        Request calldata request_,
        uint256 level,
        SignedCommit calldata first,
        SignedCommit calldata second
    ) external;

    /// @notice Keeps the stake of a node that was drawn for a dispute from being released before the dispute can end. While the
    ///         dispute is not closed.
    function freeze(Request calldata request_, uint256 level, uint256 seat) external;

    /* PARAMETERS AND VIEWS */

    /// @notice Sets the parameters of disputes opened from now on. Governance only. Reverts where unbonding would not be longer
    ///         than `INodeRegistry.leastUnbonding` then.
    function setParameters(DisputeParameters calldata parameters_) external;

    function parameters() external view returns (uint256 version, DisputeParameters memory parameters_);

    function verdictOf(Request calldata request_) external view returns (Verdict memory);

    /// @return jurors of a level, in draw order, each nodeId << 32 | ask; the committee for level 0
    function panelOf(Request calldata request_, uint256 level) external view returns (uint256[] memory jurors);

    /// @return what an outsider has to hold in the escrow: (k_level + 4) pays of maxAsk * units
    function bondOf(Request calldata request_, uint256 level) external view returns (uint256);

    /// @return docket, claim, first tally, appeal, second tally, pot; see `Docket.sol`
    function caseOf(bytes32 requestId) external view returns (uint256[6] memory);

    /// @return 0 if the node was not punished for the request, 1 for silence, 2 with all its stake
    function punishmentOf(bytes32 requestId, NodeId nodeId) external view returns (uint256);

    /// @notice The longest that a dispute over a request can last from its opening to its close, under the parameters in force,
    ///         with a void round at each level.
    /// @param taskWindow seconds
    /// @param beaconWait beacon delay, one period and beacon timeout: the longest wait for a round
    function longestDispute(uint256 taskWindow, uint256 beaconWait) external view returns (uint256);
}
