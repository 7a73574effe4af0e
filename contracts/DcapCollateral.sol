// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IssuerRules} from "./attestation/IssuerRules.sol";
import {Issuers} from "./attestation/Issuers.sol";
import {TcbStore} from "./attestation/tcb/TcbStore.sol";
import {IDcapCollateral} from "./interfaces/IDcapCollateral.sol";
import {IIssuers} from "./interfaces/IIssuers.sol";

/// @title What Intel signs about all platforms, down to a root key
/// @notice Anyone posts what is signed; nobody has any power here. Register the issuers first, then post TCB infos and identities.
contract DcapCollateral is Issuers, TcbStore, IDcapCollateral {
    using IssuerRules for IIssuers.Issuer;

    /// @param x of the public key on P-256
    /// @param y of the public key on P-256
    /// @param name keccak256 of the root's DER Name, which certificates hold as their issuer
    struct Root {
        bytes32 x;
        bytes32 y;
        bytes32 name;
    }

    constructor(Root memory pinned) Issuers(pinned.x, pinned.y, pinned.name) {}

    /// @inheritdoc IDcapCollateral
    function collateralOf(
        uint8 tee,
        bytes6 fmspc,
        uint32 evaluationNumber
    ) external view returns (TcbText memory info, TcbText memory identity) {
        info = _currentTcbInfo(tee, fmspc, evaluationNumber);
        identity = _currentQeIdentity(tee, evaluationNumber);
    }

    /// @dev Texts do not say who signed them, so that the revocation of one signer ends all that were issued before.
    function _afterRevocation(IssuerKind kind) internal override {
        if (kind == IssuerKind.TcbSigner) _distrustTexts();
    }

    function _verifyTcbSigner(bytes32 issuerId, bytes32 hash, bytes32 r, bytes32 s) internal view override {
        Issuer memory signer = _issuerOf(issuerId);
        signer.requireTcbSigner(issuerId);
        require(_isSignature(hash, r, s, signer.x, signer.y), NotSignedByIssuer());
    }
}
