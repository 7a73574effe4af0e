// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Wiring of an instance's contracts, done once
/// @notice The contracts of an instance know each other for good. Where two need each other's address, the later one is
///         named here once by the deployer, whose power ends with that call.
abstract contract Connected {
    address private immutable _deployer = msg.sender;
    address private _escrow;

    event EscrowConnected(address escrow);

    /// @notice The escrow is not connected yet.
    error NotConnected();
    /// @notice Only the deployer may connect the escrow, and only once.
    error CannotConnect(address caller);

    /// @notice Names the escrow of this instance, for good. By the deployer.
    function connect(address escrow_) external {
        require(msg.sender == _deployer && _escrow == address(0) && escrow_ != address(0), CannotConnect(msg.sender));
        _escrow = escrow_;
        emit EscrowConnected(escrow_);
        _afterConnect();
    }

    /// @dev Reverts where the escrow that was just named does not fit.
    function _afterConnect() internal view virtual {}

    /// @return the connected escrow
    function escrow() public view returns (address) {
        address connected = _escrow;
        require(connected != address(0), NotConnected());
        return connected;
    }
}
