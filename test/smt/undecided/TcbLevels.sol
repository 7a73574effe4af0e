// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TcbLevels} from "../../../contracts/attestation/tcb/TcbLevels.sol";

/// @notice Of two statuses none is better than either, and one that is unknown or revoked stays so.
contract MergedStatusIsNoBetter {
    function check(uint256 platform, uint256 component) external pure {
        require(platform <= 7 && component <= 7);
        uint256 merged = TcbLevels.merge(platform, component);
        assert(merged <= 7);
        assert((platform != 0 && component != 0) || merged == 0);
        assert(platform != 1 || component != 1 || merged == 1);
        assert(merged != 1 || (platform == 1 && component == 1));
    }
}
