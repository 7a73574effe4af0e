// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Terms} from "./Request.sol";

/// @dev royalty(16) | isTee(1) | askExponent(7) | window(32) | maxOutput(24) | id(32) | publishedAt(40) | freshFor(24) | count(16) |
///      maxPay(64). As the header of a snapshot, `id` is the task; as the escrow's word of a task, `id` is its latest
///      snapshot. Zero means that the task takes no requests.
type TaskWord is uint256;

using TaskWordFields for TaskWord global;

/// @notice Fields of `TaskWord`.
library TaskWordFields {
    /// @dev Bit position of the task's own part of the terms, in a TaskWord and in Terms.
    uint256 internal constant PART_IN_WORD = 176;
    uint256 internal constant PART_IN_TERMS = 168;

    function id(TaskWord self) internal pure returns (uint256) {
        return (TaskWord.unwrap(self) >> 144) & 0xffffffff;
    }

    function publishedAt(TaskWord self) internal pure returns (uint256) {
        return (TaskWord.unwrap(self) >> 104) & 0xffffffffff;
    }

    /// @return seconds from publication during which a request may name the snapshot
    function freshFor(TaskWord self) internal pure returns (uint256) {
        return (TaskWord.unwrap(self) >> 80) & 0xffffff;
    }

    function count(TaskWord self) internal pure returns (uint256) {
        return (TaskWord.unwrap(self) >> 64) & 0xffff;
    }

    /// @return the most that maxAsk * units of one request may be: a hundredth of what a node stakes
    function maxPay(TaskWord self) internal pure returns (uint256) {
        return TaskWord.unwrap(self) & 0xffffffffffffffff;
    }

    /// @return whether the task names a TEE workload
    function isTee(TaskWord self) internal pure returns (bool) {
        return (TaskWord.unwrap(self) >> 239) & 1 != 0;
    }

    /// @notice The task's part of a request's terms, in its place within them.
    function termsPart(TaskWord self) internal pure returns (uint256) {
        return (TaskWord.unwrap(self) >> PART_IN_WORD) << PART_IN_TERMS;
    }

    /// @notice The same word with another id.
    function withId(TaskWord self, uint256 newId) internal pure returns (TaskWord) {
        return TaskWord.wrap((TaskWord.unwrap(self) & ~(uint256(0xffffffff) << 144)) | (newId << 144));
    }

    /// @notice Whether these terms are this task's, as far as the task decides them.
    function matches(TaskWord self, Terms terms) internal pure returns (bool) {
        return Terms.unwrap(terms) >> PART_IN_TERMS == TaskWord.unwrap(self) >> PART_IN_WORD;
    }
}
