// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Payment token of local networks: six decimals, minted by anyone
contract LocalUsd is ERC20Permit {
    constructor() ERC20("Local USD", "LUSD") ERC20Permit("Local USD") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @return 6, like the tokens it stands for
    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
