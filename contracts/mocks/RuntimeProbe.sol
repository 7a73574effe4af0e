// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Counts what the keepers' runtime does to it; for tests only.
contract RuntimeProbe {
    /// @notice How often `subject` was hit.
    mapping(uint256 subject => uint256 hits) public hits;

    /// @notice While true, `hitWhileOpen` reverts.
    bool public closed;

    event Hit(uint256 indexed subject, uint256 value);

    error ProbeClosed(uint256 subject);

    function hit(uint256 subject, uint256 value) public {
        hits[subject] += 1;
        emit Hit(subject, value);
    }

    function hitWhileOpen(uint256 subject) external {
        require(!closed, ProbeClosed(subject));
        hit(subject, 0);
    }

    function setClosed(bool value) external {
        closed = value;
    }

    /// @notice Emits `count` events with consecutive subjects.
    function burst(uint256 first, uint256 count) external {
        for (uint256 i = 0; i < count; ++i) emit Hit(first + i, i);
    }
}
