// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Rules of a pause: it ends by itself, and cannot be renewed at once
library Pause {
    /// @dev The longest pause.
    uint256 internal constant LONGEST = 7 days;
    /// @dev Least time from the end of a pause to the start of the next.
    uint256 internal constant REST = 7 days;

    /// @notice A pause lasts at most seven days.
    error PauseTooLong(uint256 until, uint256 latest);
    /// @notice After a pause everything stays open for seven days.
    error PauseTooSoon(uint256 earliest);

    /// @notice What to store as the end of a pause: the last second that is refused.
    /// @param current end of the last pause, which may be over
    /// @param until wanted end; a time that is not ahead lifts the pause
    function next(uint256 current, uint256 until) internal view returns (uint256) {
        bool isPaused = block.timestamp <= current;
        if (until < block.timestamp) return isPaused ? block.timestamp - 1 : current; // lifted, and the rest begins
        if (isPaused && until <= current) return until; // shortened
        uint256 latest = block.timestamp + LONGEST;
        require(until <= latest, PauseTooLong(until, latest));
        uint256 earliest = current == 0 ? 0 : current + REST;
        require(block.timestamp > earliest, PauseTooSoon(earliest));
        return until;
    }
}
