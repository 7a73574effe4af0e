// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What may run in trusted execution environments
/// @notice A *workload* says which code may run, and how up to date its platform has to be.
interface IWorkloads {
    /// @dev One word. What is allowed can only be tightened: who wants more registers another workload.
    /// @param owner may add and remove measurements, tighten and revoke; zero: nobody
    /// @param tee TEE type: 0 for SGX, 0x81 for TDX
    /// @param parts what a measurement covers beside the code, a sum of TDX: 1 MRCONFIGID, 2 RTMR3, 4 MROWNER and MROWNERCONFIG;
    ///        SGX: 1 CONFIGID and CONFIGSVN, 2 MRSIGNER and ISVPRODID in place of MRENCLAVE
    /// @param statuses allowed TCB statuses, bit n for status n of `IQuoteVerifier.Verdict`; zero: revoked
    /// @param minEvaluation least tcbEvaluationDataNumber of the collateral that a quote is judged by
    /// @param maxAge seconds that a binding lives, 1 hour..30 days
    /// @param minIsvSvn of an SGX enclave that is allowed by its signer
    struct Workload {
        address owner;
        uint8 tee;
        uint8 parts;
        uint8 statuses;
        uint32 minEvaluation;
        uint24 maxAge;
        uint16 minIsvSvn;
    }

    event WorkloadRegistered(bytes32 indexed workloadId, Workload workload);
    event WorkloadChanged(bytes32 indexed workloadId, Workload workload);
    /// @param activeAt from when quotes with it are taken
    event MeasurementAdded(bytes32 indexed workloadId, bytes32 indexed measurement, uint256 activeAt);
    event MeasurementRemoved(bytes32 indexed workloadId, bytes32 indexed measurement);

    error UnknownWorkload(bytes32 workloadId);
    error WorkloadExists(bytes32 workloadId);
    error WorkloadIsRevoked(bytes32 workloadId);
    error NotWorkloadOwner(bytes32 workloadId, address caller);
    /// @notice A field of the workload is outside its bounds; see `Workload`.
    error WorkloadFieldOutOfBounds(string field, uint256 value);
    /// @notice A change may only make the workload stricter: fewer statuses, a higher evaluation number, a shorter life.
    error NotTighter();
    /// @notice The workload does not allow this measurement, or not yet.
    error MeasurementNotAllowed(bytes32 measurement, uint256 activeAt);
    error IsvSvnTooLow(uint256 isvSvn, uint256 least);

    /// @notice Registers what may run. By anyone, who becomes its owner unless `workload.owner` says otherwise.
    /// @param measurements as `measurementOf` computes them; allowed at once
    /// @param salt tells apart workloads of one caller
    /// @return workloadId keccak256(abi.encode(caller, salt))
    function registerWorkload(
        Workload calldata workload,
        bytes32[] calldata measurements,
        bytes32 salt
    ) external returns (bytes32 workloadId);

    /// @notice Allows another measurement, a day from now: whoever relies on the workload has that time to leave. By its owner.
    function addMeasurement(bytes32 workloadId, bytes32 measurement) external;

    /// @notice Allows a measurement no more; bindings made with it are ended by `endBinding`. By the workload's owner.
    function removeMeasurement(bytes32 workloadId, bytes32 measurement) external;

    /// @notice Makes a workload stricter, for quotes to come; `endBinding` ends bindings below a new evaluation number. By its owner.
    function tighten(bytes32 workloadId, uint8 statuses, uint32 minEvaluation, uint24 maxAge) external;

    /// @notice Hands the workload over; to address zero for good. By its owner.
    function transferWorkload(bytes32 workloadId, address newOwner) external;

    /// @notice Ends the workload and all bindings to it, for good. By its owner, or by governance.
    function revokeWorkload(bytes32 workloadId) external;

    function workloadOf(bytes32 workloadId) external view returns (Workload memory);

    /// @return activeAt from when the measurement is allowed; zero if it is not
    function measurementActiveAt(bytes32 workloadId, bytes32 measurement) external view returns (uint256 activeAt);

    /// @notice The measurement of a report under a workload's `tee` and `parts`; see `TdReport` and `SgxReport`.
    function measurementOf(bytes calldata signedBody, uint8 parts) external pure returns (bytes32);
}
