// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IEmissions} from "../interfaces/IEmissions.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {CommitteeDraw} from "../libraries/CommitteeDraw.sol";
import {Payout} from "../libraries/Payout.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";
import {NodeId} from "../types/Ids.sol";
import {Request} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";

/// @title ATOMA for nodes whose work paid protocol fees
contract Emissions is IEmissions, AccessManaged {
    using RequestIds for bytes32;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 private constant CLAIMS = 365 days;
    uint256 private constant PRICE_INTERVAL = 7 days;
    /// @dev Least price, in stake prices.
    uint256 private constant PRICE_COVER = 4;
    uint256 private constant LONGEST_EPOCH = 90 days;

    IERC20 private immutable ATOMA;
    IRequestEscrow private immutable ESCROW;
    INodeRegistry private immutable NODE_REGISTRY;
    ITaskRegistry private immutable TASK_REGISTRY;
    address private immutable BEACON;
    address private immutable TREASURY;
    /// @notice Length of an epoch, in seconds.
    uint256 public immutable EPOCH;
    /// @notice Start of epoch 0.
    uint256 public immutable START;
    /// @notice Most ATOMA of an epoch.
    uint256 public immutable MOST_BUDGET;

    uint128 private _budget;
    uint128 private _reserved;
    uint128 private _price;
    uint40 private _priceSetAt;
    uint40 private _lastOpened;
    mapping(uint256 number => Epoch epoch) private _epochs;
    mapping(uint256 epoch => mapping(NodeId nodeId => uint256 value)) private _values;
    mapping(bytes32 requestId => bool recorded) private _recorded;

    /// @param atoma what is paid
    /// @param escrow whose settled requests count
    /// @param epochLength seconds, 1..90 days
    /// @param mostBudget most ATOMA of an epoch, for good
    /// @param firstPrice units of the payment token per ATOMA, not zero
    constructor(
        IERC20 atoma,
        IRequestEscrow escrow,
        address authority,
        uint256 epochLength,
        uint128 mostBudget,
        uint128 firstPrice
    ) AccessManaged(authority) {
        require(epochLength != 0 && epochLength <= LONGEST_EPOCH && firstPrice != 0, InvalidSettings());
        (address nodes, address tasks, address beacon, address treasury) = escrow.instance();
        (ATOMA, ESCROW, BEACON, TREASURY) = (atoma, escrow, beacon, treasury);
        (NODE_REGISTRY, TASK_REGISTRY) = (INodeRegistry(nodes), ITaskRegistry(tasks));
        (EPOCH, START, MOST_BUDGET) = (epochLength, block.timestamp, mostBudget);
        _price = firstPrice;
        _priceSetAt = uint40(block.timestamp); // fits until the year 36812
        emit PriceSet(firstPrice);
    }

    /* RECORDING */

    /// @inheritdoc IEmissions
    function record(Work[] calldata work) external {
        uint256 epoch = currentEpoch();
        _fund(epoch);
        uint256 price_ = price();
        uint256 value;
        for (uint256 i = 0; i < work.length; ++i) value += _record(epoch, work[i], price_);
        require(value != 0, NothingRecorded());
        _epochs[epoch].valued += value.toUint128();
    }

    /// @dev The running epoch's budget is set aside as work is recorded in it, as far as there is ATOMA for it: whoever comes
    ///      first cannot keep from the epoch what arrives later, nor what the one before it did not need.
    function _fund(uint256 epoch) private {
        Epoch storage e = _epochs[epoch];
        if (!e.isOpened) {
            _freeExcess(_epochs[_lastOpened]); // it is over
            (e.isOpened, _lastOpened) = (true, uint40(epoch)); // fits: an epoch lasts a second or more
        } else if (e.budget >= _budget) return;
        uint128 more = Math.min(Math.saturatingSub(_budget, e.budget), available()).toUint128();
        _reserved += more;
        e.budget += more;
        emit EpochFunded(epoch, e.budget);
    }

    function _record(uint256 epoch, Work calldata work, uint256 price_) private returns (uint256 value) {
        Request calldata r = work.request;
        bytes32 requestId = RequestIds.idOfShown(r, block.chainid, address(ESCROW), BEACON);
        if (_recorded[requestId]) return 0;
        _requireSettled(work, requestId);
        _recorded[requestId] = true;
        uint256[] memory members = _committeeOf(r, requestId);
        uint256 attested = work.head.attested();
        bool isLate = r.rules.challengeWindow() != 0; // who was jailed within the window was not paid
        for (uint256 i = 0; i < members.length; ++i) {
            NodeId nodeId = NodeId.wrap(uint32(members[i] >> 32)); // the upper half of 64 bits, and the ask is the lower
            if ((attested >> i) & 1 == 0 || (isLate && _wasJailed(nodeId, r))) continue;
            uint256 pay = uint32(members[i]) * Payout.payPerAsk(r.work, r.terms);
            uint256 each = Math.mulDiv(Payout.shareDown(pay, r.terms.protocolFee()), 1e18, price_);
            _values[epoch][nodeId] += each;
            value += each;
        }
        emit WorkRecorded(requestId, epoch, value);
    }

    /// @dev Whether it was jailed after the request was made, released since or not.
    function _wasJailed(NodeId nodeId, Request calldata r) private view returns (bool) {
        return NODE_REGISTRY.lastJailedAt(nodeId) >= r.rules.submittedAt();
    }

    function _requireSettled(Work calldata work, bytes32 requestId) private view {
        SlotWord slot = ESCROW.slotOf(work.request.origin.requester(), work.request.origin.slot());
        uint256 state = slot.state();
        bool isSettled = state == SlotWordFields.SETTLED || state == SlotWordFields.CALLBACK_FAILED;
        bytes32 outcome = requestId.outcomeOf(work.digest, work.head, address(0));
        require(isSettled && slot.holdsOutcome(outcome), NotSettled(requestId));
    }

    /// @dev It was settled, so its round is known and its draw complete.
    function _committeeOf(Request calldata r, bytes32 requestId) private view returns (uint256[] memory) {
        uint256 randomness = ESCROW.roundWord(uint64(r.rules.round())) >> 40; // a round is below 2^32
        address snapshot = SnapshotCode.addressOf(address(TASK_REGISTRY), r.work.snapshotId());
        uint256[] memory nobody;
        return
            CommitteeDraw.draw(
                snapshot,
                SnapshotCode.header(snapshot).count(),
                CommitteeDraw.seedOf(randomness, requestId, 0),
                r.origin.k(),
                r.work.maxAsk(),
                nobody
            );
    }

    /* CLAIMING */

    /// @inheritdoc IEmissions
    function claim(NodeId nodeId, uint256 epoch) external returns (uint256 amount) {
        Epoch storage e = _epochs[epoch];
        uint256 endsAt = _endOf(epoch);
        require(block.timestamp >= endsAt, EpochNotOver(epoch, endsAt));
        require(!e.isClosed, ClaimsAreOver(epoch));
        require(NODE_REGISTRY.jailedUntil(nodeId) == 0, NodeIsJailed(nodeId));
        _freeExcess(e);
        uint256 value = _values[epoch][nodeId];
        amount = e.valued == e.budget ? value : Math.mulDiv(value, e.budget, e.valued);
        require(amount != 0, NothingToClaim(nodeId, epoch));
        _values[epoch][nodeId] = 0;
        e.paid += uint128(amount); // with all others at most the budget
        _reserved -= uint128(amount);
        address owner = NODE_REGISTRY.ownerOf(nodeId);
        emit EmissionPaid(epoch, nodeId, owner, amount);
        ATOMA.safeTransfer(owner, amount);
    }

    /// @dev An epoch that is over needs no more than the value of its work.
    function _freeExcess(Epoch storage e) private {
        if (e.budget <= e.valued) return;
        _reserved -= e.budget - e.valued;
        e.budget = e.valued;
    }

    /// @inheritdoc IEmissions
    function close(uint256 epoch) external {
        Epoch storage e = _epochs[epoch];
        uint256 until = _endOf(epoch) + CLAIMS;
        require(block.timestamp > until, ClaimsGoOn(epoch, until));
        require(e.isOpened && !e.isClosed, ClaimsAreOver(epoch));
        e.isClosed = true;
        _freeExcess(e);
        uint128 unclaimed = e.budget - e.paid;
        _reserved -= unclaimed;
        emit EpochClosed(epoch, unclaimed);
    }

    function _endOf(uint256 epoch) private view returns (uint256) {
        return START + (epoch + 1) * EPOCH;
    }

    /* SETTINGS */

    /// @inheritdoc IEmissions
    function setBudget(uint128 budget) external restricted {
        require(budget <= MOST_BUDGET, BudgetOutOfBounds(budget, MOST_BUDGET));
        _budget = budget;
        emit BudgetSet(budget);
    }

    /// @inheritdoc IEmissions
    function setPrice(uint128 newPrice) external restricted {
        uint256 current = price();
        uint256 floor = _leastPrice();
        uint256 least = Math.max(floor, current - current / 5);
        require(newPrice >= least, PriceOutOfBounds(newPrice, least, type(uint128).max));
        uint256 earliest = _priceSetAt + PRICE_INTERVAL;
        require(newPrice >= current || block.timestamp >= earliest, PriceSetTooSoon(earliest));
        _price = newPrice;
        _priceSetAt = uint40(block.timestamp); // fits until the year 36812
        emit PriceSet(newPrice);
    }

    /// @inheritdoc IEmissions
    function giveBack(uint256 amount) external restricted {
        uint256 free = available();
        require(amount <= free, InsufficientFunds(free, amount));
        emit GivenBack(TREASURY, amount);
        ATOMA.safeTransfer(TREASURY, amount);
    }

    /* VIEWS */

    /// @inheritdoc IEmissions
    function currentEpoch() public view returns (uint256) {
        return (block.timestamp - START) / EPOCH;
    }

    /// @inheritdoc IEmissions
    function price() public view returns (uint256) {
        return Math.max(_price, _leastPrice());
    }

    function _leastPrice() private view returns (uint256) {
        return PRICE_COVER * TASK_REGISTRY.stakePrice();
    }

    /// @inheritdoc IEmissions
    function available() public view returns (uint256) {
        return ATOMA.balanceOf(address(this)) - _reserved;
    }

    /// @inheritdoc IEmissions
    function epochOf(uint256 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    /// @inheritdoc IEmissions
    function creditOf(uint256 epoch, NodeId nodeId) external view returns (uint256) {
        return _values[epoch][nodeId];
    }

    /// @inheritdoc IEmissions
    function isRecorded(bytes32 requestId) external view returns (bool) {
        return _recorded[requestId];
    }
}
