// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIssuers} from "./IIssuers.sol";
import {ITcbStore} from "./ITcbStore.sol";

/// @title What Intel signs about all platforms: certificates of authorities and signers, TCB infos, QE identities
interface IDcapCollateral is IIssuers, ITcbStore {
    /// @notice The texts that quotes of a platform are judged by. MUST revert where one is missing or not in force.
    function collateralOf(
        uint8 tee,
        bytes6 fmspc,
        uint32 evaluationNumber
    ) external view returns (TcbText memory info, TcbText memory identity);
}
