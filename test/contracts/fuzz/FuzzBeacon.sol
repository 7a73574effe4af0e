// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBeacon, IRoundSink} from "../../../contracts/interfaces/IBeacon.sol";

/// @dev A beacon whose signatures are hashes, because no BLS signature can be made within the EVM: all else is as in
///      `DrandBeacon`, whose verification has tests of its own.
contract FuzzBeacon is IBeacon {
    uint64 public immutable genesis;
    uint64 public constant period = 1;
    address public immutable deployer = msg.sender;
    address public sink;

    constructor(uint64 genesis_) {
        genesis = genesis_;
    }

    function connect(address sink_) external {
        sink = sink_;
        emit Connected(sink_);
    }

    function signatureOf(uint64 round) public pure returns (bytes memory) {
        return abi.encode(keccak256(abi.encode("x", round)), keccak256(abi.encode("y", round)));
    }

    function submit(uint64 round, bytes calldata signature) external {
        require(round > 0, RoundZero());
        if (IRoundSink(sink).roundWord(round) != 0) return;
        require(signature.length == 64, SignatureLengthInvalid(signature.length));
        require(keccak256(signature) == keccak256(signatureOf(round)), SignatureInvalid(round));
        IRoundSink(sink).recordRound(round, (uint256(sha256(signature)) << 40) | uint40(block.timestamp));
    }

    function roundAt(uint256 timestamp) external view returns (uint64) {
        return timestamp <= genesis ? 1 : uint64(timestamp - genesis + 1);
    }

    function timeOf(uint64 round) external view returns (uint256) {
        return uint256(genesis) + round - 1;
    }

    function word(uint64 round) external view returns (uint256) {
        return IRoundSink(sink).roundWord(round);
    }

    function publicKey() external pure returns (uint256[4] memory) {}
}
