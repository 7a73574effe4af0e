// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IIssuers} from "../interfaces/IIssuers.sol";
import {ISignedDer} from "../interfaces/ISignedDer.sol";

/// @title Which issuers may vouch for what
library IssuerRules {
    /// @notice Requires an authority of PCK certificates, in force and not revoked.
    function requireAuthority(IIssuers.Issuer memory issuer, bytes32 issuerId) internal view {
        bool isAuthority =
            issuer.kind == IIssuers.IssuerKind.PlatformCa || issuer.kind == IIssuers.IssuerKind.ProcessorCa;
        require(isAuthority, IIssuers.WrongIssuerKind(issuerId, issuer.kind));
        requireLive(issuer, issuerId);
    }

    /// @notice Requires a signer of TCB information, in force and not revoked.
    function requireTcbSigner(IIssuers.Issuer memory issuer, bytes32 issuerId) internal view {
        bool isSigner = issuer.kind == IIssuers.IssuerKind.TcbSigner;
        require(isSigner, IIssuers.WrongIssuerKind(issuerId, issuer.kind));
        requireLive(issuer, issuerId);
    }

    /// @notice Requires an issuer that is in force and not revoked.
    function requireLive(IIssuers.Issuer memory issuer, bytes32 issuerId) internal view {
        require(!issuer.revoked, IIssuers.IssuerIsRevoked(issuerId));
        (uint256 from, uint256 until) = (issuer.notBefore, issuer.notAfter);
        bool isInForce = block.timestamp >= from && block.timestamp <= until;
        require(isInForce, ISignedDer.OutOfItsTime(from, until, block.timestamp));
    }
}
