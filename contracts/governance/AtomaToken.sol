// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {Time} from "@openzeppelin/contracts/utils/types/Time.sol";

/// @title ATOMA: stake and votes
/// @notice A fixed supply, 18 decimals, with delegated votes (ERC-5805) counted by time (ERC-6372), for block numbers mean
///         something else on each network, and permits (ERC-2612).
contract AtomaToken is ERC20Permit, ERC20Votes {
    /// @param holder receives the whole supply
    /// @param supply in units of 10^-18 ATOMA, below 2^208
    constructor(address holder, uint256 supply) ERC20("Atoma", "ATOMA") ERC20Permit("Atoma") {
        _mint(holder, supply);
    }

    /// @notice Timepoints of votes are seconds.
    function clock() public view override returns (uint48) {
        return Time.timestamp();
    }

    /// @notice The clock's mode in the form of ERC-6372.
    // the name is the standard's
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    /// @inheritdoc ERC20Permit
    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
