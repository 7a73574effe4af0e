// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Json} from "./Json.sol";
import {LevelText} from "./LevelText.sol";
import {Packed} from "./Packed.sol";

/// @title Packs lists of TCB levels
/// @notice Levels keep the order of the text, in which the first match counts. Layouts, in bytes: SGX platform:
/// components 16 | pcesvn 2 | status 1; TDX platform: components 16 | tdx components 16 | pcesvn 2 | status 1; quoting
/// enclave or TDX module: isvsvn 2 | status 1.
library LevelList {
    using Packed for bytes;

    /// @notice A list has more levels than this contract can hold.
    error TooManyLevels(uint256 most);
    /// @notice Some of the levels have TDX components and some have none.
    error LevelsMixed();

    uint256 internal constant MAX_PLATFORM_LEVELS = 64;
    uint256 internal constant MAX_ENCLAVE_LEVELS = 32;
    uint256 internal constant SGX_SIZE = 19;
    uint256 internal constant TDX_SIZE = 35;
    uint256 internal constant ENCLAVE_SIZE = 3;

    /// @notice Passes the levels of a platform and appends them: at most 64 * 35 bytes.
    /// @return count 1..64
    /// @return isTdx Whether every level has TDX components; otherwise none has.
    function appendPlatform(
        bytes memory packed,
        uint256 pos
    ) internal pure returns (uint256 count, bool isTdx, uint256) {
        LevelText.Level memory level;
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        while (more) {
            require(count < MAX_PLATFORM_LEVELS, TooManyLevels(MAX_PLATFORM_LEVELS));
            pos = LevelText.read(pos, level);
            bool levelIsTdx = level.seen == LevelText.TDX_LEVEL;
            require(levelIsTdx || level.seen == LevelText.SGX_LEVEL, LevelText.LevelKeysWrong(level.seen));
            if (count == 0) isTdx = levelIsTdx;
            require(isTdx == levelIsTdx, LevelsMixed());
            _append(packed, level, isTdx);
            unchecked {
                ++count; // at most 64
            }
            (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
        }
        return (count, isTdx, pos);
    }

    /// @notice Passes the levels of a quoting enclave or TDX module and appends them: at most 32 * 3 bytes.
    /// @return count 1..32
    function appendEnclave(bytes memory packed, uint256 pos) internal pure returns (uint256 count, uint256) {
        LevelText.Level memory level;
        bool more = true;
        pos = Json.expect(pos, Json.OPEN_ARRAY);
        while (more) {
            require(count < MAX_ENCLAVE_LEVELS, TooManyLevels(MAX_ENCLAVE_LEVELS));
            pos = LevelText.read(pos, level);
            require(level.seen == LevelText.ENCLAVE_LEVEL, LevelText.LevelKeysWrong(level.seen));
            packed.append((level.svn << 8) | level.status, ENCLAVE_SIZE);
            unchecked {
                ++count; // at most 32
            }
            (more, pos) = Json.more(pos, Json.CLOSE_ARRAY);
        }
        return (count, pos);
    }

    function _append(bytes memory packed, LevelText.Level memory level, bool isTdx) private pure {
        packed.append(level.sgx, 16);
        if (isTdx) packed.append(level.tdx, 16);
        packed.append((level.svn << 8) | level.status, 3);
    }
}
