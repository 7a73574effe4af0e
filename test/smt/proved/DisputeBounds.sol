// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {DisputeBounds, DisputeParameters} from "../../../contracts/types/DisputeParameters.sol";

/// @notice Parameters of disputes that pass their check are within the bounds of the protocol.
contract DisputeParametersAreBounded {
    function check(DisputeParameters memory p) external pure {
        DisputeBounds.check(p);
        assert(p.panelMin >= 7 && p.panelMin <= 43);
        assert(p.panelWindow >= 1 && p.panelWindow <= 1 days);
        assert(p.appealWindow >= 1 && p.punishWindow >= 1);
        assert(p.jurorSlash <= 2_500);
    }
}
