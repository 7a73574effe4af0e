// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AiConsumer} from "../consumers/AiConsumer.sol";
import {AskerPays} from "../consumers/AskerPays.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";

/// @title A consumer that anybody may ask, and that asks for itself as well
contract SelfAsker is AskerPays {
    constructor(
        IRequestEscrow escrow_,
        address beneficiary_,
        RequestParams memory terms_,
        uint256 fee_
    ) AiConsumer(escrow_, terms_) AskerPays(beneficiary_, fee_) {}

    function askForItself() external {
        _question(1, "Say hello.", address(0));
    }

    function askAsSomebody() external {
        _paidQuestion(2, "Say hello.", 0);
    }

    function _onText(bytes32, Question memory, bytes calldata) internal override {}

    function _onNoAnswer(bytes32, Question memory, bool) internal override {}
}
