// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Request, Rules, Work, Origin, Terms} from "../types/Request.sol";
import {TaskId} from "../types/Ids.sol";

/// @title What the requester of a signed request signs
library SignedRequests {
    bytes32 internal constant TYPEHASH = keccak256(
        "SignedRequest(address requester,uint256 nonce,uint256 taskId,uint256 snapshotId,uint256 units,uint256 maxAsk,uint256 tip,uint256 k,uint256 quorum,uint256 version,uint256 submittedAt,uint256 round,uint256 items,uint256 flags,uint256 terms,bytes32 inputDigest)"
    );

    /// @notice The EIP-712 struct hash over every field. The fields that a signed request leaves at zero (slot,
    ///         callbackGas, challengeWindow) are checked by the escrow.
    function structHash(Request calldata r) internal pure returns (bytes32 hash) {
        uint256[17] memory words;
        (Origin o, Work w, Rules u) = (r.origin, r.work, r.rules);
        words[0] = uint256(TYPEHASH);
        words[1] = uint160(o.requester());
        words[2] = o.sequence();
        words[3] = TaskId.unwrap(w.taskId());
        words[4] = w.snapshotId();
        words[5] = w.units();
        words[6] = w.maxAsk();
        words[7] = w.tip();
        words[8] = o.k();
        words[9] = o.quorum();
        words[10] = o.version();
        words[11] = u.submittedAt();
        words[12] = u.round();
        words[13] = u.items();
        words[14] = u.flags();
        words[15] = Terms.unwrap(r.terms);
        words[16] = uint256(r.inputDigest);
        assembly ("memory-safe") {
            hash := keccak256(words, 0x220) // 17 words
        }
    }
}
