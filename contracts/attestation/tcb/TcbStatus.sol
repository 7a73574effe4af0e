// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";

/// @title Status of a TCB level, as numbers: 0 none, 1 to 7 as below
library TcbStatus {
    /// @notice A status that Intel has not defined. `text` is its first 32 bytes.
    error StatusUnknown(bytes32 text);

    uint256 internal constant NONE = 0;
    uint256 internal constant UP_TO_DATE = 1;
    uint256 internal constant SW_HARDENING_NEEDED = 2;
    uint256 internal constant CONFIGURATION_NEEDED = 3;
    uint256 internal constant CONFIGURATION_AND_SW_HARDENING_NEEDED = 4;
    uint256 internal constant OUT_OF_DATE = 5;
    uint256 internal constant OUT_OF_DATE_CONFIGURATION_NEEDED = 6;
    uint256 internal constant REVOKED = 7;

    /// @notice Passes a string that names a status.
    function read(uint256 pos) internal pure returns (uint256 status, uint256 next) {
        bytes32 word;
        uint256 length;
        (word, length, next) = Json.text32(pos);
        if (length <= 32)
            status = _ofWord(word);
            // The only name of more than 32 bytes has 33.
        else if (word == "ConfigurationAndSWHardeningNeede" && length == 33 && Json.peek(pos + 33) == 0x64) {
            status = CONFIGURATION_AND_SW_HARDENING_NEEDED;
        }
        require(status != NONE, StatusUnknown(word));
    }

    function _ofWord(bytes32 word) private pure returns (uint256) {
        if (word == "UpToDate") return UP_TO_DATE;
        if (word == "OutOfDate") return OUT_OF_DATE;
        if (word == "OutOfDateConfigurationNeeded") return OUT_OF_DATE_CONFIGURATION_NEEDED;
        if (word == "SWHardeningNeeded") return SW_HARDENING_NEEDED;
        if (word == "ConfigurationNeeded") return CONFIGURATION_NEEDED;
        if (word == "Revoked") return REVOKED;
        return NONE;
    }
}
