// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AtomaConsumer} from "../consumers/AtomaConsumer.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";

/// @title A consumer that refuses answers until it is mended
contract MendableConsumer is AtomaConsumer {
    bool public mended;

    event ResultReceived(bytes32 indexed requestId, uint8 status, bytes output);

    error StillBroken();

    constructor(IRequestEscrow escrow_) AtomaConsumer(escrow_) {}

    function mend() external {
        mended = true;
    }

    /// @notice Asks in a slot that the base contract chooses.
    function ask(RequestParams calldata params, bytes calldata input) external returns (bytes32) {
        return _ask(params, input);
    }

    function _onResult(bytes32 requestId, uint8 status, bytes32, bytes calldata output) internal override {
        require(mended, StillBroken());
        emit ResultReceived(requestId, status, output);
    }
}
