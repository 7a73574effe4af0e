// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TcbInfoText} from "./TcbInfoText.sol";
import {LevelList} from "./LevelList.sol";
import {Packed} from "./Packed.sol";
import {QeIdentityText} from "./QeIdentityText.sol";
import {TcbStatus} from "./TcbStatus.sol";
import {TdxModuleText} from "./TdxModuleText.sol";

/// @title Finds the TCB status of a platform, a TDX module and a quoting enclave in packed records
/// @notice Intel's rules, as its quote verification library has them (confidential-computing.tee.dcap.qvl,
/// EvaluateTcb.cpp at 58b54c7 and EnclaveReportVerifier.cpp at ed07be6): the first level whose SVNs are all reached
/// gives the status. Where nothing matches the status is 0, and then the evidence has to be refused.
/// @dev Records come from TcbInfoText and QeIdentityText, so that their offsets and counts are right: no read below
/// leaves a record by more than the rest of a word, which is masked away.
library TcbLevels {
    using Packed for bytes;

    /// @dev Every second byte of a word, or of its lower half.
    uint256 private constant EVEN = 0x00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff;
    uint256 private constant EVEN_LOW_HALF = EVEN & type(uint128).max;
    uint256 private constant ODD_LOW_HALF = EVEN_LOW_HALF << 8;
    /// @dev The bit above the byte in each lane of 16 bits.
    uint256 private constant ABOVE = 0x0100010001000100010001000100010001000100010001000100010001000100;
    /// @dev Bytes 0 and 1 of the TDX components, which are the lower half of a word.
    uint256 private constant FIRST_TWO = 0xffff << 112;
    /// @dev What a TDX module's level may say: UpToDate, OutOfDate and Revoked.
    uint256 private constant MODULE_STATUSES =
        (1 << TcbStatus.UP_TO_DATE) | (1 << TcbStatus.OUT_OF_DATE) | (1 << TcbStatus.REVOKED);

    /* PLATFORMS */

    /// @notice Status of an SGX platform.
    /// @param record Of a TCB info for SGX.
    /// @param components The 16 component SVNs of the PCK certificate, component 1 first.
    /// @param pceSvn PCESVN of the PCK certificate.
    function sgxStatus(bytes memory record, bytes16 components, uint256 pceSvn) internal pure returns (uint256) {
        (uint256 place, uint256 count) = _levels(record);
        uint256 platform = _lanes(uint128(components)) | ABOVE;
        unchecked {
            // At most 64 levels of 19 bytes. A lane of `platform` is 256 + its byte, so that the difference to a byte
            // is 1..511: no lane borrows from the next, and bit 8 is left exactly where the platform's byte is not
            // below the level's.
            for (uint256 end = place + count * LevelList.SGX_SIZE; place < end; place += LevelList.SGX_SIZE) {
                uint256 level = record.get(place);
                if ((platform - _lanes(level >> 128)) & ABOVE != ABOVE) continue;
                if (pceSvn >= (level >> 112) & 0xffff) return (level >> 104) & 0xff;
            }
        }
        return TcbStatus.NONE;
    }

    /// @notice Status of a TDX platform, merged with that of its TDX module.
    /// @param record Of a TCB info for TDX.
    /// @param components The 16 component SVNs of the PCK certificate, component 1 first.
    /// @param pceSvn PCESVN of the PCK certificate.
    /// @param teeTcbSvn TEE_TCB_SVN of the quote's body: byte 1 is the module's version, byte 0 its SVN.
    /// @param mrSignerSeam First 32 bytes of MRSIGNERSEAM.
    /// @param mrSignerSeamEnd Last 16 bytes of MRSIGNERSEAM.
    /// @param seamAttributes SEAMATTRIBUTES, in the order of the quote.
    function tdxStatus(
        bytes memory record,
        bytes16 components,
        uint256 pceSvn,
        bytes16 teeTcbSvn,
        bytes32 mrSignerSeam,
        bytes16 mrSignerSeamEnd,
        bytes8 seamAttributes
    ) internal pure returns (uint256) {
        uint256 version = uint8(teeTcbSvn[1]);
        uint256 identity = version == 0 ? 0 : _identity(record, version);
        if (version != 0 && identity == 0) return TcbStatus.NONE;
        uint256 measurement = version == 0 ? TcbInfoText.basePlace(record) : (record.get(identity) >> 224) & 0xffff;
        if (!_isMeasured(record, measurement, mrSignerSeam, mrSignerSeamEnd, seamAttributes)) return TcbStatus.NONE;
        uint256 svns = (uint256(uint128(components)) << 128) | uint128(teeTcbSvn);
        if (version == 0) return _tdxPlatformStatus(record, svns, pceSvn);
        // The module's identity stands for the first two components: with 255 there they are reached in every level.
        uint256 platform = _tdxPlatformStatus(record, svns | FIRST_TWO, pceSvn);
        return merge(platform, _moduleStatus(record, identity, uint8(teeTcbSvn[0])));
    }

    function _tdxPlatformStatus(bytes memory record, uint256 svns, uint256 pceSvn) private pure returns (uint256) {
        (uint256 place, uint256 count) = _levels(record);
        uint256 even = (svns & EVEN) | ABOVE;
        uint256 odd = ((svns >> 8) & EVEN) | ABOVE;
        unchecked {
            // At most 64 levels of 35 bytes; lanes as in `sgxStatus`, once for each half of the 32 bytes.
            for (uint256 end = place + count * LevelList.TDX_SIZE; place < end; place += LevelList.TDX_SIZE) {
                uint256 level = record.get(place);
                if ((even - (level & EVEN)) & (odd - ((level >> 8) & EVEN)) & ABOVE != ABOVE) continue;
                level = record.get(place + 32);
                if (pceSvn >= level >> 240) return (level >> 232) & 0xff;
            }
        }
        return TcbStatus.NONE;
    }

    /// @dev Spreads 16 bytes over 16 lanes of 16 bits; which byte goes to which lane does not matter, but is always the
    /// same.
    function _lanes(uint256 components) private pure returns (uint256) {
        return (components & EVEN_LOW_HALF) | ((components & ODD_LOW_HALF) << 120);
    }

    /// @dev Offset of a platform's levels, and how many there are.
    function _levels(bytes memory record) private pure returns (uint256 place, uint256 count) {
        uint256 header = record.get(0);
        return ((header >> 232) & 0xffff, (header >> 224) & 0xff);
    }

    /* TDX MODULES */

    /// @dev Offset of the identity "TDX_version" in a record; zero if there is none.
    function _identity(bytes memory record, uint256 version) private pure returns (uint256) {
        uint256 header = record.get(0);
        uint256 place = (header >> 192) & 0xffff;
        unchecked {
            for (uint256 left = (header >> 184) & 0xff; left > 0; --left) {
                uint256 identity = record.get(place);
                if (identity >> 248 == version) return place;
                place = (identity >> 208) & 0xffff;
            }
        }
        return 0;
    }

    /// @dev Whether MRSIGNERSEAM and SEAMATTRIBUTES are those of the measurement at `place`.
    function _isMeasured(
        bytes memory record,
        uint256 place,
        bytes32 signer,
        bytes16 signerEnd,
        bytes8 attributes
    ) private pure returns (bool) {
        uint256 rest = record.get(place + 32); // signerEnd 16 | attributes 8 | mask 8
        // Each cast keeps the field that the comment says.
        return
            record.get(place) == uint256(signer) &&
            rest >> 128 == uint128(signerEnd) &&
            uint64(attributes) & uint64(rest) == uint64(rest >> 64);
    }

    /// @dev Status of a module's first level whose SVN is reached. Intel's library refuses other statuses than three of
    /// them.
    function _moduleStatus(bytes memory record, uint256 identity, uint256 svn) private pure returns (uint256 status) {
        uint256 count = (record.get(identity) >> 240) & 0xff;
        status = _enclaveStatus(record, identity + TdxModuleText.IDENTITY_SIZE, count, svn);
        if ((MODULE_STATUSES >> status) & 1 == 0) status = TcbStatus.NONE;
    }

    /* QUOTING ENCLAVES */

    /// @notice Status of a quoting enclave by its report.
    /// @param record Of the identity for the quote's TEE.
    /// @param miscSelect MISCSELECT, in the order of the report.
    /// @param attributes ATTRIBUTES, in the order of the report.
    /// @return status 0 if it is another enclave or no level is reached.
    function qeStatus(
        bytes memory record,
        bytes4 miscSelect,
        bytes16 attributes,
        bytes32 mrSigner,
        uint256 isvProdId,
        uint256 isvSvn
    ) internal pure returns (uint256 status) {
        // STOP 1 | count 1 | misc 4 | mask 4 | attributes 16 | 6 of the next 16; each cast keeps the field that it
        // should.
        uint256 header = record.get(0);
        bool same = uint32(miscSelect) & uint32(header >> 176) == uint32(header >> 208);
        same = same && uint128(attributes) & uint128(record.get(10)) == uint128(header >> 48);
        same = same && record.get(42) == uint256(mrSigner) && record.get(74) >> 240 == isvProdId;
        if (same) status = _enclaveStatus(record, QeIdentityText.HEADER_SIZE, uint8(header >> 240), isvSvn);
    }

    /// @dev Status of the first level, of isvsvn 2 | status 1, whose SVN is reached.
    function _enclaveStatus(
        bytes memory record,
        uint256 place,
        uint256 count,
        uint256 svn
    ) private pure returns (uint256) {
        unchecked {
            // At most 32 levels of 3 bytes.
            for (uint256 end = place + count * LevelList.ENCLAVE_SIZE; place < end; place += LevelList.ENCLAVE_SIZE) {
                uint256 level = record.get(place) >> 232;
                if (svn >= level >> 8) return level & 0xff;
            }
        }
        return TcbStatus.NONE;
    }

    /* MERGING */

    /// @notice Status of a platform together with one of its components, a TDX module or a quoting enclave.
    /// @dev Intel's library: a component that is revoked makes all revoked. One that is not up to date lowers what is
    /// up to date apart from software to OutOfDate, and what needs configuration to OutOfDateConfigurationNeeded. Intel
    /// names UpToDate, OutOfDate and Revoked for components; any other counts as OutOfDate, as in
    /// EnclaveReportVerifier.cpp. (Its EvaluateTcb.cpp lets the others pass without effect; this is the stricter of the
    /// two.)
    /// @param platform 0 stays 0.
    /// @param component 0 gives 0.
    function merge(uint256 platform, uint256 component) internal pure returns (uint256) {
        if (platform == TcbStatus.NONE || component == TcbStatus.NONE) return TcbStatus.NONE;
        if (component == TcbStatus.UP_TO_DATE) return platform;
        if (component == TcbStatus.REVOKED) return TcbStatus.REVOKED;
        if (platform <= TcbStatus.SW_HARDENING_NEEDED) return TcbStatus.OUT_OF_DATE;
        if (platform <= TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED)
            return TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED;
        return platform;
    }
}
