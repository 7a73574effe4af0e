// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBeacon} from "../interfaces/IBeacon.sol";
import {IDisputes} from "../interfaces/IDisputes.sol";
import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {MAX_CHALLENGE_WINDOW, MAX_TASK_WINDOW} from "../types/Limits.sol";
import {Parameters} from "../types/Parameters.sol";

/// @title How long stake that leaves has to stay within reach
library LeastUnbonding {
    /// @notice What unbonding must exceed, in seconds, under the parameters in force (DSP-1, STK-2): a node that leaves can be
    ///         drawn until the snapshots that name it are too old; its request lives, waits out challenge and dispute window;
    ///         and the dispute over it lasts. Tasks and requests are taken to have the longest windows that there are.
    function secondsOf(IRequestEscrow escrow) internal view returns (uint256) {
        (, , Parameters memory p) = escrow.parameters();
        (, address taskRegistry, address beacon, ) = escrow.instance();
        uint256 beaconWait = uint256(p.beaconDelay) + IBeacon(beacon).period() + p.beaconTimeout;
        uint256 life = beaconWait + MAX_TASK_WINDOW + p.fallbackDelay + 2 * uint256(p.chainPhase) + p.expireDelay;
        uint256 disputable = MAX_CHALLENGE_WINDOW + p.disputeWindow;
        uint256 dispute = IDisputes(escrow.disputes()).longestDispute(MAX_TASK_WINDOW, beaconWait);
        return ITaskRegistry(taskRegistry).settings().maxSnapshotAge + life + disputable + dispute;
    }
}
