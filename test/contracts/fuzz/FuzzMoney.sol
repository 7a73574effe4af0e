// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {IEscrowAccounts} from "../../../contracts/interfaces/IEscrowAccounts.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowLedger} from "../../../contracts/interfaces/IEscrowLedger.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {countBits} from "../../../contracts/types/Head.sol";
import {NodeId, TaskId} from "../../../contracts/types/Ids.sol";
import {Parameters} from "../../../contracts/types/Parameters.sol";
import {Request, Terms} from "../../../contracts/types/Request.sol";
import {FuzzFallback} from "./FuzzFallback.sol";
import {vm} from "./Vm.sol";

/// @dev Accounts, fees, earnings, parameters, publishers.
abstract contract FuzzMoney is FuzzFallback {
    uint256 private constant PERMIT_DEADLINE = type(uint256).max;

    /// @dev Last second of the last pause, by the contract that was paused.
    mapping(address target => uint256 end) private _pauseEnds;

    /* ACCOUNTS */

    function deposit(uint256 seed) external step {
        bytes memory data = abi.encodeCall(IEscrowAccounts.deposit, (_requester(seed), (seed >> 64) % 1e15));
        _mustExec("deposit", address(this), address(escrow), data);
    }

    function depositWithPermit(uint256 seed) external step {
        uint256 who = seed % _requesterKeys.length;
        address holder = requesters[who];
        uint256 amount = (seed >> 64) % 1e15;
        usd.mint(holder, amount);
        bytes32 words = keccak256(
            abi.encode(
                keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"),
                holder,
                address(escrow),
                amount,
                usd.nonces(holder),
                PERMIT_DEADLINE
            )
        );
        bytes32 hash = keccak256(abi.encodePacked(hex"1901", usd.DOMAIN_SEPARATOR(), words));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_requesterKeys[who], hash);
        if (seed % 2 == 0) usd.permit(holder, address(escrow), amount, PERMIT_DEADLINE, v, r, s); // by somebody else, first
        bytes memory data = abi.encodeCall(IEscrowAccounts.depositWithPermit, (amount, PERMIT_DEADLINE, v, r, s));
        _mustExec("depositWithPermit", holder, address(escrow), data);
    }

    function withdraw(uint256 seed) external step {
        address account = accounts[seed % accounts.length];
        (uint256 balance, ) = escrow.accountOf(account);
        uint256 amount = ((seed >> 64) % (balance / 100 + 2)) + (seed % 8 == 0 ? balance : 0);
        bytes memory data = abi.encodeCall(IEscrowAccounts.withdraw, (address(0xFEED), amount));
        uint256 before = usd.balanceOf(address(0xFEED));
        (bool success, ) = _exec("withdraw", account, address(escrow), data);
        if (success != (amount <= balance)) revert Broken("ESC-3", "withdraw", amount, balance);
        if (success && usd.balanceOf(address(0xFEED)) != before + amount)
            revert Broken("ESC-1", "paid out", amount, before);
    }

    function transfer(uint256 seed) external step {
        address from = accounts[seed % accounts.length];
        (uint256 balance, ) = escrow.accountOf(from);
        uint256 amount = ((seed >> 64) % (balance / 50 + 2)) + (seed % 8 == 0 ? balance : 0);
        bytes memory data = abi.encodeCall(
            IEscrowAccounts.transfer,
            (accounts[(seed >> 32) % accounts.length], amount)
        );
        (bool success, ) = _exec("transfer", from, address(escrow), data);
        if (success != (amount <= balance)) revert Broken("ESC-3", "transfer", amount, balance);
    }

    function timeLock(uint256 seed) external step {
        address account = _requester(seed);
        _fund(account);
        bytes memory data = abi.encodeCall(
            IEscrowAccounts.timeLock,
            ((seed >> 32) % PURSES, (seed >> 64) % 1e15, block.timestamp + ((seed >> 16) % 200))
        );
        _act("timeLock", account, data);
    }

    function timeUnlock(uint256 seed) external step {
        address account = _requester(seed);
        uint256 purse = (seed >> 32) % PURSES;
        (uint256 amount, uint256 unlockAt, ) = escrow.timeLockOf(account, purse);
        if (seed % 4 == 0 && block.timestamp <= unlockAt && unlockAt < block.timestamp + 300) vm.warp(unlockAt + 1);
        (uint256 before, ) = escrow.accountOf(account);
        (bool success, ) = _act("timeUnlock", account, abi.encodeCall(IEscrowAccounts.timeUnlock, (purse)));
        if (success != (block.timestamp > unlockAt)) revert Broken("ESC-3", "timeUnlock", unlockAt, block.timestamp);
        (uint256 balance, ) = escrow.accountOf(account);
        if (success && balance != before + amount) revert Broken("ESC-1", "unlocked", balance, before + amount);
    }

    function collect(uint256 seed) external step {
        _mustExec("collect", TREASURY, address(escrow), abi.encodeCall(IEscrowAccounts.collect, (_servedTask(seed))));
    }

    /* EARNINGS */

    function earn(uint256 seed) external step {
        NodeId nodeId = _someNode(seed);
        (uint256 pending, uint256 availableAt) = escrow.claimOf(nodeId);
        address operator = escrow.nodeWord(nodeId).signer();
        if (seed % 2 == 0 || operator == address(0)) operator = nodes.ownerOf(nodeId);
        (bool success, ) = _exec(
            "claimEarnings",
            operator,
            address(escrow),
            abi.encodeCall(IEscrowLedger.claimEarnings, (nodeId))
        );
        if (success && pending != 0) revert Broken("ESC-2", "claimed over a claim", pending, 0);
        if (!success && pending == 0) return;
        (, availableAt) = escrow.claimOf(nodeId);
        if (seed % 4 != 0) vm.warp(availableAt > block.timestamp ? availableAt : block.timestamp);
        bytes memory data = abi.encodeCall(IEscrowLedger.withdrawEarnings, (nodeId));
        (success, ) = _exec("withdrawEarnings", TREASURY, address(escrow), data);
        if (success != (block.timestamp >= availableAt))
            revert Broken("ESC-3", "withdrawEarnings", availableAt, block.timestamp);
    }

    /* PARAMETERS */

    function setParameters(uint256 seed) external step {
        Parameters memory p = _parameters(uint16(seed % 1_100));
        p.tipFloor = uint40((seed >> 16) % 1_001);
        p.reputationFloor = uint40((seed >> 32) % 50);
        bytes memory data = abi.encodeCall(IEscrowLedger.setParameters, (p));
        (bool success, ) = _exec("setParameters", ADMIN, address(escrow), data);
        if (success != (p.protocolFee <= 1_000)) revert Broken("ESC-2", "the fee's bound", p.protocolFee, 0);
        (success, ) = _exec("parameters by anyone", TREASURY, address(escrow), data);
        if (success) revert Broken("ESC-2", "parameters by anyone", 0, 0);
    }

    /// @dev Requests or registrations, for up to a week; then all is open for a week, whatever the guardian wants.
    function pause(uint256 seed) external step {
        bool isOfTasks = seed % 2 == 0;
        (string memory name, address target, bytes4 selector) = isOfTasks
            ? ("TaskRegistry.pauseRegistrations", address(tasks), ITaskRegistry.pauseRegistrations.selector)
            : ("pauseRequests", address(escrow), IEscrowLedger.pauseRequests.selector);
        uint256 restUntil = _pauseEnds[target] == 0 ? 0 : _pauseEnds[target] + 7 days;
        if ((seed >> 1) % 2 == 0 && block.timestamp <= restUntil) vm.warp(restUntil + 1);
        uint256 until = block.timestamp + 1 + ((seed >> 2) % 7 days);
        (bool success, ) = _exec(name, GUARDIAN, target, abi.encodeWithSelector(selector, until));
        if (success != (block.timestamp > restUntil)) revert Broken("ESC-3", name, restUntil, block.timestamp);
        if (!success) return;
        address requester = _requester(seed);
        bool isRefused =
            isOfTasks
                ? !_subscribe(_someNode(seed), _servedTask(seed), 1)
                : _ask(requester, _goodParams(seed, requester), 0) == 0;
        if (!isRefused) revert Broken("ESC-3", "not paused", until, block.timestamp);
        _mustExec(name, GUARDIAN, target, abi.encodeWithSelector(selector, 0));
        _pauseEnds[target] = block.timestamp - 1;
    }

    function multicall(uint256 seed) external step {
        _refresh(_servedTask(seed));
        address requester = requesters[seed % 3];
        _fund(requester);
        IEscrowTypes.RequestParams memory p = _goodParams(seed, requester);
        (p.tip, p.maxAsk, p.units) = (50_000, 9, 10);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IEscrowCore.request, (p, "input"));
        calls[1] = abi.encodeCall(IEscrowAccounts.withdraw, (address(0xFEED), 1));
        _mustExec("multicall", requester, address(escrow), abi.encodeCall(Multicall.multicall, (calls)));
    }

    /* PUBLISHERS AND SETTINGS */

    function publisherLife(uint256 seed) external step {
        TaskId taskId = _registerTask(uint16(seed % 2_001), uint16((seed >> 16) % 60_001));
        bytes memory uri = abi.encodeCall(ITaskRegistry.setArtifactUri, (taskId, "ipfs://moved"));
        _mustExec("TaskRegistry.setArtifactUri", address(this), address(tasks), uri);
        (bool success, ) = _exec("another's task", TREASURY, address(tasks), uri);
        if (success) revert Broken("STK-1", "another's task", TaskId.unwrap(taskId), 0);
        _mustExec(
            "TaskRegistry.deprecate",
            address(this),
            address(tasks),
            abi.encodeCall(ITaskRegistry.deprecate, (taskId))
        );
        bytes memory back = abi.encodeCall(ITaskRegistry.returnBond, (taskId));
        (success, ) = _exec("TaskRegistry.returnBond", TREASURY, address(tasks), back);
        if (success) revert Broken("STK-1", "a bond comes back early", TaskId.unwrap(taskId), 0);
        vm.warp(block.timestamp + 7 days);
        _mustExec("TaskRegistry.returnBond", TREASURY, address(tasks), back);
    }

    function evict(uint256 seed) external step {
        bytes32 id = _freshRequest(seed, requesters[0], true);
        _prepare(id);
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        uint256 live = _liveSeats(members);
        if (!_canSettle(id) || live & 1 == 0 || countBits(live) == r.origin.quorum()) return;
        NodeId nodeId = NodeId.wrap(uint32(members[0] >> 32));
        uint256 reputation = escrow.nodeWord(nodeId).reputation();
        if (reputation < 64 || reputation > 60_000) return;
        TaskId taskId = _registerTask(0, uint16(reputation));
        _subscribe(nodeId, taskId, 1);
        bytes memory data = abi.encodeCall(ITaskRegistry.evict, (taskId, nodeId));
        (bool success, ) = _exec("TaskRegistry.evict", TREASURY, address(tasks), data);
        if (success) revert Broken("REP-1", "evicted with reputation", reputation, 0);
        Said memory said = _saidByAll(r, members);
        (said.committed, said.attested) = (said.committed - 1, said.attested - 1); // without the first
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, said);
        data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        _mustExec("settle", requesters[1], address(escrow), data);
        data = abi.encodeCall(ITaskRegistry.evict, (taskId, nodeId));
        _mustExec("TaskRegistry.evict", TREASURY, address(tasks), data);
    }

    function setSettings(uint256 seed) external step {
        ITaskRegistry.Settings memory s = ITaskRegistry.Settings(
            uint32((seed >> 16) % 120),
            3 days,
            uint16((seed >> 32) % 1_001),
            uint128(1 + (seed % 5 ether))
        );
        _setTimes("TaskRegistry.setSettings", address(tasks), abi.encodeCall(ITaskRegistry.setSettings, (s)));
    }

    function setStakePrice(uint256 seed) external step {
        uint256 price = 1e6 + (seed % 2e5); // always within a fifth of 1e6..1.2e6
        (bool success, ) = _exec(
            "TaskRegistry.setStakePrice",
            ADMIN,
            address(tasks),
            abi.encodeCall(ITaskRegistry.setStakePrice, (price))
        );
        if (success) return;
        vm.warp(block.timestamp + 7 days);
        _exec(
            "TaskRegistry.setStakePrice",
            ADMIN,
            address(tasks),
            abi.encodeCall(ITaskRegistry.setStakePrice, (price))
        );
    }

    function wait(uint256 seed) external step {
        vm.warp(block.timestamp + 1 + (seed % 20));
    }

    function _termsNow(TaskId taskId) internal view override returns (Terms) {
        (, , Parameters memory p) = escrow.parameters();
        uint256 terms = p.protocolFee;
        terms = (terms << 16) | p.fallbackDelay;
        terms = (terms << 16) | p.chainPhase;
        terms = (terms << 16) | p.beaconDelay;
        terms = (terms << 16) | p.expireDelay;
        terms = (terms << 24) | p.beaconTimeout;
        terms = (terms << 24) | p.disputeWindow;
        terms = (terms << 40) | p.reputationFloor;
        return Terms.wrap(terms | escrow.taskWord(taskId).termsPart());
    }
}
