// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AgentWallet} from "../consumers/AgentWallet.sol";

/// @title A recipient that wants more than it is paid, or nothing
contract EvilRecipient {
    AgentWallet public immutable agent;
    bool public refusing;

    event Reentered(bool success);

    error AsTold();

    constructor(AgentWallet agent_) {
        agent = agent_;
    }

    function setRefusing(bool isRefusing) external {
        refusing = isRefusing;
    }

    receive() external payable {
        require(!refusing, AsTold());
        (bool success, ) = address(agent).call(abi.encodeCall(AgentWallet.act, ()));
        emit Reentered(success);
    }
}
