// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBeacon} from "../../contracts/interfaces/IBeacon.sol";
import {DrandBeacon} from "../../contracts/randomness/DrandBeacon.sol";

/// @dev The schedule of a beacon, for any genesis, period and time. Rounds themselves are tested with real signatures.
contract DrandBeaconTest {
    error NotHeld(string property, uint256 a, uint256 b);

    function testFuzz_RoundAtIsTheFirstAtOrAfter(uint64 genesis, uint64 period, uint256 timestamp) public {
        DrandBeacon beacon = _beacon(genesis, period);
        timestamp %= uint256(beacon.genesis()) + uint256(beacon.period()) * (type(uint64).max - 1) + 1;
        uint64 round = beacon.roundAt(timestamp);
        require(round > 0 && beacon.timeOf(round) >= timestamp, NotHeld("at or after", round, timestamp));
        if (round > 1) require(beacon.timeOf(round - 1) < timestamp, NotHeld("first", round, timestamp));
    }

    function testFuzz_RoundAtItsOwnTimeIsTheRound(uint64 genesis, uint64 period, uint64 round) public {
        DrandBeacon beacon = _beacon(genesis, period);
        if (round == 0) round = 1;
        uint256 time = beacon.timeOf(round);
        require(time == beacon.genesis() + uint256(round - 1) * beacon.period(), NotHeld("time", time, round));
        require(beacon.roundAt(time) == round, NotHeld("same round", beacon.roundAt(time), round));
        if (round < type(uint64).max) {
            require(beacon.roundAt(time + 1) == round + 1, NotHeld("next round", beacon.roundAt(time + 1), round));
        }
    }

    function testFuzz_RoundAtNeverFallsAsTimeGoesOn(uint64 genesis, uint64 period, uint64 a, uint64 b) public {
        DrandBeacon beacon = _beacon(genesis, period);
        (uint256 earlier, uint256 later) = a < b ? (a, b) : (b, a);
        require(beacon.roundAt(earlier) <= beacon.roundAt(later), NotHeld("order", earlier, later));
    }

    function testFuzz_UpToGenesisItIsRoundOne(uint64 genesis, uint64 period, uint64 timestamp) public {
        DrandBeacon beacon = _beacon(genesis, period);
        timestamp %= beacon.genesis();
        require(beacon.roundAt(timestamp) == 1, NotHeld("before genesis", genesis, timestamp));
        require(beacon.roundAt(beacon.genesis()) == 1, NotHeld("at genesis", genesis, genesis));
        require(beacon.roundAt(uint256(beacon.genesis()) + 1) == 2, NotHeld("after genesis", genesis, genesis));
    }

    function testFuzz_TimesBeyondTheLastRoundAreRefused(uint64 genesis, uint64 period, uint256 excess) public {
        DrandBeacon beacon = _beacon(genesis, period);
        uint256 last = beacon.timeOf(type(uint64).max);
        uint256 timestamp = last + 1 + (excess % (type(uint256).max - last));
        try beacon.roundAt(timestamp) returns (uint64 round) {
            revert NotHeld("refused", round, timestamp);
        } catch (bytes memory reason) {
            bytes memory expected = abi.encodeWithSelector(IBeacon.TimestampTooLarge.selector, timestamp);
            require(keccak256(reason) == keccak256(expected), NotHeld("named error", last, timestamp));
        }
    }

    function test_RoundZeroHasNoTime() public {
        try _beacon(1, 1).timeOf(0) returns (uint256 time) {
            revert NotHeld("refused", 0, time);
        } catch (bytes memory reason) {
            require(bytes4(reason) == IBeacon.RoundZero.selector, NotHeld("named error", 0, 0));
        }
    }

    /// @dev A beacon with the generator of G2 for a key; genesis and period at least 1.
    function _beacon(uint64 genesis, uint64 period) private returns (DrandBeacon) {
        uint256[4] memory key = [
            11559732032986387107991004021392285783925812861821192530917403151452391805634,
            10857046999023057135944570762232829481370756359578518086990519993285655852781,
            4082367875863433681332203403145435568316851327593401208105741076214120093531,
            8495653923123431417604973247489272438418190587263600148770280649306958101930
        ];
        return new DrandBeacon(genesis == 0 ? 1 : genesis, period == 0 ? 1 : period, key);
    }
}
