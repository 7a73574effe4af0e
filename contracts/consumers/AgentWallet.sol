// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {AiConsumer} from "./AiConsumer.sol";
import {ModelText} from "./ModelText.sol";

/// @title Example: a wallet whose next step a committee's model chooses
/// @notice The owner writes a menu of payments, each with a label, a recipient and an amount, and limits. A question shows the
///         model the labels and the state of the wallet, and no stranger's words. An answer that is not a label of the menu,
///         word for word, means hold. What is chosen is paid by `act`, which anyone can call while the choice is fresh, within
///         the limits of the moment. So wrong answers can pay at most `perDay` a day, and only to the menu's recipients.
///         Amounts are in wei; questions are paid from this contract's account in the escrow.
contract AgentWallet is AiConsumer {
    /// @param recipient gets the payment, with all the gas of the call
    /// @param amount in wei
    struct Action {
        address payable recipient;
        uint96 amount;
    }

    /// @param perStep most that one step pays, in wei
    /// @param perDay most that the steps of one day (UTC) pay together, in wei
    /// @param coolDown least seconds between two questions
    /// @param answerTtl seconds in which an answer counts after the question
    /// @param actionTtl seconds in which a choice can be acted upon
    struct Limits {
        uint96 perStep;
        uint96 perDay;
        uint32 coolDown;
        uint32 answerTtl;
        uint32 actionTtl;
    }

    /// @param requestId the open question; zero if there is none
    /// @param askedAt when the last question was asked
    /// @param choice label chosen, numbered from 1, of which the first is hold; zero if there is none
    /// @param actUntil last second in which the choice counts
    struct Step {
        bytes32 requestId;
        uint40 askedAt;
        uint8 choice;
        uint40 actUntil;
    }

    /// @dev The first label of every menu; it stands for no action.
    string private constant HOLD = "hold";
    uint256 private constant MAX_ACTIONS = 16;
    /// @dev Half again what the longest menu was measured to use.
    uint24 private constant CALLBACK_GAS = 400_000;

    address public immutable owner;

    /// @notice May ask, as the owner may, and nothing else.
    address public keeper;
    bool public stopped;
    /// @notice What every question begins with.
    string public brief;
    /// @notice The labels between bars: "hold", then one for each action.
    string public menu = HOLD;
    Action[] private _actions;
    Limits private _limits;
    Step private _step;
    mapping(uint256 day => uint256 amount) public spentOn;

    event MenuSet(string menu);
    event LimitsSet(Limits limits);
    event KeeperSet(address keeper);
    event StoppedSet(bool stopped);
    event StepChosen(bytes32 indexed requestId, uint256 indexed choice, uint256 actUntil);
    /// @notice Nothing follows from the question: it was answered with hold, with no label, too late, or not at all.
    event StepHeld(bytes32 indexed requestId);
    event ActionPaid(uint256 indexed choice, address indexed recipient, uint256 amount);

    error OnlyOwner(address caller);
    error OnlyKeeper(address caller);
    error IsStopped();
    /// @notice Ask again at this time.
    error CoolingDown(uint256 until);
    /// @notice The step's question is open until this time.
    error StepOpen(uint256 until);
    /// @notice No choice waits to be acted upon.
    error NothingChosen();
    /// @notice Labels have 1 to 32 letters a-z, each another, and an action each; there are at most 16.
    error InvalidMenu(uint256 index);
    /// @notice The payment exceeds what a step may pay, or what the day has left.
    error LimitReached(uint256 amount, uint256 left);
    /// @notice The recipient refused the payment, or the wallet holds too little; try again while the choice is fresh.
    error PaymentFailed(address recipient, uint256 amount);

    modifier onlyOwner() {
        require(msg.sender == owner, OnlyOwner(msg.sender));
        _;
    }

    /// @param terms_ of a question; the gas of the callback is set here
    /// @param brief_ own words before the state of the wallet; not a brace at first
    constructor(
        IRequestEscrow escrow_,
        address owner_,
        RequestParams memory terms_,
        Limits memory limits_,
        string memory brief_
    ) AiConsumer(escrow_, _withGas(terms_, CALLBACK_GAS)) {
        require(bytes(brief_).length != 0 && bytes(brief_)[0] != "{", NotAMessage());
        (owner, keeper, brief, _limits) = (owner_, owner_, brief_, limits_);
    }

    /// @notice Anyone may put money into the wallet.
    receive() external payable {}

    /* STEPS */

    /// @notice Asks for the next step. A choice that nobody acted upon is dropped. By the owner or the keeper.
    function think() external returns (bytes32 requestId) {
        require(msg.sender == owner || msg.sender == keeper, OnlyKeeper(msg.sender));
        require(!stopped, IsStopped());
        Step memory last = _step;
        uint256 coolUntil = last.askedAt + _limits.coolDown;
        require(last.askedAt == 0 || block.timestamp >= coolUntil, CoolingDown(coolUntil));
        uint256 openUntil = last.askedAt + _limits.answerTtl;
        require(last.requestId == 0 || block.timestamp > openUntil, StepOpen(openUntil));
        (requestId, ) = _question(0, message(), address(0));
        _step = Step(requestId, uint40(block.timestamp), 0, 0); // times are below 2^40
    }

    /// @notice Pays what was chosen, within the limits. By anyone, while the choice is fresh.
    function act() external {
        require(!stopped, IsStopped());
        Step memory step = _step;
        require(step.choice > 1 && block.timestamp <= step.actUntil, NothingChosen());
        Action memory action = _actions[step.choice - 2]; // the menu has not changed since
        _spend(action.amount);
        (_step.choice, _step.actUntil) = (0, 0);
        emit ActionPaid(step.choice, action.recipient, action.amount);
        _pay(action.recipient, action.amount);
    }

    /// @notice What the model is asked now.
    function message() public view returns (bytes memory) {
        return
            abi.encodePacked(
                brief,
                "\nBalance in wei: ",
                Strings.toString(address(this).balance),
                "\nPaid today in wei: ",
                Strings.toString(spentOn[block.timestamp / 1 days]),
                "\nAnswer with one word out of: ",
                menu
            );
    }

    function actions() external view returns (Action[] memory) {
        return _actions;
    }

    function limits() external view returns (Limits memory) {
        return _limits;
    }

    function lastStep() external view returns (Step memory) {
        return _step;
    }

    /* THE OWNER */

    /// @notice Writes the menu anew. What was asked or chosen before counts no more.
    /// @param labels of the actions, without hold
    function setMenu(string[] calldata labels, Action[] calldata newActions) external onlyOwner {
        require(labels.length == newActions.length && labels.length <= MAX_ACTIONS, InvalidMenu(labels.length));
        string memory list = HOLD;
        delete _actions;
        for (uint256 i = 0; i < labels.length; ++i) {
            require(_isLabel(labels[i]) && ModelText.labelOf(bytes(labels[i]), list) == 0, InvalidMenu(i));
            list = string.concat(list, "|", labels[i]);
            _actions.push(newActions[i]);
        }
        menu = list;
        _forget();
        emit MenuSet(list);
    }

    function setLimits(Limits calldata newLimits) external onlyOwner {
        _limits = newLimits;
        emit LimitsSet(newLimits);
    }

    function setKeeper(address newKeeper) external onlyOwner {
        keeper = newKeeper;
        emit KeeperSet(newKeeper);
    }

    /// @notice Stops questions and payments, or lets them go on. What was asked or chosen before counts no more.
    function setStopped(bool isStopped) external onlyOwner {
        stopped = isStopped;
        _forget();
        emit StoppedSet(isStopped);
    }

    /// @notice Pays out of the wallet, without limits, in wei.
    function withdraw(address payable to, uint256 amount) external onlyOwner {
        _pay(to, amount);
    }

    /// @notice Pays out of the account in the escrow, in units of the payment token.
    function withdrawFromEscrow(address to, uint256 amount) external onlyOwner {
        escrow.withdraw(to, amount);
    }

    /* ANSWERS */

    /// @inheritdoc AiConsumer
    function _onText(bytes32 requestId, Question memory, bytes calldata text) internal override {
        if (requestId != _step.requestId) return;
        delete _step.requestId;
        uint256 choice = ModelText.labelOf(text, menu);
        if (choice < 2 || block.timestamp > _step.askedAt + _limits.answerTtl) {
            emit StepHeld(requestId);
            return;
        }
        // a menu has at most 17 labels, and times are below 2^40
        (_step.choice, _step.actUntil) = (uint8(choice), uint40(block.timestamp + _limits.actionTtl));
        emit StepChosen(requestId, choice, _step.actUntil);
    }

    /// @inheritdoc AiConsumer
    function _onNoAnswer(bytes32 requestId, Question memory, bool) internal override {
        if (requestId != _step.requestId) return;
        delete _step.requestId;
        emit StepHeld(requestId);
    }

    /// @dev The cool-down goes on.
    function _forget() private {
        (_step.requestId, _step.choice, _step.actUntil) = (0, 0, 0);
    }

    function _spend(uint256 amount) private {
        uint256 today = block.timestamp / 1 days;
        uint256 left = _limits.perDay > spentOn[today] ? _limits.perDay - spentOn[today] : 0;
        if (left > _limits.perStep) left = _limits.perStep;
        require(amount <= left, LimitReached(amount, left));
        spentOn[today] += amount;
    }

    function _pay(address payable to, uint256 amount) private {
        (bool success, ) = to.call{value: amount}("");
        require(success, PaymentFailed(to, amount));
    }

    function _isLabel(string calldata label) private pure returns (bool) {
        bytes calldata letters = bytes(label);
        if (letters.length == 0 || letters.length > 32) return false;
        for (uint256 i = 0; i < letters.length; ++i) {
            if (letters[i] < "a" || letters[i] > "z") return false;
        }
        return true;
    }
}
