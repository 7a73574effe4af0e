// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {QeIdentityText} from "../attestation/tcb/QeIdentityText.sol";
import {TcbInfoText} from "../attestation/tcb/TcbInfoText.sol";
import {TcbLevels} from "../attestation/tcb/TcbLevels.sol";
import {TcbStore} from "../attestation/tcb/TcbStore.sol";

/// @title Opens parsing, matching and keeping of Intel's texts to tests, in batches
contract TcbHarness is TcbStore {
    struct Attempt {
        bool parsed;
        bytes answer; // what the parser returned, or its error
        uint256 gasUsed; // by the call, copying of its calldata included
    }

    struct TdxPlatform {
        bytes16 components;
        uint16 pceSvn;
        bytes16 teeTcbSvn;
        bytes32 mrSignerSeam;
        bytes16 mrSignerSeamEnd;
        bytes8 seamAttributes;
    }

    struct QeReport {
        bytes4 miscSelect;
        bytes16 attributes;
        bytes32 mrSigner;
        uint16 isvProdId;
        uint16 isvSvn;
    }

    error SignerUnknown(bytes32 issuerId);
    error SignatureWrong();

    bytes32 private immutable keyX;
    bytes32 private immutable keyY;

    constructor(bytes32 x, bytes32 y) {
        (keyX, keyY) = (x, y);
    }

    /* PARSING */

    function parseTcbInfo(bytes calldata text) external pure returns (TcbInfoText.TcbInfo memory) {
        return TcbInfoText.parse(text);
    }

    function parseQeIdentity(bytes calldata text) external pure returns (QeIdentityText.QeIdentity memory) {
        return QeIdentityText.parse(text);
    }

    function tryTcbInfos(bytes[] calldata texts) external view returns (Attempt[] memory attempts) {
        attempts = new Attempt[](texts.length);
        for (uint256 i = 0; i < texts.length; i++) attempts[i] = _try(abi.encodeCall(this.parseTcbInfo, (texts[i])));
    }

    function tryQeIdentities(bytes[] calldata texts) external view returns (Attempt[] memory attempts) {
        attempts = new Attempt[](texts.length);
        for (uint256 i = 0; i < texts.length; i++) attempts[i] = _try(abi.encodeCall(this.parseQeIdentity, (texts[i])));
    }

    function _try(bytes memory data) private view returns (Attempt memory attempt) {
        uint256 before = gasleft();
        (attempt.parsed, attempt.answer) = address(this).staticcall(data);
        attempt.gasUsed = before - gasleft();
    }

    /* MATCHING */

    function sgxStatuses(
        bytes calldata text,
        bytes16[] calldata components,
        uint16[] calldata pceSvns
    ) external view returns (uint256[] memory statuses, uint256[] memory gasUsed) {
        bytes memory record = TcbInfoText.parse(text).record;
        (statuses, gasUsed) = (new uint256[](components.length), new uint256[](components.length));
        for (uint256 i = 0; i < components.length; i++) {
            gasUsed[i] = gasleft();
            statuses[i] = TcbLevels.sgxStatus(record, components[i], pceSvns[i]);
            gasUsed[i] -= gasleft();
        }
    }

    function tdxStatuses(
        bytes calldata text,
        TdxPlatform[] calldata platforms
    ) external view returns (uint256[] memory statuses, uint256[] memory gasUsed) {
        bytes memory record = TcbInfoText.parse(text).record;
        (statuses, gasUsed) = (new uint256[](platforms.length), new uint256[](platforms.length));
        for (uint256 i = 0; i < platforms.length; i++) {
            TdxPlatform memory platform = platforms[i];
            gasUsed[i] = gasleft();
            statuses[i] = TcbLevels.tdxStatus(
                record,
                platform.components,
                platform.pceSvn,
                platform.teeTcbSvn,
                platform.mrSignerSeam,
                platform.mrSignerSeamEnd,
                platform.seamAttributes
            );
            gasUsed[i] -= gasleft();
        }
    }

    function qeStatuses(
        bytes calldata text,
        QeReport[] calldata reports
    ) external view returns (uint256[] memory statuses, uint256[] memory gasUsed) {
        bytes memory record = QeIdentityText.parse(text).record;
        (statuses, gasUsed) = (new uint256[](reports.length), new uint256[](reports.length));
        for (uint256 i = 0; i < reports.length; i++) {
            QeReport memory report = reports[i];
            gasUsed[i] = gasleft();
            statuses[i] = TcbLevels.qeStatus(
                record,
                report.miscSelect,
                report.attributes,
                report.mrSigner,
                report.isvProdId,
                report.isvSvn
            );
            gasUsed[i] -= gasleft();
        }
    }

    function merge(uint256 platform, uint256 component) external pure returns (uint256) {
        return TcbLevels.merge(platform, component);
    }

    /* KEEPING */

    /// @notice What a contract pays that looks a TCB info up and loads its record.
    function loadTcbInfo(
        uint8 tee,
        bytes6 fmspc,
        uint32 evaluationNumber
    ) external view returns (bytes memory record, uint256 gasUsed) {
        uint256 before = gasleft();
        record = _currentTcbInfo(tee, fmspc, evaluationNumber).record.code;
        gasUsed = before - gasleft();
    }

    /// @notice The same for an identity.
    function loadQeIdentity(
        uint8 tee,
        uint32 evaluationNumber
    ) external view returns (bytes memory record, uint256 gasUsed) {
        uint256 before = gasleft();
        record = _currentQeIdentity(tee, evaluationNumber).record.code;
        gasUsed = before - gasleft();
    }

    /// @dev The issuer 1 has the key of this harness.
    function _verifyTcbSigner(bytes32 issuerId, bytes32 hash, bytes32 r, bytes32 s) internal view override {
        require(issuerId == bytes32(uint256(1)), SignerUnknown(issuerId));
        if (uint256(s) > P256.N / 2) s = bytes32(P256.N - uint256(s)); // OpenZeppelin takes only the smaller one
        require(P256.verify(hash, r, s, keyX, keyY), SignatureWrong());
    }
}
