// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowTypes} from "./IEscrowTypes.sol";
import {NodeId, TaskId} from "../types/Ids.sol";
import {NodeWord} from "../types/NodeWord.sol";
import {Request} from "../types/Request.sol";
import {SlotWord} from "../types/SlotWord.sol";
import {TaskWord} from "../types/TaskWord.sol";

/// @title Asking and settling, and the words that both read
interface IEscrowCore is IEscrowTypes {
    /// @notice Asks for one computation over `input`, at most as long as the transaction can carry.
    /// @dev Debits ceil(k * maxAsk * units * scale * (1 + royalty + fee)) + tip from the caller's account and MUST emit
    ///      `Requested`. The committee follows from the first round at least the beacon delay ahead: nobody can cancel.
    function request(RequestParams calldata params, bytes calldata input) external returns (bytes32 requestId);

    /// @notice The same with an input that is bound by its keccak256 and fetched from `uri`.
    function requestByUri(
        RequestParams calldata params,
        bytes32 inputDigest,
        string calldata uri
    ) external returns (bytes32 requestId);

    /// @notice Asks for `items` computations by one committee. Each item may use units / items.
    /// @param inputsRoot Merkle root of the leaves keccak256(bytes.concat(keccak256(abi.encode(index, keccak256(input)))))
    function requestBundle(
        RequestParams calldata params,
        uint32 items,
        bytes32 inputsRoot,
        string calldata uri
    ) external returns (bytes32 requestId);

    /// @notice Settles whatever can be settled. By anyone; the tip goes to the caller.
    /// @dev A bad item is skipped with `SettlementSkipped` and MUST NOT stop the others; a batch without any good item
    ///      reverts. Callbacks run after all items are accounted for; too little gas for them reverts everything.
    /// @param rounds signatures of rounds that are not posted yet; posted ones are ignored
    /// @return settled number of items settled
    function settle(
        Settlement[] calldata settlements,
        RoundSignature[] calldata rounds
    ) external returns (uint256 settled);

    /// @notice Commits to a result, in the first phase of the fallback: T0 + task window + fallback delay, for one chain
    ///         phase, both ends included. By the node's signer. Whether the request is open and the node was drawn shows when
    ///         members reveal and settle.
    /// @param leaf see `Attestations.leafOf`. Warning: another leaf than the one that the node signed off chain is a fault.
    function commitOnChain(Request calldata request_, NodeId nodeId, bytes32 leaf) external;

    /// @notice Makes `signer` the node's current key. The former key keeps settling requests made from `since` until now.
    /// @dev MUST be called by the node registry only.
    /// @param since when the former key became current
    function setSigner(NodeId nodeId, address signer, uint256 since) external;

    /// @notice Records a task's latest snapshot; zero stops new requests. By the task registry only.
    function setTaskWord(TaskId taskId, TaskWord word) external;

    /// @notice Records a verified round: randomness(216) | postedAt(40). By the beacon only.
    function recordRound(uint64 round, uint256 word) external;

    function nodeWord(NodeId nodeId) external view returns (NodeWord);

    function taskWord(TaskId taskId) external view returns (TaskWord);

    /// @return randomness(216) | postedAt(40), or zero if the round is unknown
    function roundWord(uint64 round) external view returns (uint256);

    /// @return balance free balance
    /// @return sequence number of the account's next request
    function accountOf(address account) external view returns (uint256 balance, uint256 sequence);

    function slotOf(address requester, uint256 slot) external view returns (SlotWord);

    /// @notice A slot that the requester's next request may take: the first free one of the ring, starting where its
    ///         sequence points.
    /// @param ring number of slots that the requester goes round, 1..2^24 - 1
    function freeSlot(address requester, uint24 ring) external view returns (uint24 slot);

    function requestIdOf(Request calldata request_) external view returns (bytes32);

    /// @return the contract that answers every other call of this address, with this contract's storage, for good
    function extension() external view returns (address);
}
