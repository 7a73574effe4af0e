// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBeacon, IRoundSink} from "../interfaces/IBeacon.sol";
import {BlsBn254} from "../libraries/BlsBn254.sol";

/// @title A drand network of scheme bls-bn254-unchained-on-g1, verified on chain
/// @notice drand's *evmnet*, or a private network with a key of its own: the public key is a constructor argument.
contract DrandBeacon is IBeacon {
    /// @inheritdoc IBeacon
    uint64 public immutable genesis;
    /// @inheritdoc IBeacon
    uint64 public immutable period;
    /// @inheritdoc IBeacon
    address public immutable deployer;

    uint256 private immutable keyX1;
    uint256 private immutable keyX0;
    uint256 private immutable keyY1;
    uint256 private immutable keyY0;

    /// @inheritdoc IBeacon
    address public sink;

    /// @param genesis_ Publication time of round 1, Unix seconds, at least 1.
    /// @param period_ Seconds between rounds, at least 1.
    /// @param key G2 point (x1, x0, y1, y0) in the subgroup of the pairing, not infinity.
    constructor(uint64 genesis_, uint64 period_, uint256[4] memory key) {
        require(genesis_ > 0 && period_ > 0, ScheduleInvalid(genesis_, period_));
        require(BlsBn254.isPublicKey(key), PublicKeyInvalid(key));
        (genesis, period, deployer) = (genesis_, period_, msg.sender);
        (keyX1, keyX0, keyY1, keyY0) = (key[0], key[1], key[2], key[3]);
    }

    /// @inheritdoc IBeacon
    function connect(address sink_) external {
        require(msg.sender == deployer, NotDeployer(msg.sender, deployer));
        require(sink == address(0), AlreadyConnected(sink));
        require(sink_.code.length > 0, SinkWithoutCode(sink_));
        sink = sink_;
        emit Connected(sink_);
    }

    /// @inheritdoc IBeacon
    function submit(uint64 round, bytes calldata signature) external {
        IRoundSink rounds = _connectedSink();
        require(round > 0, RoundZero());
        if (rounds.roundWord(round) != 0) return;
        _verify(round, signature);
        // The shift drops the top 40 bits of the hash and leaves 40 zero bits, which hold any time before the year 36812.
        rounds.recordRound(round, (uint256(sha256(signature)) << 40) | uint40(block.timestamp));
    }

    /// @inheritdoc IBeacon
    function roundAt(uint256 timestamp) external view returns (uint64) {
        if (timestamp <= genesis) return 1;
        uint256 round = (timestamp - genesis - 1) / period + 2; // ceil((timestamp - genesis) / period) + 1
        require(round <= type(uint64).max, TimestampTooLarge(timestamp));
        return uint64(round); // fits by the line above
    }

    /// @inheritdoc IBeacon
    function timeOf(uint64 round) external view returns (uint256) {
        require(round > 0, RoundZero());
        return uint256(genesis) + uint256(round - 1) * period;
    }

    /// @inheritdoc IBeacon
    function word(uint64 round) external view returns (uint256) {
        return _connectedSink().roundWord(round);
    }

    /// @inheritdoc IBeacon
    function publicKey() public view returns (uint256[4] memory) {
        return [keyX1, keyX0, keyY1, keyY0];
    }

    function _connectedSink() private view returns (IRoundSink) {
        address sink_ = sink;
        require(sink_ != address(0), NotConnected());
        return IRoundSink(sink_);
    }

    /// @dev One round has exactly one signature that passes, because both coordinates must be below the modulus. So
    /// nobody, the signers included, can choose between two values of randomness.
    function _verify(uint64 round, bytes calldata signature) private view {
        require(signature.length == 64, SignatureLengthInvalid(signature.length));
        (uint256 x, uint256 y) = abi.decode(signature, (uint256, uint256));
        require(BlsBn254.isOnCurve(x, y), SignatureNotOnCurve(x, y));
        bytes32 message = keccak256(abi.encodePacked(round)); // what drand signs: keccak256 of 8 big-endian bytes
        require(BlsBn254.isSignature(message, x, y, publicKey()), SignatureInvalid(round));
    }
}
