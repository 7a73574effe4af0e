// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRoundSink} from "../interfaces/IBeacon.sol";

/// @title The smallest sink of beacon rounds, for tests of a beacon alone
contract RoundSink is IRoundSink {
    event RoundRecorded(uint64 indexed round, uint256 word);

    error NotBeacon(address caller);
    error RoundStored(uint64 round);

    address private immutable beacon;

    /// @inheritdoc IRoundSink
    mapping(uint64 round => uint256 word) public roundWord;

    constructor(address beacon_) {
        beacon = beacon_;
    }

    /// @inheritdoc IRoundSink
    function recordRound(uint64 round, uint256 word) external {
        require(msg.sender == beacon, NotBeacon(msg.sender));
        require(roundWord[round] == 0, RoundStored(round));
        roundWord[round] = word;
        emit RoundRecorded(round, word);
    }
}
