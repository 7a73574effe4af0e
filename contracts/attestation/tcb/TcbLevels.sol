// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TcbInfoText} from "./TcbInfoText.sol";
import {LevelList} from "./LevelList.sol";
import {QeIdentityText} from "./QeIdentityText.sol";
import {TcbStatus} from "./TcbStatus.sol";
import {TdxModuleText} from "./TdxModuleText.sol";

/// @title Finds the TCB status of a platform, a TDX module and a quoting enclave in packed records
/// @notice Intel's rules, as its quote verification library has them (confidential-computing.tee.dcap.qvl, EvaluateTcb.cpp at
/// 58b54c7 and EnclaveReportVerifier.cpp at ed07be6): the first level whose SVNs are all reached gives the status. Where
/// nothing matches the status is 0, and then the evidence has to be refused.
/// @dev Records come from TcbInfoText and QeIdentityText, so that their offsets and counts are right: no read below leaves a record
/// by more than the rest of a word, which is masked away.
library TcbLevels {
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
        (uint256 from, uint256 count) = _levels(record);
        uint256 platform = _lanes(uint128(components)) | ABOVE;
        unchecked {
            // At most 64 levels of 19 bytes. A lane of `platform` is 256 + its byte, so that the difference to a byte is 1..511:
            // no lane borrows from the next, and bit 8 is left exactly where the platform's byte is not below the level's.
            for (uint256 end = from + count * LevelList.SGX_SIZE; from < end; from += LevelList.SGX_SIZE) {
                uint256 level = _load(from);
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
        uint256 module = version == 0 ? _base(record) : _identity(record, version);
        if (module == 0 || !_isModule(module, mrSignerSeam, mrSignerSeamEnd, seamAttributes)) return TcbStatus.NONE;
        uint256 svns = (uint256(uint128(components)) << 128) | uint128(teeTcbSvn);
        if (version == 0) return _tdxPlatformStatus(record, svns, pceSvn);
        // The module's identity stands for the first two components: with 255 there they are reached in every level.
        uint256 platform = _tdxPlatformStatus(record, svns | FIRST_TWO, pceSvn);
        return merge(platform, _moduleStatus(module, uint8(teeTcbSvn[0])));
    }

    function _tdxPlatformStatus(bytes memory record, uint256 svns, uint256 pceSvn) private pure returns (uint256) {
        (uint256 from, uint256 count) = _levels(record);
        uint256 even = (svns & EVEN) | ABOVE;
        uint256 odd = ((svns >> 8) & EVEN) | ABOVE;
        unchecked {
            // At most 64 levels of 35 bytes; lanes as in `sgxStatus`, once for each half of the 32 bytes.
            for (uint256 end = from + count * LevelList.TDX_SIZE; from < end; from += LevelList.TDX_SIZE) {
                uint256 level = _load(from);
                if ((even - (level & EVEN)) & (odd - ((level >> 8) & EVEN)) & ABOVE != ABOVE) continue;
                level = _load(from + 32);
                if (pceSvn >= level >> 240) return (level >> 232) & 0xff;
            }
        }
        return TcbStatus.NONE;
    }

    /// @dev Spreads 16 bytes over 16 lanes of 16 bits; which byte goes to which lane does not matter, but is always the same.
    function _lanes(uint256 components) private pure returns (uint256) {
        return (components & EVEN_LOW_HALF) | ((components & ODD_LOW_HALF) << 120);
    }

    /* TDX MODULES */

    /// @dev Where the signer of "tdxModule" is: the module of version 0.
    function _base(bytes memory record) private pure returns (uint256 module) {
        unchecked {
            return _at(record, (_load(_at(record, 0)) >> 208) & 0xffff);
        }
    }

    /// @dev Where the signer of the identity "TDX_version" is; zero if there is none.
    function _identity(bytes memory record, uint256 version) private pure returns (uint256) {
        uint256 header = _load(_at(record, 0));
        uint256 place = _at(record, (header >> 192) & 0xffff);
        unchecked {
            // At most 16 identities of at most 162 bytes.
            for (uint256 left = (header >> 184) & 0xff; left > 0; --left) {
                uint256 idAndCount = _load(place) >> 240;
                if (idAndCount >> 8 == version) return place + 2;
                place += TdxModuleText.IDENTITY_SIZE + (idAndCount & 0xff) * LevelList.ENCLAVE_SIZE;
            }
        }
        return 0;
    }

    function _isModule(uint256 module, bytes32 signer, bytes16 signerEnd, bytes8 attributes) private pure returns (bool) {
        unchecked {
            uint256 rest = _load(module + 32); // signerEnd 16 | attributes 8 | mask 8
            return
                _load(module) == uint256(signer) &&
                rest >> 128 == uint128(signerEnd) &&
                uint64(attributes) & uint64(rest) == uint64(rest >> 64);
        }
    }

    /// @dev Status of a module's first level whose SVN is reached. Intel's library refuses other statuses than three of them.
    function _moduleStatus(uint256 module, uint256 svn) private pure returns (uint256 status) {
        unchecked {
            uint256 count = (_load(module - 2) >> 240) & 0xff;
            status = _enclaveStatus(module + TdxModuleText.MODULE_SIZE, count, svn);
            if ((MODULE_STATUSES >> status) & 1 == 0) status = TcbStatus.NONE;
        }
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
        unchecked {
            uint256 start = _at(record, 0);
            uint256 header = _load(start); // STOP 1 | count 1 | misc 4 | mask 4 | attributes 16 | the rest is not used
            bool same = uint32(miscSelect) & uint32(header >> 176) == uint32(header >> 208);
            same = same && uint128(attributes) & uint128(_load(start + 10)) == uint128(header >> 48);
            same = same && _load(start + 42) == uint256(mrSigner) && _load(start + 74) >> 240 == isvProdId;
            if (same) status = _enclaveStatus(start + QeIdentityText.HEADER_SIZE, uint8(header >> 240), isvSvn);
        }
    }

    /// @dev Status of the first level, of isvsvn 2 | status 1, whose SVN is reached. At most 32 levels.
    function _enclaveStatus(uint256 from, uint256 count, uint256 svn) private pure returns (uint256) {
        unchecked {
            for (uint256 end = from + count * LevelList.ENCLAVE_SIZE; from < end; from += LevelList.ENCLAVE_SIZE) {
                uint256 level = _load(from) >> 232;
                if (svn >= level >> 8) return level & 0xff;
            }
        }
        return TcbStatus.NONE;
    }

    /* MERGING */

    /// @notice Status of a platform together with one of its components, a TDX module or a quoting enclave.
    /// @dev Intel's library: a component that is revoked makes all revoked. One that is not up to date lowers what is up to date
    /// apart from software to OutOfDate, and what needs configuration to OutOfDateConfigurationNeeded. Intel names
    /// UpToDate, OutOfDate and Revoked for components; any other counts as OutOfDate, as in EnclaveReportVerifier.cpp. (Its
    /// EvaluateTcb.cpp lets the others pass without effect; this is the stricter of the two.)
    /// @param platform 0 stays 0.
    /// @param component 0 gives 0.
    function merge(uint256 platform, uint256 component) internal pure returns (uint256) {
        if (platform == TcbStatus.NONE || component == TcbStatus.NONE) return TcbStatus.NONE;
        if (component == TcbStatus.UP_TO_DATE) return platform;
        if (component == TcbStatus.REVOKED) return TcbStatus.REVOKED;
        if (platform <= TcbStatus.SW_HARDENING_NEEDED) return TcbStatus.OUT_OF_DATE;
        if (platform <= TcbStatus.CONFIGURATION_AND_SW_HARDENING_NEEDED) return TcbStatus.OUT_OF_DATE_CONFIGURATION_NEEDED;
        return platform;
    }

    /* MEMORY */

    /// @dev Where the levels of a platform are in memory, and how many.
    function _levels(bytes memory record) private pure returns (uint256 from, uint256 count) {
        uint256 header = _load(_at(record, 0));
        from = _at(record, (header >> 232) & 0xffff);
        count = (header >> 224) & 0xff;
    }

    function _at(bytes memory record, uint256 offset) private pure returns (uint256 place) {
        assembly ("memory-safe") {
            place := add(add(record, 0x20), offset)
        }
    }

    function _load(uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(place)
        }
    }
}
