// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IQuoteVerifier} from "../../interfaces/IQuoteVerifier.sol";

/// @title The report of a TDX virtual machine (TD)
/// @dev Offsets: TEE_TCB_SVN 0 (16), MRSEAM 16 (48), MRSIGNERSEAM 64 (48), SEAMATTRIBUTES 112 (8), TDATTRIBUTES 120 (8),
/// XFAM 128 (8), MRTD 136 (48), MRCONFIGID 184 (48), MROWNER 232 (48), MROWNERCONFIG 280 (48), RTMR0-3 328 (192),
/// REPORTDATA 520 (64); of TDX 1.5 also TEE_TCB_SVN_2 584 (16), MRSERVICETD 600 (48). The caller has checked the length.
library TdReport {
    uint256 internal constant LENGTH = 584;
    uint256 internal constant LENGTH_1_5 = 648;
    uint256 internal constant REPORT_DATA = 520;

    /// @dev Which attributes may be set, as little-endian bytes: ICSSD in byte 2, LASS, SEPT_VE_DISABLE, MIGRATABLE, PKS and KL in
    /// byte 3, TPA and PERFMON in byte 7. Byte 0 is for TDs under debug. Source: Intel TDX Module Base Architecture, "ATTRIBUTES".
    bytes8 private constant KNOWN_ATTRIBUTES = 0x000001f8000000c0;
    /// @dev Who migrates a TD can read it, and a report of TDX 1.0 does not show who that is.
    bytes8 private constant MIGRATABLE = 0x0000002000000000;
    /// @dev A measurement covers MRCONFIGID, RTMR3, MROWNER and MROWNERCONFIG only where asked for.
    uint256 internal constant WITH_CONFIG_ID = 1;
    uint256 internal constant WITH_RTMR3 = 2;
    uint256 internal constant WITH_OWNER = 4;

    /// @notice Reverts for a TD under debug, for attributes that are reserved, and for a TDX module that is not for production.
    function check(bytes calldata report) internal pure {
        bytes8 attributes = bytes8(report[120:]);
        require(bytes1(attributes) == 0, IQuoteVerifier.DebugEnabled());
        bytes8 known = report.length == LENGTH ? KNOWN_ATTRIBUTES & ~MIGRATABLE : KNOWN_ATTRIBUTES;
        require(attributes & ~known == 0, IQuoteVerifier.ReservedBitsSet(120));
        require(seamAttributes(report) == 0, IQuoteVerifier.ReservedBitsSet(112));
    }

    function tcbSvn(bytes calldata report) internal pure returns (bytes16) {
        return bytes16(report);
    }

    /// @return MRSIGNERSEAM: who signed the TDX module
    function mrSignerSeam(bytes calldata report) internal pure returns (bytes calldata) {
        return report[64:112];
    }

    function seamAttributes(bytes calldata report) internal pure returns (bytes8) {
        return bytes8(report[112:]);
    }

    /// @notice What runs in the TD: keccak256 of attributes, XFAM, MRTD, RTMR0-2, then MRCONFIGID, RTMR3, MROWNER and
    ///         MROWNERCONFIG, each as zeros unless asked for, and MRSERVICETD, as zeros where there is none.
    /// @param parts sum of `WITH_...`
    function measurementOf(bytes calldata report, uint256 parts) internal pure returns (bytes32) {
        bytes memory zeros = new bytes(48);
        bytes memory configId = parts & WITH_CONFIG_ID == 0 ? zeros : bytes(report[184:232]);
        bytes memory rtmr3 = parts & WITH_RTMR3 == 0 ? zeros : bytes(report[472:520]);
        bytes memory owner = parts & WITH_OWNER == 0 ? bytes.concat(zeros, zeros) : bytes(report[232:328]);
        bytes memory serviceTd = report.length == LENGTH ? zeros : bytes(report[600:648]);
        return keccak256(bytes.concat("TDX", report[120:184], report[328:472], configId, rtmr3, owner, serviceTd));
    }
}
