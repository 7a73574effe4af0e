// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDcapCollateral} from "./IDcapCollateral.sol";
import {IPckCertificates} from "./IPckCertificates.sol";
import {IQuoteVerifier} from "./IQuoteVerifier.sol";

/// @title Machines' certificates, their attestation keys, and quotes
interface IDcapVerifier is IPckCertificates, IQuoteVerifier {
    /// @return where issuers and collateral are
    function collateral() external view returns (IDcapCollateral);
}
