// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IWorkloads} from "../interfaces/IWorkloads.sol";
import {QuoteHeader} from "./quote/QuoteHeader.sol";
import {SgxReport} from "./quote/SgxReport.sol";
import {TdReport} from "./quote/TdReport.sol";

/// @title What may run in trusted execution environments
abstract contract Workloads is IWorkloads, AccessManaged {
    using QuoteHeader for bytes;

    uint256 private constant MEASUREMENT_DELAY = 1 days;
    uint8 private constant TDX = 0x81;
    /// @dev Statuses 1 to 6: a revoked platform is never allowed.
    uint8 private constant ALL_STATUSES = 0x7e;

    mapping(bytes32 workloadId => Workload workload) private _workloads;
    mapping(bytes32 workloadId => mapping(bytes32 measurement => uint256 activeAt)) private _measurements;

    modifier onlyOwner(bytes32 workloadId) {
        require(msg.sender == _liveWorkload(workloadId).owner, NotWorkloadOwner(workloadId, msg.sender));
        _;
    }

    /* REGISTERING */

    /// @inheritdoc IWorkloads
    function registerWorkload(
        Workload calldata workload,
        bytes32[] calldata measurements,
        bytes32 salt
    ) external returns (bytes32 workloadId) {
        workloadId = keccak256(abi.encode(msg.sender, salt));
        require(_workloads[workloadId].maxAge == 0, WorkloadExists(workloadId));
        bool isTdx = workload.tee == TDX;
        require(isTdx || workload.tee == QuoteHeader.SGX, WorkloadFieldOutOfBounds("tee", workload.tee));
        require(workload.parts < (isTdx ? 8 : 4), WorkloadFieldOutOfBounds("parts", workload.parts));
        _requireStatuses(workload.statuses);
        bool isAge = workload.maxAge >= 1 hours && workload.maxAge <= 30 days;
        require(isAge, WorkloadFieldOutOfBounds("maxAge", workload.maxAge));
        bool bySigner = !isTdx && workload.parts & SgxReport.BY_SIGNER != 0;
        require(bySigner || workload.minIsvSvn == 0, WorkloadFieldOutOfBounds("minIsvSvn", workload.minIsvSvn));
        _workloads[workloadId] = workload;
        emit WorkloadRegistered(workloadId, workload);
        for (uint256 i = 0; i < measurements.length; ++i) _add(workloadId, measurements[i], block.timestamp);
    }

    function _requireStatuses(uint8 statuses) private pure {
        bool isGood = statuses != 0 && statuses & ~ALL_STATUSES == 0;
        require(isGood, WorkloadFieldOutOfBounds("statuses", statuses));
    }

    /* CHANGING */

    /// @inheritdoc IWorkloads
    function addMeasurement(bytes32 workloadId, bytes32 measurement) external onlyOwner(workloadId) {
        if (_measurements[workloadId][measurement] != 0) return;
        _add(workloadId, measurement, block.timestamp + MEASUREMENT_DELAY);
    }

    function _add(bytes32 workloadId, bytes32 measurement, uint256 activeAt) private {
        _measurements[workloadId][measurement] = activeAt;
        emit MeasurementAdded(workloadId, measurement, activeAt);
    }

    /// @inheritdoc IWorkloads
    function removeMeasurement(bytes32 workloadId, bytes32 measurement) external onlyOwner(workloadId) {
        _measurements[workloadId][measurement] = 0;
        emit MeasurementRemoved(workloadId, measurement);
    }

    /// @inheritdoc IWorkloads
    function tighten(
        bytes32 workloadId,
        uint8 statuses,
        uint32 minEvaluation,
        uint24 maxAge
    ) external onlyOwner(workloadId) {
        Workload storage w = _workloads[workloadId];
        _requireStatuses(statuses);
        require(maxAge >= 1 hours, WorkloadFieldOutOfBounds("maxAge", maxAge));
        bool isTighter = statuses & ~w.statuses == 0 && minEvaluation >= w.minEvaluation && maxAge <= w.maxAge;
        require(isTighter, NotTighter());
        (w.statuses, w.minEvaluation, w.maxAge) = (statuses, minEvaluation, maxAge);
        emit WorkloadChanged(workloadId, w);
    }

    /// @inheritdoc IWorkloads
    function transferWorkload(bytes32 workloadId, address newOwner) external onlyOwner(workloadId) {
        _workloads[workloadId].owner = newOwner;
        emit WorkloadChanged(workloadId, _workloads[workloadId]);
    }

    /// @inheritdoc IWorkloads
    function revokeWorkload(bytes32 workloadId) external {
        if (msg.sender != _liveWorkload(workloadId).owner) _checkCanCall(msg.sender, msg.data);
        _workloads[workloadId].statuses = 0;
        emit WorkloadChanged(workloadId, _workloads[workloadId]);
    }

    /* CHECKING */

    function _liveWorkload(bytes32 workloadId) internal view returns (Workload memory workload) {
        workload = workloadOf(workloadId);
        require(workload.statuses != 0, WorkloadIsRevoked(workloadId));
    }

    /// @dev Whether the workload is registered and not revoked.
    function _isInForce(bytes32 workloadId) internal view returns (bool) {
        return _workloads[workloadId].statuses != 0;
    }

    /// @dev The measurement of a report that the verifier has checked, if the workload allows it now.
    function _allowedMeasurement(
        bytes32 workloadId,
        Workload memory workload,
        bytes calldata report
    ) internal view returns (bytes32 measurement) {
        measurement = _measure(workload.tee, report, workload.parts);
        uint256 activeAt = _measurements[workloadId][measurement];
        require(activeAt != 0 && activeAt <= block.timestamp, MeasurementNotAllowed(measurement, activeAt));
        if (workload.minIsvSvn == 0) return measurement;
        uint256 isvSvn = SgxReport.isvSvn(report); // only enclaves that are known by their signer have a least one
        require(isvSvn >= workload.minIsvSvn, IsvSvnTooLow(isvSvn, workload.minIsvSvn));
    }

    function _measure(uint8 tee, bytes calldata report, uint256 parts) private pure returns (bytes32) {
        return tee == TDX ? TdReport.measurementOf(report, parts) : SgxReport.measurementOf(report, parts);
    }

    /* VIEWS */

    /// @inheritdoc IWorkloads
    function workloadOf(bytes32 workloadId) public view returns (Workload memory workload) {
        workload = _workloads[workloadId];
        require(workload.maxAge != 0, UnknownWorkload(workloadId));
    }

    /// @inheritdoc IWorkloads
    function measurementActiveAt(bytes32 workloadId, bytes32 measurement) public view returns (uint256) {
        return _measurements[workloadId][measurement];
    }

    /// @inheritdoc IWorkloads
    function measurementOf(bytes calldata signedBody, uint8 parts) external pure returns (bytes32) {
        (uint8 tee, bytes calldata report) = signedBody.reportOf();
        return _measure(tee, report, parts);
    }
}
