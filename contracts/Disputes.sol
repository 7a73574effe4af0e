// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {DisputesOpening} from "./disputes/DisputesOpening.sol";
import {DisputesPunishment} from "./disputes/DisputesPunishment.sol";
import {DisputesState} from "./disputes/DisputesState.sol";
import {IBeacon} from "./interfaces/IBeacon.sol";
import {IDisputes} from "./interfaces/IDisputes.sol";
import {INodeRegistry} from "./interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "./interfaces/ITaskRegistry.sol";
import {Panels} from "./libraries/Panels.sol";
import {DisputeBounds, DisputeParameters} from "./types/DisputeParameters.sol";
import {Appeal, Claim, Docket, Tally} from "./types/Docket.sol";
import {NodeId} from "./types/Ids.sol";
import {Request} from "./types/Request.sol";

/// @title Who was right: disputes over results, judged by panels of fresh nodes
contract Disputes is DisputesOpening, DisputesPunishment {
    constructor(
        INodeRegistry nodeRegistry,
        ITaskRegistry taskRegistry,
        IBeacon beacon,
        address authority,
        DisputeParameters memory initial
    ) AccessManaged(authority) DisputesState(nodeRegistry, taskRegistry, beacon) {
        _setParameters(initial);
    }

    /* PARAMETERS */

    /// @inheritdoc IDisputes
    function setParameters(DisputeParameters calldata parameters_) external restricted {
        _setParameters(parameters_);
        NODE_REGISTRY.requireUnbonding();
    }

    function _setParameters(DisputeParameters memory parameters_) private {
        DisputeBounds.check(parameters_);
        uint256 version = ++_version;
        require(
            version <= type(uint16).max,
            DisputeBounds.ParameterOutOfBounds("version", version, 1, type(uint16).max)
        );
        _parameters[version] = parameters_;
        emit DisputeParametersSet(version, parameters_);
    }

    /* VIEWS */

    /// @inheritdoc IDisputes
    function parameters() external view returns (uint256 version, DisputeParameters memory parameters_) {
        return (_version, _parameters[_version]);
    }

    /// @inheritdoc IDisputes
    function verdictOf(Request calldata r) external view returns (Verdict memory) {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        return _verdict(r, requestId, dispute);
    }

    /// @inheritdoc IDisputes
    function panelOf(Request calldata r, uint256 level) external view returns (uint256[] memory) {
        (bytes32 requestId, Case storage dispute) = _caseOf(r);
        return _jurors(r, requestId, dispute, level);
    }

    /// @inheritdoc IDisputes
    function bondOf(Request calldata r, uint256 level) external view returns (uint256) {
        require(level == 1 || level == Panels.LEVELS, NoSuchLevel(level));
        Docket docket = _cases[_idOf(r)].docket;
        return _bondOf(r, level, docket.exists() ? docket.version() : _version);
    }

    /// @inheritdoc IDisputes
    function caseOf(bytes32 requestId) external view returns (uint256[6] memory words) {
        Case storage c = _cases[requestId];
        words[0] = Docket.unwrap(c.docket);
        words[1] = Claim.unwrap(c.claim);
        words[2] = Tally.unwrap(c.first);
        words[3] = Appeal.unwrap(c.appeal);
        words[4] = Tally.unwrap(c.second);
        words[5] = c.pot;
    }

    /// @inheritdoc IDisputes
    function punishmentOf(bytes32 requestId, NodeId nodeId) external view returns (uint256) {
        return _punished[requestId][nodeId];
    }

    /// @inheritdoc IDisputes
    function longestDispute(uint256 taskWindow, uint256 beaconWait) external view returns (uint256) {
        DisputeParameters memory p = _parameters[_version];
        return _longest(_panelTime(taskWindow, p), beaconWait, p);
    }
}
