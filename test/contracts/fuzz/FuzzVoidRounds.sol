// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {FuzzPunishment} from "./FuzzPunishment.sol";
import {vm} from "./Vm.sol";

/// @dev Rounds of panels that nobody posts in time: they are drawn again, once a level. And roots of bundles that are found wrong.
abstract contract FuzzVoidRounds is FuzzPunishment {
    function redraw(uint256 seed) external step {
        bytes32 id = _sue(seed);
        if (id == 0) return;
        uint256 level = 1;
        if (seed % 3 == 0 && _decide(id, 1, seed) && _appeal(id, seed)) level = 2;
        if (!_redraw(id, level) || seed % 5 == 0) return;
        _decide(id, level, seed);
        if (seed % 2 == 0) _close(id);
    }

    /// @dev A false root is settled at once and challenged with a bond; all jurors are honest.
    function overturnBundle(uint256 seed) external step {
        uint256 low = (seed % (1 << 60)) & ~uint256(0x31); // bit 0: settled at once
        bytes32 id = _sue(low | 0x20 | (1 << 20) | (2 << 120)); // by bond, over a lie, a bundle
        if (id == 0 || !_decide(id, 1, seed)) return;
        _conclude(id);
        if (seed % 2 == 0) _close(id);
    }

    /// @dev Whether the level has another round now. A round that was posted, or is awaited, is kept.
    function _redraw(bytes32 id, uint256 level) private returns (bool) {
        Request memory r = _known[id].request;
        bytes memory data = abi.encodeCall(IDisputes.redraw, (r));
        uint64 round = _roundOf(id, level);
        _refuse(id, "redrawn early", address(disputes), data);
        if (escrow.roundWord(round) != 0) return false;
        vm.warp(beacon.timeOf(round) + r.terms.beaconTimeout() + 1);
        if (disputes.verdictOf(r).ending != IDisputes.Ending.Pending)
            revert Broken("DSP-1", "given up before it is drawn again", uint256(id), level);
        _mustExec("Disputes.redraw", TREASURY, address(disputes), data);
        _refuse(id, "redrawn twice", address(disputes), data);
        return true;
    }
}
