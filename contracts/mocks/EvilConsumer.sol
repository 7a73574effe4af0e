// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAtomaConsumer} from "../interfaces/IAtomaConsumer.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";

/// @title A consumer that misbehaves in its callback, as it is told to
contract EvilConsumer is IAtomaConsumer, IEscrowTypes {
    enum Mood {
        Quiet,
        Reverting,
        Burning,
        Returning,
        RevertingLong
    }

    /// @dev Bytes that a return bomb returns: the most that a callback of two million gas can afford is a little more.
    uint256 private constant BOMB = 600_000;

    IRequestEscrow public immutable escrow;

    Mood public mood;
    uint256 public burnDownTo;
    uint256 public deliveries;
    uint256 public gasAtEntry;
    bytes32 public lastRequestId;
    uint8 public lastStatus;
    bytes public lastOutput;
    bytes[] private _script;

    event Reentered(uint256 indexed step, bool success, bytes4 result);
    event Delivered(bytes32 indexed requestId, uint8 status, bytes32 digest, bytes output);

    error AsTold();

    constructor(IRequestEscrow escrow_) {
        escrow = escrow_;
    }

    function setMood(Mood newMood) external {
        mood = newMood;
    }

    /// @notice From now on a delivery uses gas until no more than this is left.
    function setBurnDownTo(uint256 gasLeft) external {
        burnDownTo = gasLeft;
    }

    /// @notice Calls that the next deliveries make to the escrow.
    function setScript(bytes[] calldata script) external {
        _script = script;
    }

    function ask(RequestParams calldata params, bytes calldata input) external returns (bytes32) {
        return escrow.request(params, input);
    }

    function askBundle(
        RequestParams calldata params,
        uint32 items,
        bytes32 root,
        string calldata uri
    ) external returns (bytes32) {
        return escrow.requestBundle(params, items, root, uri);
    }

    /// @notice Any call to the escrow in this contract's name.
    function act(bytes calldata data) external returns (bytes memory) {
        (bool success, bytes memory result) = address(escrow).call(data);
        if (success) return result;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    /// @inheritdoc IAtomaConsumer
    function onAtomaResult(bytes32 requestId, uint8 status, bytes32 digest, bytes calldata output) external {
        uint256 gasGiven = gasleft();
        if (mood == Mood.Reverting) revert AsTold();
        if (mood == Mood.Burning) while (true) {}
        if (mood == Mood.Returning) _return();
        if (mood == Mood.RevertingLong) _revertLong();
        while (burnDownTo != 0 && gasleft() > burnDownTo) {}
        (gasAtEntry, lastRequestId, lastStatus, lastOutput) = (gasGiven, requestId, status, output);
        ++deliveries;
        emit Delivered(requestId, status, digest, output);
        for (uint256 i = 0; i < _script.length; ++i) {
            (bool success, bytes memory result) = address(escrow).call(_script[i]);
            emit Reentered(i, success, bytes4(result));
        }
    }

    function _return() private pure {
        assembly ("memory-safe") {
            return(0, BOMB)
        }
    }

    function _revertLong() private pure {
        assembly ("memory-safe") {
            revert(0, BOMB)
        }
    }
}
