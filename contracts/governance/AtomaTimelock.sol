// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The delay between a decision and its execution
/// @notice Admin of the instances' access manager, and of itself. Anyone may execute what is due; only the governor, which is
///         given its roles by the deployer before the deployer gives up its own, schedules and cancels.
contract AtomaTimelock is TimelockController {
    /// @notice The longest delay, in seconds.
    uint256 public constant MOST_DELAY = 30 days;
    /// @notice The shortest delay, in seconds: the first one, for good.
    uint256 public immutable LEAST_DELAY;

    /// @notice A delay is outside its bounds.
    error DelayOutOfBounds(uint256 delay, uint256 least, uint256 most);

    /// @param delay seconds; never less afterwards
    /// @param deployer admin until it renounces that role
    constructor(uint256 delay, address deployer) TimelockController(delay, new address[](0), _anyone(), deployer) {
        require(delay <= MOST_DELAY, DelayOutOfBounds(delay, 0, MOST_DELAY));
        LEAST_DELAY = delay;
    }

    /// @dev The zero address stands for everybody.
    function _anyone() private pure returns (address[] memory) {
        return new address[](1);
    }

    /// @notice Changes the delay of what is scheduled from now on: `LEAST_DELAY`..30 days. By the timelock itself.
    function updateDelay(uint256 newDelay) public override {
        super.updateDelay(newDelay);
        require(newDelay >= LEAST_DELAY && newDelay <= MOST_DELAY, DelayOutOfBounds(newDelay, LEAST_DELAY, MOST_DELAY));
    }
}
