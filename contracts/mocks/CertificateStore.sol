// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IssuerRules} from "../attestation/IssuerRules.sol";
import {Issuers} from "../attestation/Issuers.sol";
import {PckCertificates} from "../attestation/PckCertificates.sol";
import {IIssuers} from "../interfaces/IIssuers.sol";

/// @title Issuers alone, as tests deploy them
contract IssuerStore is Issuers {
    using IssuerRules for IIssuers.Issuer;

    constructor(bytes32 x, bytes32 y, bytes32 name) Issuers(x, y, name) {}

    function requireTcbSigner(bytes32 issuerId) external view {
        _issuerOf(issuerId).requireTcbSigner(issuerId);
    }
}

/// @title PCK certificates alone, whose issuers another contract keeps
contract PckStore is PckCertificates {
    IIssuers private immutable _store;

    constructor(IIssuers store) {
        _store = store;
    }

    function livePck(bytes32 pckId) external view returns (Pck memory) {
        return _livePck(pckId);
    }

    function _isLiveIssuer(bytes32 issuerId) internal view override returns (bool) {
        return _store.isLiveIssuer(issuerId);
    }

    function _issuer(bytes32 issuerId) internal view override returns (IIssuers.Issuer memory) {
        return _store.issuer(issuerId);
    }
}
