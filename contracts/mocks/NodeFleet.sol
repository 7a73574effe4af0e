// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {NodeId, TaskId} from "../types/Ids.sol";

/// @title The owner of very many nodes, who registers dozens in one transaction
contract NodeFleet {
    INodeRegistry private immutable nodes;
    ITaskRegistry private immutable tasks;

    constructor(INodeRegistry nodes_, ITaskRegistry tasks_, IERC20 atoma) {
        (nodes, tasks) = (nodes_, tasks_);
        atoma.approve(address(nodes_), type(uint256).max);
    }

    /// @notice Registers a node per signer, stakes for it from this contract's ATOMA and subscribes it.
    /// @param consents 65 bytes each, valid until `deadline`
    function launch(
        TaskId taskId,
        uint32 ask,
        uint256 stake,
        uint256 deadline,
        address[] calldata signers,
        bytes[] calldata consents
    ) external {
        for (uint256 i = 0; i < signers.length; ++i) {
            NodeId nodeId = nodes.register(signers[i], "", deadline, consents[i]);
            nodes.deposit(nodeId, stake);
            tasks.subscribe(taskId, nodeId, ask);
        }
    }

    function unsubscribe(TaskId taskId, NodeId nodeId) external {
        tasks.unsubscribe(taskId, nodeId);
    }

    function subscribe(TaskId taskId, NodeId nodeId, uint32 ask) external {
        tasks.subscribe(taskId, nodeId, ask);
    }
}
