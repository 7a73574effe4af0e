// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITcbStore} from "../../interfaces/ITcbStore.sol";
import {SnapshotCode} from "../../libraries/SnapshotCode.sol";
import {QeIdentityText} from "./QeIdentityText.sol";
import {TcbInfoText} from "./TcbInfoText.sol";

/// @title Verifies, parses and keeps Intel's TCB infos and quoting enclave identities
/// @notice To be inherited by the contract that knows certificates.
abstract contract TcbStore is ITcbStore {
    /// @dev Key: evaluationNumber(32) | fmspc(48) | tee(8), from the lowest bit.
    mapping(uint256 key => TcbText text) private _tcbInfos;
    /// @dev Key: evaluationNumber(32) | tee(8), from the lowest bit.
    mapping(uint256 key => TcbText text) private _qeIdentities;

    /// @dev Texts that were issued up to then do not count: one of their signers was revoked at that time.
    uint40 private _distrustedUntil;

    /* POSTING */

    /// @inheritdoc ITcbStore
    function postTcbInfo(bytes calldata text, bytes32 r, bytes32 s, bytes32 issuerId) external {
        _verifyTcbSigner(issuerId, sha256(text), r, s);
        TcbInfoText.TcbInfo memory info = TcbInfoText.parse(text);
        TcbText memory kept = TcbText(info.issueDate, info.nextUpdate, info.pceId, address(0));
        _keep(_tcbInfos[_tcbInfoKey(info.tee, info.fmspc, info.evaluationNumber)], kept, info.record);
        emit TcbInfoPosted(
            info.tee,
            info.fmspc,
            info.evaluationNumber,
            kept.issueDate,
            kept.nextUpdate,
            kept.record,
            issuerId
        );
    }

    /// @inheritdoc ITcbStore
    function postQeIdentity(bytes calldata text, bytes32 r, bytes32 s, bytes32 issuerId) external {
        _verifyTcbSigner(issuerId, sha256(text), r, s);
        QeIdentityText.QeIdentity memory identity = QeIdentityText.parse(text);
        TcbText memory kept = TcbText(identity.issueDate, identity.nextUpdate, 0, address(0));
        _keep(_qeIdentities[_qeIdentityKey(identity.tee, identity.evaluationNumber)], kept, identity.record);
        emit QeIdentityPosted(
            identity.tee,
            identity.evaluationNumber,
            kept.issueDate,
            kept.nextUpdate,
            kept.record,
            issuerId
        );
    }

    /// @dev MUST revert unless (r, s) is a signature over `hash` by the key of the TCB signing certificate `issuerId`,
    /// and that certificate is one that Intel's root stands for now.
    function _verifyTcbSigner(bytes32 issuerId, bytes32 hash, bytes32 r, bytes32 s) internal view virtual;

    /// @dev Stores `text` at `place` and completes it by the address of the record. Intel issues a text anew at least
    /// every month and mostly changes nothing but the dates: the record's contract then stays in use.
    function _keep(TcbText storage place, TcbText memory text, bytes memory record) private {
        TcbText memory earlier = place;
        require(text.issueDate > earlier.issueDate, TcbTextNotNewer(text.issueDate, earlier.issueDate));
        _requireCurrent(text);
        bool same = earlier.record != address(0) && earlier.record.codehash == keccak256(record);
        text.record = same ? earlier.record : SnapshotCode.create(record);
        (place.issueDate, place.nextUpdate) = (text.issueDate, text.nextUpdate);
        (place.pceId, place.record) = (text.pceId, text.record);
    }

    /* READING */

    /// @inheritdoc ITcbStore
    function tcbInfo(uint8 tee, bytes6 fmspc, uint32 evaluationNumber) public view returns (TcbText memory) {
        return _tcbInfos[_tcbInfoKey(tee, fmspc, evaluationNumber)];
    }

    /// @inheritdoc ITcbStore
    function qeIdentity(uint8 tee, uint32 evaluationNumber) public view returns (TcbText memory) {
        return _qeIdentities[_qeIdentityKey(tee, evaluationNumber)];
    }

    /// @dev The TCB info, which has to be there and to count now. Its record is `record.code`.
    function _currentTcbInfo(
        uint8 tee,
        bytes6 fmspc,
        uint32 evaluationNumber
    ) internal view returns (TcbText memory text) {
        text = tcbInfo(tee, fmspc, evaluationNumber);
        require(text.record != address(0), TcbInfoMissing(tee, fmspc, evaluationNumber));
        _requireCurrent(text);
    }

    /// @dev The identity, which has to be there and to count now. Its record is `record.code`.
    function _currentQeIdentity(uint8 tee, uint32 evaluationNumber) internal view returns (TcbText memory text) {
        text = qeIdentity(tee, evaluationNumber);
        require(text.record != address(0), QeIdentityMissing(tee, evaluationNumber));
        _requireCurrent(text);
    }

    function _requireCurrent(TcbText memory text) private view {
        require(
            text.issueDate <= block.timestamp && block.timestamp <= text.nextUpdate,
            TcbTextNotCurrent(text.issueDate, text.nextUpdate, block.timestamp)
        );
        require(text.issueDate > _distrustedUntil, TcbTextDistrusted(text.issueDate, _distrustedUntil));
    }

    /// @dev A signer was revoked: whatever is kept may be its, so that all texts have to be issued anew.
    function _distrustTexts() internal {
        _distrustedUntil = uint40(block.timestamp); // fits until the year 36812
    }

    function _tcbInfoKey(uint8 tee, bytes6 fmspc, uint32 evaluationNumber) private pure returns (uint256) {
        return (uint256(tee) << 80) | (uint256(uint48(fmspc)) << 32) | evaluationNumber;
    }

    function _qeIdentityKey(uint8 tee, uint32 evaluationNumber) private pure returns (uint256) {
        return (uint256(tee) << 32) | evaluationNumber;
    }
}
