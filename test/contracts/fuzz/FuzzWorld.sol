// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {EscrowState} from "../../../contracts/escrow/EscrowState.sol";
import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IEscrowLedger} from "../../../contracts/interfaces/IEscrowLedger.sol";
import {IRequestEscrow} from "../../../contracts/interfaces/IRequestEscrow.sol";
import {INodeRegistry} from "../../../contracts/interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../../../contracts/interfaces/ITaskRegistry.sol";
import {ITeeRegistry} from "../../../contracts/interfaces/ITeeRegistry.sol";
import {EvilConsumer} from "../../../contracts/mocks/EvilConsumer.sol";
import {LocalUsd} from "../../../contracts/mocks/LocalUsd.sol";
import {DisputeParameters} from "../../../contracts/types/DisputeParameters.sol";
import {Parameters} from "../../../contracts/types/Parameters.sol";
import {FuzzBeacon} from "./FuzzBeacon.sol";
import {vm} from "./Vm.sol";

interface IConnected {
    function connect(address escrow) external;
}

/// @dev The real contracts of an instance, wired as the deployment module wires them, and who acts on them.
abstract contract FuzzWorld {
    uint256 internal constant PURSES = 4;
    uint256 internal constant START = 1_800_000_000;
    /// @dev Tasks that nodes subscribe to; later ones come and go without.
    uint256 public constant SERVED_TASKS = 3;
    uint256 internal constant WEALTH = 1e18;

    address internal constant ADMIN = address(0xAD);
    address internal constant GUARDIAN = address(0x6A);
    address internal constant TREASURY = address(0x72);
    address internal constant FLEET_OWNER = address(0x0F);

    IERC20 public atoma;
    LocalUsd public usd;
    IAccessManager internal authority;
    /// @dev One in which nobody has a role.
    IAccessManager internal otherAuthority;
    INodeRegistry public nodes;
    ITaskRegistry public tasks;
    FuzzBeacon public beacon;
    IRequestEscrow public escrow;
    IDisputes public disputes;

    /// @dev Keys of the requesters that are no contracts; the others are consumers.
    uint256[] internal _requesterKeys;
    address[] public requesters;
    EvilConsumer[] internal _consumers;
    /// @dev All accounts that can hold a balance in the escrow.
    address[] public accounts;
    mapping(address account => bool known) private _isAccount;

    function _deploy() internal {
        vm.warp(START);
        atoma = IERC20(_create("AtomaToken", abi.encode(address(this), 1e9 ether)));
        usd = LocalUsd(_create("LocalUsd", ""));
        authority = IAccessManager(_create("AccessManager", abi.encode(address(this))));
        otherAuthority = IAccessManager(_create("AccessManager", abi.encode(address(this))));
        nodes = INodeRegistry(_create("NodeRegistry", abi.encode(atoma, authority, 14 days)));
        ITaskRegistry.Settings memory settings = ITaskRegistry.Settings(0, 3 days, 100, 1 ether);
        tasks = ITaskRegistry(_create("TaskRegistry", abi.encode(nodes, authority, settings, 1e6)));
        beacon = new FuzzBeacon(uint64(START - 1 days));
        DisputeParameters memory rules = DisputeParameters(7, 8, 4, 4, 1_000);
        disputes = IDisputes(_create("Disputes", abi.encode(nodes, tasks, beacon, authority, rules)));
        EscrowState.Config memory config = EscrowState.Config({
            token: IERC20Metadata(address(usd)),
            treasury: TREASURY,
            nodeRegistry: nodes,
            taskRegistry: tasks,
            beacon: beacon,
            disputes: address(disputes),
            teeRegistry: ITeeRegistry(address(0)), // no task of the campaign names a workload
            authority: address(authority),
            parameters: _parameters(300)
        });
        address extension = _create("EscrowExtension", abi.encode(config));
        escrow = IRequestEscrow(_create("RequestEscrow", abi.encode(config, extension)));
        IConnected(address(nodes)).connect(address(escrow));
        IConnected(address(tasks)).connect(address(escrow));
        beacon.connect(address(escrow));
        IConnected(address(disputes)).connect(address(escrow));
        _grantRoles();
        _fundRequesters();
    }

    /// @dev Creates from the build's own code: embedding it here would make the compiler optimise everything again.
    function _create(string memory name, bytes memory arguments) internal returns (address created) {
        bytes memory code = abi.encodePacked(_codeOf(name), arguments);
        assembly ("memory-safe") {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), name);
    }

    function _codeOf(string memory name) private view returns (bytes memory code) {
        try vm.getCode(name) returns (bytes memory found) {
            return found;
        } catch {
            revert(string.concat(name, " is not built"));
        }
    }

    function _parameters(uint16 fee) internal pure returns (Parameters memory) {
        return
            Parameters({
                protocolFee: fee,
                fallbackDelay: 4,
                chainPhase: 4,
                beaconDelay: 10,
                expireDelay: 4,
                beaconTimeout: 60,
                disputeWindow: 5,
                reputationFloor: 10,
                tipFloor: 1_000
            });
    }

    function _grantRoles() private {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = IEscrowLedger.pauseRequests.selector;
        authority.setTargetFunctionRole(address(escrow), selectors, 2);
        selectors[0] = ITaskRegistry.pauseRegistrations.selector;
        authority.setTargetFunctionRole(address(tasks), selectors, 2);
        authority.grantRole(2, GUARDIAN, 0);
        authority.grantRole(0, ADMIN, 0);
    }

    function _fundRequesters() private {
        for (uint256 i = 0; i < 3; ++i) {
            _requesterKeys.push(uint256(keccak256(abi.encode("requester", i))));
            requesters.push(vm.addr(_requesterKeys[i]));
        }
        for (uint256 i = 0; i < 2; ++i) {
            _consumers.push(new EvilConsumer(escrow));
            requesters.push(address(_consumers[i]));
        }
        usd.mint(address(this), 1e30);
        usd.approve(address(escrow), type(uint256).max);
        for (uint256 i = 0; i < requesters.length; ++i) {
            _know(requesters[i]);
            escrow.deposit(requesters[i], WEALTH);
        }
        _know(TREASURY);
        _know(FLEET_OWNER);
        _know(address(this));
    }

    function _know(address account) internal {
        if (_isAccount[account]) return;
        _isAccount[account] = true;
        accounts.push(account);
    }

    function _isConsumer(address requester) internal view returns (bool) {
        return requester.code.length != 0;
    }
}
