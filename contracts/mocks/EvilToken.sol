// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A payment token that breaks the habits of ERC-20, as it is told to
contract EvilToken {
    enum Mood {
        Standard,
        TakingFee,
        GivingBonus,
        ReturningFalse,
        ReturningNothing,
        Reverting,
        Reentering
    }

    uint8 public immutable decimals;
    Mood public mood;
    mapping(address account => uint256 balance) public balanceOf;
    mapping(address account => mapping(address spender => uint256 amount)) public allowance;

    address private _target;
    bytes[] private _script;

    event Reentered(uint256 indexed step, bool success, bytes4 result);

    error AsTold();
    error InsufficientBalance();
    error InsufficientAllowance();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function setMood(Mood newMood) external {
        mood = newMood;
    }

    /// @notice Calls that the next transfers make in this token's own name.
    function setScript(address target, bytes[] calldata script) external {
        (_target, _script) = (target, script);
    }

    /// @notice Any call in this token's own name.
    function act(address target, bytes calldata data) external {
        (bool success, bytes memory result) = target.call(data);
        if (success) return;
        assembly ("memory-safe") {
            revert(add(result, 0x20), mload(result))
        }
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external {
        _move(msg.sender, to, amount);
        _answer();
    }

    function transferFrom(address from, address to, uint256 amount) external {
        require(allowance[from][msg.sender] >= amount, InsufficientAllowance());
        allowance[from][msg.sender] -= amount;
        _move(from, to, amount);
        _answer();
    }

    function _move(address from, address to, uint256 amount) private {
        if (mood == Mood.Reverting) revert AsTold();
        if (mood == Mood.ReturningFalse) return;
        if (mood == Mood.Reentering) _reenter();
        require(balanceOf[from] >= amount, InsufficientBalance());
        balanceOf[from] -= amount;
        if (mood == Mood.TakingFee) amount -= amount / 100;
        if (mood == Mood.GivingBonus) amount += amount / 100;
        balanceOf[to] += amount;
        if (mood == Mood.Reentering) _reenter();
    }

    function _reenter() private {
        for (uint256 i = 0; i < _script.length; ++i) {
            (bool success, bytes memory result) = _target.call(_script[i]);
            emit Reentered(i, success, bytes4(result));
        }
    }

    /// @dev Ends the call: without a return value, with false, or with true.
    function _answer() private view {
        if (mood == Mood.ReturningNothing) return;
        bool answer = mood != Mood.ReturningFalse;
        assembly ("memory-safe") {
            mstore(0x00, answer)
            return(0x00, 0x20)
        }
    }
}
