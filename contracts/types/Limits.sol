// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The longest window of a task.
uint256 constant MAX_TASK_WINDOW = 1 days;

/// @dev The longest challenge window of a request.
uint256 constant MAX_CHALLENGE_WINDOW = 1 days;

/// @dev The longest time for which a snapshot can be named.
uint256 constant MAX_SNAPSHOT_AGE = 3 days;
