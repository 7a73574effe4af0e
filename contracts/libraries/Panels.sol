// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CommitteeDraw} from "./CommitteeDraw.sol";
import {SnapshotCode} from "./SnapshotCode.sol";

/// @title How large a panel is, who sits on it, and how many decide
library Panels {
    /// @dev Fewer jurors are no panel.
    uint256 internal constant LEAST = 7;
    uint256 internal constant MOST = 63;
    uint256 internal constant LEVELS = 2;
    /// @dev Rounds that a level can have: the first, and one more where that was void.
    uint256 internal constant ROUNDS = 2;

    /// @notice k_1 = max(panelMin, 2k + 1), k_2 = 2 * k_1 + 1, at most 63.
    function seats(uint256 level, uint256 k, uint256 panelMin) internal pure returns (uint256 size) {
        size = 2 * k + 1 < panelMin ? panelMin : 2 * k + 1;
        if (level == LEVELS) size = 2 * size + 1;
        if (size > MOST) size = MOST;
    }

    /// @notice floor(2n / 3) + 1 of n jurors decide.
    function threshold(uint256 n) internal pure returns (uint256) {
        return (2 * n) / 3 + 1;
    }

    /// @notice Draws a panel at any ask from the newest snapshot, or, if that yields no panel, from the request's own.
    /// @param newest id of the task's latest snapshot when the dispute was opened, or zero
    /// @param excluded ids of the nodes drawn at earlier levels
    /// @return jurors as drawn, each nodeId << 32 | ask; fewer than seven are no panel
    function draw(
        address taskRegistry,
        uint256 newest,
        uint256 own,
        bytes32 seed,
        uint256 size,
        uint256[] memory excluded
    ) internal view returns (uint256[] memory jurors) {
        if (newest != 0) jurors = _drawFrom(SnapshotCode.addressOf(taskRegistry, newest), seed, size, excluded);
        if (jurors.length >= LEAST || newest == own) return jurors;
        return _drawFrom(SnapshotCode.addressOf(taskRegistry, own), seed, size, excluded);
    }

    function _drawFrom(
        address snapshot,
        bytes32 seed,
        uint256 size,
        uint256[] memory excluded
    ) private view returns (uint256[] memory) {
        uint256 count = SnapshotCode.header(snapshot).count();
        return CommitteeDraw.draw(snapshot, count, seed, size, type(uint32).max, excluded);
    }

    /// @notice The ids of the nodes in two lists of members.
    function idsOf(uint256[] memory first, uint256[] memory second) internal pure returns (uint256[] memory ids) {
        ids = new uint256[](first.length + second.length);
        for (uint256 i = 0; i < first.length; ++i) ids[i] = first[i] >> 32;
        for (uint256 i = 0; i < second.length; ++i) ids[first.length + i] = second[i] >> 32;
    }
}
