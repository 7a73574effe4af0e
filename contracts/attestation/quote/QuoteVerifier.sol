// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDcapCollateral} from "../../interfaces/IDcapCollateral.sol";
import {IQuoteVerifier} from "../../interfaces/IQuoteVerifier.sol";
import {ITcbStore} from "../../interfaces/ITcbStore.sol";
import {PckCertificates} from "../PckCertificates.sol";
import {TcbLevels} from "../tcb/TcbLevels.sol";
import {TcbStatus} from "../tcb/TcbStatus.sol";
import {QuoteHeader} from "./QuoteHeader.sol";
import {SgxReport} from "./SgxReport.sol";
import {TdReport} from "./TdReport.sol";

/// @title Attestation keys, and quotes that they signed
abstract contract QuoteVerifier is PckCertificates, IQuoteVerifier {
    mapping(bytes32 attestationKeyId => bool isRegistered) private _attestationKeys;

    /* ATTESTATION KEYS */

    /// @inheritdoc IQuoteVerifier
    function registerAttestationKey(
        bytes calldata qeReport,
        bytes32 r,
        bytes32 s,
        bytes calldata authData,
        bytes32 keyX,
        bytes32 keyY,
        PckKey calldata pckKey
    ) external returns (bytes32 attestationKeyId) {
        bytes32 pckId = _pckIdOf(pckKey.x, pckKey.y, pckKey.issuerId, pckKey.serial);
        _livePck(pckId);
        SgxReport.check(qeReport);
        bytes32 keyHash = sha256(abi.encodePacked(keyX, keyY, authData));
        bytes calldata reportData = qeReport[SgxReport.REPORT_DATA:];
        require(bytes32(reportData) == keyHash && bytes32(reportData[32:]) == 0, WrongKeyHash());
        require(_isSignature(sha256(qeReport), r, s, pckKey.x, pckKey.y), WrongQeSignature());
        attestationKeyId = _attestationKeyIdOf(keyX, keyY, pckId, SgxReport.facts(qeReport));
        if (_attestationKeys[attestationKeyId]) return attestationKeyId;
        _attestationKeys[attestationKeyId] = true;
        emit AttestationKeyRegistered(attestationKeyId, pckId, keyX, keyY);
    }

    /// @dev What the QE's report said is hashed into the id, so that nothing of it has to be kept.
    function _attestationKeyIdOf(
        bytes32 keyX,
        bytes32 keyY,
        bytes32 pckId,
        QeFacts memory qe
    ) private pure returns (bytes32) {
        return keccak256(abi.encode(keyX, keyY, pckId, qe));
    }

    /// @dev Where issuers and collateral are.
    function _collateral() internal view virtual returns (IDcapCollateral);

    /* QUOTES */

    /// @inheritdoc IQuoteVerifier
    function verifyQuote(Quote calldata quote, uint32 evaluation) external view returns (Verdict memory v) {
        bytes calldata report;
        (v.tee, report) = QuoteHeader.reportOf(quote.signedBody);
        bytes32 keyId = _attestationKeyIdOf(quote.keyX, quote.keyY, quote.pckId, quote.qe);
        require(_attestationKeys[keyId], UnknownAttestationKey(keyId));
        bytes32 hash = sha256(quote.signedBody);
        require(_isSignature(hash, quote.r, quote.s, quote.keyX, quote.keyY), WrongQuoteSignature());

        Pck memory pck = _livePck(quote.pckId);
        (ITcbStore.TcbText memory info, ITcbStore.TcbText memory identity) = _collateral().collateralOf(
            v.tee,
            pck.fmspc,
            evaluation
        );
        require(info.pceId == pck.pceId, WrongPceId(pck.pceId, info.pceId));
        uint256 platform = _platformStatus(v.tee, report, pck, info.record.code);
        uint256 status = TcbLevels.merge(platform, _qeStatus(quote.qe, identity.record.code));
        require(status != TcbStatus.NONE, NoTcbLevel());

        (v.status, v.ppid) = (uint8(status), pck.ppid); // statuses are at most 7
        v.validUntil = _least(pck.notAfter, _least(info.nextUpdate, identity.nextUpdate));
    }

    function _platformStatus(
        uint8 tee,
        bytes calldata report,
        Pck memory pck,
        bytes memory record
    ) private pure returns (uint256) {
        if (tee == QuoteHeader.SGX) {
            SgxReport.check(report);
            return TcbLevels.sgxStatus(record, pck.components, pck.pceSvn);
        }
        TdReport.check(report);
        bytes calldata signer = TdReport.mrSignerSeam(report);
        return
            TcbLevels.tdxStatus(
                record,
                pck.components,
                pck.pceSvn,
                TdReport.tcbSvn(report),
                bytes32(signer),
                bytes16(signer[32:]),
                TdReport.seamAttributes(report)
            );
    }

    function _qeStatus(QeFacts calldata qe, bytes memory record) private pure returns (uint256) {
        return TcbLevels.qeStatus(record, qe.miscSelect, qe.attributes, qe.mrSigner, qe.isvProdId, qe.isvSvn);
    }

    function _least(uint40 a, uint40 b) private pure returns (uint40) {
        return a < b ? a : b;
    }
}
