// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
// for contracts that inherit, which import it from here
// solhint-disable-next-line no-unused-import
import {TaskId} from "../types/Ids.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {AtomaConsumer} from "./AtomaConsumer.sol";

/// @title Base of a contract that asks language models
/// @notice Call `_question`, implement `_onText`, and `_onNoAnswer` where that matters: exactly one of the two is called for
///         each question, once. An answer counts once and only if it was asked for; whatever else the escrow delivers is ignored.
/// @dev The output of a chat or completion task is the keccak256 of the token ids (32 bytes) and then the text.
abstract contract AiConsumer is AtomaConsumer {
    /// @param asker who pays if it is not this contract; zero otherwise
    /// @param subject what the question is about, numbered by the heir
    /// @param askedAt when it was asked; zero for a question that is unknown or over
    /// @param slot of the escrow's that holds it
    /// @param cost what this contract's account in the escrow went down by, in units of the payment token
    struct Question {
        address asker;
        uint96 subject;
        uint40 askedAt;
        uint24 slot;
        uint128 cost;
    }

    uint256 private constant DIGEST_BYTES = 32;
    /// @dev A request that was paid for without delivery keeps its slot for seven days of retries. Afterwards anyone can
    ///      `release` the slot, which then looks like that of a refunded request: only before does it prove a refund.
    uint256 private constant PROOF_OF_REFUND = 7 days;

    RequestParams private _terms;
    mapping(bytes32 requestId => Question question) private _questions;
    mapping(uint256 slot => bytes32 requestId) private _lastIn;

    event QuestionAsked(bytes32 indexed requestId, uint256 indexed subject, address indexed asker, uint256 cost);
    /// @notice No text will come.
    /// @param refunded whether the escrow gave everything back: the committee did not answer
    event QuestionUnanswered(bytes32 indexed requestId, uint256 indexed subject, bool refunded);

    /// @notice Without gas for the callback no answer would arrive.
    error NoCallbackGas();
    /// @notice A message starts with words of the contract's own; one that starts with a brace would be read as a document.
    error NotAMessage();
    /// @notice There is no such question, or it is over.
    error UnknownQuestion(bytes32 requestId);
    /// @notice The answer can still come, or the refund has not: let anyone call `expire` of the escrow once it is due.
    error StillOpen(bytes32 requestId);

    /// @param terms_ of every question: task, units, price, committee, gas of the callback
    constructor(IRequestEscrow escrow_, RequestParams memory terms_) AtomaConsumer(escrow_) {
        require(terms_.callbackGas != 0, NoCallbackGas());
        _terms = terms_;
    }

    /// @notice Ends a question whose answer cannot come any more. By anyone. Where the escrow refunded it, call within seven
    ///         days of the question: later it cannot be told from one that was paid for.
    function close(bytes32 requestId) external {
        Question memory q = questionOf(requestId);
        require(q.askedAt != 0, UnknownQuestion(requestId));
        SlotWord word = escrow.slotOf(address(this), q.slot);
        require(word.isFree(block.timestamp), StillOpen(requestId));
        _endUnanswered(requestId, q, word);
    }

    /// @notice What every question asks for, and at what price.
    function terms() public view returns (RequestParams memory) {
        return _terms;
    }

    /// @notice An open question; all zero if it is unknown or over.
    function questionOf(bytes32 requestId) public view returns (Question memory) {
        return _questions[requestId];
    }

    /// @dev The terms with another gas of the callback, which only a contract itself knows.
    function _withGas(RequestParams memory terms_, uint24 callbackGas) internal pure returns (RequestParams memory) {
        terms_.callbackGas = callbackGas;
        return terms_;
    }

    /// @dev Asks the model, paid from this contract's account in the escrow.
    /// @param message begins with the contract's own words; a stranger's text belongs into `ModelText.quote`
    /// @param asker to be paid back by the heir if there is no answer; zero for none
    /// @return requestId of the escrow
    /// @return cost in units of the payment token
    function _question(
        uint96 subject,
        bytes memory message,
        address asker
    ) internal returns (bytes32 requestId, uint256 cost) {
        require(message.length != 0 && message[0] != "{", NotAMessage());
        RequestParams memory params = _terms;
        (uint256 before, ) = escrow.accountOf(address(this));
        requestId = _ask(params, message);
        (uint256 left, ) = escrow.accountOf(address(this));
        cost = before > left ? before - left : 0; // what an earlier question left in the slot comes back with this one
        _lastIn[params.slot] = requestId;
        // a lock is below 2^96, and times below 2^40
        _questions[requestId] = Question(asker, subject, uint40(block.timestamp), params.slot, uint128(cost));
        emit QuestionAsked(requestId, subject, asker, cost);
    }

    /// @dev A text that the committee agreed on: any bytes, at most as many as the task's longest output.
    ///      MUST NOT revert, and needs no more gas than was asked for: what fails here is delivered again for seven days.
    function _onText(bytes32 requestId, Question memory question, bytes calldata text) internal virtual;

    /// @dev There will be no text: the model failed for a quorum, or its output is none, or too long to be delivered, or the
    ///      request was refunded, or never delivered. MUST NOT revert.
    function _onNoAnswer(bytes32 requestId, Question memory question, bool refunded) internal virtual {}

    /// @dev Comes before either of the two, for the accounts of a base. MUST NOT revert.
    /// @param refunded whether the escrow gave the cost back
    function _onEnd(Question memory question, bool refunded) internal virtual {}

    /// @inheritdoc AtomaConsumer
    function _onResult(bytes32 requestId, uint8 status, bytes32, bytes calldata output) internal override {
        Question memory q = _questions[requestId];
        if (q.askedAt == 0) return;
        delete _questions[requestId];
        _onEnd(q, false);
        if (status == 0 && output.length >= DIGEST_BYTES) {
            _onText(requestId, q, output[DIGEST_BYTES:]);
        } else {
            emit QuestionUnanswered(requestId, q.subject, false);
            _onNoAnswer(requestId, q, false);
        }
    }

    /// @dev Ends the question that held the slot before, if nobody has.
    function _takeSlot() internal override returns (uint24 slot) {
        slot = super._takeSlot();
        bytes32 former = _lastIn[slot];
        if (former == 0) return slot;
        delete _lastIn[slot];
        Question memory q = _questions[former];
        if (q.askedAt != 0) _endUnanswered(former, q, escrow.slotOf(address(this), slot));
    }

    /// @param word of its slot, which is free
    function _endUnanswered(bytes32 requestId, Question memory q, SlotWord word) private {
        bool refunded = word.state() == SlotWordFields.REFUNDED && block.timestamp <= q.askedAt + PROOF_OF_REFUND;
        delete _questions[requestId];
        _onEnd(q, refunded);
        emit QuestionUnanswered(requestId, q.subject, refunded);
        _onNoAnswer(requestId, q, refunded);
    }
}
