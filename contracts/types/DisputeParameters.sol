// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The governed values that a dispute is opened under. Times in seconds.
/// @param panelMin least size of a first panel; 7..43
/// @param panelWindow from a panel's round to its decision, unless twice the task's window is longer; 1 s..1 d
/// @param appealWindow from the end of a panel's window, for appeals, escalation and jurors that were left out; 1 s..1 d
/// @param punishWindow from the verdict to the distribution of what was slashed; 1 s..1 d
/// @param jurorSlash of the task's stakePerNode that a silent juror loses, in basis points; 0..2500
struct DisputeParameters {
    uint8 panelMin;
    uint24 panelWindow;
    uint24 appealWindow;
    uint24 punishWindow;
    uint16 jurorSlash;
}

/// @notice Bounds of `DisputeParameters`.
library DisputeBounds {
    /// @notice A parameter is outside its bounds.
    error ParameterOutOfBounds(string name, uint256 value, uint256 least, uint256 most);

    function check(DisputeParameters memory p) internal pure {
        _bound("panelMin", p.panelMin, 7, 43);
        _bound("panelWindow", p.panelWindow, 1, 1 days);
        _bound("appealWindow", p.appealWindow, 1, 1 days);
        _bound("punishWindow", p.punishWindow, 1, 1 days);
        _bound("jurorSlash", p.jurorSlash, 0, 2_500);
    }

    function _bound(string memory name, uint256 value, uint256 least, uint256 most) private pure {
        require(value >= least && value <= most, ParameterOutOfBounds(name, value, least, most));
    }
}
