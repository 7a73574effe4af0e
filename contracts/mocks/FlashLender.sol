// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AtomaToken} from "../governance/AtomaToken.sol";

/// @notice Lends ATOMA for the length of a call. For tests.
contract FlashLender {
    AtomaToken private immutable ATOMA;

    constructor(AtomaToken atoma) {
        ATOMA = atoma;
    }

    function lend(uint256 amount, address what, bytes calldata data) external {
        ATOMA.transfer(msg.sender, amount);
        (bool success, bytes memory reason) = msg.sender.call(abi.encodeCall(FlashVoter.onLoan, (what, data)));
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason)) // as it came
            }
        }
        ATOMA.transferFrom(msg.sender, address(this), amount);
    }
}

/// @notice Votes, proposes or counts with borrowed tokens. For tests.
contract FlashVoter {
    AtomaToken private immutable ATOMA;
    FlashLender private immutable LENDER;

    constructor(AtomaToken atoma, FlashLender lender) {
        (ATOMA, LENDER) = (atoma, lender);
        atoma.approve(address(lender), type(uint256).max);
    }

    function attack(uint256 amount, address what, bytes calldata data) external {
        LENDER.lend(amount, what, data);
    }

    function onLoan(address what, bytes calldata data) external {
        require(msg.sender == address(LENDER));
        ATOMA.delegate(address(this));
        (bool success, bytes memory reason) = what.call(data);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(reason, 0x20), mload(reason)) // as it came
            }
        }
    }
}
