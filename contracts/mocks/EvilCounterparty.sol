// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Plays an escrow, a node registry or a recipient that calls back as it is told. For tests.
contract EvilCounterparty {
    /// @notice A call in this contract's name.
    struct Step {
        address target;
        bytes data;
    }

    Step[] private _script;
    bool private _isActing;

    event Reentered(uint256 indexed step, bool success, bytes4 result);

    /// @notice What this contract does whenever it is called in one of its parts; not within itself.
    function setScript(Step[] calldata script) external {
        delete _script;
        for (uint256 i = 0; i < script.length; ++i) _script.push(script[i]);
    }

    /// @notice As an escrow: pays nothing.
    function withdraw(address, uint256) external {
        _act();
    }

    /// @notice As a node registry: pays nothing.
    function withdrawAward(address, uint256) external {
        _act();
    }

    /// @notice As a recipient that its token tells of a payment.
    function onPayment() external {
        _act();
    }

    function _act() private {
        if (_isActing) return;
        _isActing = true;
        for (uint256 i = 0; i < _script.length; ++i) {
            (bool success, bytes memory result) = _script[i].target.call(_script[i].data);
            emit Reentered(i, success, bytes4(result));
        }
        _isActing = false;
    }
}
