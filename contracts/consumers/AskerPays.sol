// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
// for contracts that inherit, which import it from here
// solhint-disable-next-line no-unused-import
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {AiConsumer} from "./AiConsumer.sol";

/// @title A consumer that anybody may ask, at a fixed fee
/// @notice All money lies in this contract's account in the escrow: what belongs to people is reserved, and no question is
///         paid from it. An asker gets the whole fee back if the escrow refunds the question. Amounts are in units of the
///         payment token. Askers approve this contract for fee and deposits.
abstract contract AskerPays is AiConsumer {
    using SafeERC20 for IERC20;

    /// @notice Gets what is left of fees.
    address public immutable beneficiary;
    /// @notice What a question costs its asker.
    uint256 public immutable fee;

    /// @notice What of the account belongs to people: credits, deposits, and what fees of open questions exceed their cost by.
    uint256 public reserved;
    mapping(address account => uint256 amount) public creditOf;

    event Credited(address indexed account, uint256 amount);
    event CreditWithdrawn(address indexed account, uint256 amount);
    event SurplusTaken(address indexed beneficiary, uint256 amount);

    /// @notice A question costs more than the fee: prices have risen since this contract was deployed.
    error FeeTooLow(uint256 fee, uint256 cost);
    error NothingToWithdraw(address account);

    constructor(address beneficiary_, uint256 fee_) {
        (beneficiary, fee) = (beneficiary_, fee_);
        IERC20(escrow.token()).forceApprove(address(escrow), type(uint256).max);
    }

    /// @notice Pays out the caller's credit.
    function withdraw() external {
        uint256 amount = creditOf[msg.sender];
        require(amount != 0, NothingToWithdraw(msg.sender));
        delete creditOf[msg.sender];
        reserved -= amount;
        emit CreditWithdrawn(msg.sender, amount);
        escrow.withdraw(msg.sender, amount);
    }

    /// @notice Pays what belongs to nobody else to the beneficiary. By anyone.
    function takeSurplus() external {
        (uint256 balance, ) = escrow.accountOf(address(this));
        uint256 surplus = balance > reserved ? balance - reserved : 0;
        require(surplus != 0, NothingToWithdraw(beneficiary));
        emit SurplusTaken(beneficiary, surplus);
        escrow.withdraw(beneficiary, surplus);
    }

    /// @dev Takes the fee and a deposit from the caller, reserves the deposit, and asks.
    function _paidQuestion(
        uint96 subject,
        bytes memory message,
        uint256 deposit
    ) internal returns (bytes32 requestId, uint256 cost) {
        _reserve(fee + deposit); // before it comes, so that nobody takes it for surplus
        _collect(fee + deposit);
        (requestId, cost) = _question(subject, message, msg.sender);
        require(cost <= fee, FeeTooLow(fee, cost));
        reserved -= cost;
    }

    /// @dev Takes an amount from the caller into the account.
    function _collect(uint256 amount) internal {
        IERC20(escrow.token()).safeTransferFrom(msg.sender, address(this), amount);
        escrow.deposit(address(this), amount);
    }

    /// @dev Marks an amount as people's. It has to come into the account in the same call.
    function _reserve(uint256 amount) internal {
        reserved += amount;
    }

    /// @dev Gives an amount that is reserved to an account.
    function _credit(address account, uint256 amount) internal {
        if (amount == 0) return;
        creditOf[account] += amount;
        emit Credited(account, amount);
    }

    /// @inheritdoc AiConsumer
    function _onEnd(Question memory question, bool refunded) internal override {
        if (question.asker == address(0)) return; // this contract asked for itself: nothing was reserved
        if (refunded) {
            reserved += question.cost; // which came back: the whole fee is the asker's
            _credit(question.asker, fee);
        } else {
            reserved -= fee - question.cost; // what the fee exceeded the cost by is nobody's any more
        }
    }
}
