// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A registered node, numbered from 1.
type NodeId is uint32;

/// @dev A registered task, numbered from 1.
type TaskId is uint32;

using {nodeIdEquals as ==, nodeIdDiffers as !=} for NodeId global;
using {taskIdEquals as ==, taskIdDiffers as !=} for TaskId global;

function nodeIdEquals(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) == NodeId.unwrap(b);
}

function nodeIdDiffers(NodeId a, NodeId b) pure returns (bool) {
    return NodeId.unwrap(a) != NodeId.unwrap(b);
}

function taskIdEquals(TaskId a, TaskId b) pure returns (bool) {
    return TaskId.unwrap(a) == TaskId.unwrap(b);
}

function taskIdDiffers(TaskId a, TaskId b) pure returns (bool) {
    return TaskId.unwrap(a) != TaskId.unwrap(b);
}
