// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {QuoteVerifier} from "./attestation/quote/QuoteVerifier.sol";
import {IDcapCollateral} from "./interfaces/IDcapCollateral.sol";
import {IDcapVerifier} from "./interfaces/IDcapVerifier.sol";
import {IIssuers} from "./interfaces/IIssuers.sol";

/// @title Intel DCAP evidence, verified on chain
/// @notice Register a machine's PCK certificate, then its attestation key, by `multicall` if you like; then verify its quotes. Nobody
/// has any power here.
contract DcapVerifier is QuoteVerifier, IDcapVerifier, Multicall {
    /// @inheritdoc IDcapVerifier
    IDcapCollateral public immutable collateral;

    constructor(IDcapCollateral collateral_) {
        collateral = collateral_;
    }

    function _issuer(bytes32 issuerId) internal view override returns (IIssuers.Issuer memory) {
        return collateral.issuer(issuerId);
    }

    function _isLiveIssuer(bytes32 issuerId) internal view override returns (bool) {
        return collateral.isLiveIssuer(issuerId);
    }

    function _collateral() internal view override returns (IDcapCollateral) {
        return collateral;
    }
}
