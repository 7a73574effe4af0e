// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {AiConsumer} from "./AiConsumer.sol";
import {AskerPays} from "./AskerPays.sol";
import {ModelText} from "./ModelText.sol";

/// @title Example: small claims, decided by a committee's model
/// @notice A sponsor fills a pool. Whoever files a claim puts down a deposit, and a model says one of two words about it.
///         "approve" pays deposit and payout, "reject" moves the deposit to the pool, and anything else gives the deposit
///         back and pays nothing. What wrong answers can do is bounded whatever a claim talks the model into: they cost the
///         sponsor at most `claimsPerDay` payouts a day, and a claimant one deposit.
contract ClaimDesk is AskerPays {
    enum State {
        None,
        Open,
        Approved,
        Rejected,
        Undecided
    }

    /// @param claimant who filed it and gets what it yields
    /// @param state open until the answer is there, or cannot come any more
    struct Claim {
        address claimant;
        State state;
    }

    /// @param deposit put down with a claim, in units of the payment token
    /// @param payout of an approved claim, in units of the payment token
    /// @param claimsPerDay most claims of one day (UTC)
    struct Rules {
        uint128 deposit;
        uint128 payout;
        uint32 claimsPerDay;
    }

    string private constant LABELS = "approve|reject";
    uint256 private constant APPROVE = 1;
    uint256 private constant REJECT = 2;
    /// @notice Longest text of a claim, in bytes.
    uint256 public constant MAX_TEXT = 280;
    /// @dev More than half again what the dearest answer was measured to use.
    uint24 private constant CALLBACK_GAS = 250_000;

    uint128 public immutable deposit;
    uint128 public immutable payout;
    uint32 public immutable claimsPerDay;

    /// @notice The message is `before`, the claim between quotes, and `afterwards`.
    string public before;
    string public afterwards;
    /// @notice What future claims can be paid from. Payouts of open claims are set aside from it.
    uint256 public pool;
    uint96 public claimCount;
    mapping(uint256 claimId => Claim claim) public claims;
    mapping(uint256 day => uint256 count) public filedOn;

    event PoolFunded(address indexed from, uint256 amount);
    event PoolReduced(uint256 amount);
    event ClaimFiled(uint256 indexed claimId, address indexed claimant, bytes32 indexed requestId, string text);
    event ClaimDecided(uint256 indexed claimId, State state);

    /// @notice Only the beneficiary takes from the pool.
    error OnlySponsor(address caller);
    /// @notice The pool cannot pay one more claim.
    error PoolTooLow(uint256 pool, uint256 needed);
    /// @notice The day's claims are filed; come back tomorrow.
    error DayIsFull(uint256 claimsPerDay);

    /// @param sponsor gets what is left of fees, and may reduce the pool
    /// @param terms_ of a question; the gas of the callback is set here
    /// @param fee_ at least what a question can cost
    /// @param before_ own words before the claim, the question among them; not a brace at first
    /// @param afterwards_ own words after it
    constructor(
        IRequestEscrow escrow_,
        address sponsor,
        RequestParams memory terms_,
        uint256 fee_,
        Rules memory rules,
        string memory before_,
        string memory afterwards_
    ) AiConsumer(escrow_, _withGas(terms_, CALLBACK_GAS)) AskerPays(sponsor, fee_) {
        require(bytes(before_).length != 0 && bytes(before_)[0] != "{", NotAMessage());
        (deposit, payout, claimsPerDay) = (rules.deposit, rules.payout, rules.claimsPerDay);
        (before, afterwards) = (before_, afterwards_);
    }

    /// @notice Adds to the pool. By anyone.
    function fund(uint256 amount) external {
        pool += amount;
        _reserve(amount);
        emit PoolFunded(msg.sender, amount);
        _collect(amount);
    }

    /// @notice Moves from the pool to the sponsor's credit. By the sponsor.
    function reducePool(uint256 amount) external {
        require(msg.sender == beneficiary, OnlySponsor(msg.sender));
        require(pool >= amount, PoolTooLow(pool, amount));
        pool -= amount;
        _credit(msg.sender, amount);
        emit PoolReduced(amount);
    }

    /// @notice Files a claim. The caller pays fee and deposit.
    /// @param text 1 to 280 bytes: letters, digits, spaces and ordinary marks; see `ModelText.quote`
    function file(string calldata text) external returns (uint96 claimId) {
        uint256 today = block.timestamp / 1 days;
        require(filedOn[today] < claimsPerDay, DayIsFull(claimsPerDay));
        ++filedOn[today];
        require(pool >= payout, PoolTooLow(pool, payout));
        pool -= payout;
        claimId = ++claimCount;
        claims[claimId] = Claim(msg.sender, State.Open);
        (bytes32 requestId, ) = _paidQuestion(claimId, messageFor(text), deposit);
        emit ClaimFiled(claimId, msg.sender, requestId, text);
    }

    /// @notice What the model is asked about a claim.
    function messageFor(string calldata text) public view returns (bytes memory) {
        return bytes.concat(bytes(before), ModelText.quote(text, MAX_TEXT), bytes(afterwards));
    }

    /// @inheritdoc AiConsumer
    function _onText(bytes32, Question memory question, bytes calldata text) internal override {
        uint256 label = ModelText.labelOf(text, LABELS);
        _decide(
            question,
            label == APPROVE
                ? State.Approved
                : label == REJECT
                    ? State.Rejected
                    : State.Undecided
        );
    }

    /// @inheritdoc AiConsumer
    function _onNoAnswer(bytes32, Question memory question, bool) internal override {
        _decide(question, State.Undecided);
    }

    /// @dev Moves deposit and payout, which are both reserved.
    function _decide(Question memory question, State state) private {
        claims[question.subject].state = state;
        emit ClaimDecided(question.subject, state);
        if (state == State.Approved) return _credit(question.asker, uint256(deposit) + payout);
        pool += payout;
        if (state == State.Rejected) pool += deposit;
        else _credit(question.asker, deposit);
    }
}
