// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEscrowSigned} from "../interfaces/IEscrowSigned.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {CommitteeShape} from "../libraries/CommitteeShape.sol";
import {SignedRequests} from "../libraries/SignedRequests.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";
import {TaskId} from "../types/Ids.sol";
import {ParametersWord} from "../types/Parameters.sol";
import {
    FLAG_BUNDLE,
    FLAG_INPUT_BY_URI,
    FLAG_SIGNED,
    Origin,
    Request,
    Rules,
    Terms,
    purseKeyOf
} from "../types/Request.sol";
import {TaskWord} from "../types/TaskWord.sol";
import {EscrowSettlement} from "./EscrowSettlement.sol";

/// @title Requests that their requesters sign off chain
abstract contract EscrowSigned is EscrowSettlement, IEscrowSigned {
    /// @inheritdoc IEscrowSigned
    function settleSigned(
        Settlement calldata s,
        bytes calldata requesterSignature,
        RoundSignature[] calldata rounds
    ) external {
        _post(rounds);
        _checkSigned(s.request);
        _checkRequester(s.request, requesterSignature);
        bytes32 requestId = _idOf(s.request);
        (bytes4 reason, bytes32 digest, uint256[] memory members) = _agreed(s, requestId, false);
        require(reason == OK, SettlementRefused(reason));
        (uint256 cost, uint256 tip) = _pay(s.request, members, s.head.attested(), msg.sender, false);
        _spend(s.request.origin, cost);
        _credit(msg.sender, tip);
        emit Settled(requestId, digest, s.head);
    }

    /// @dev What `request` would have made of it: values in force, a snapshot fresh at the time, the round that follows.
    function _checkSigned(Request calldata r) private view {
        (Rules rules, Terms terms) = (r.rules, r.terms);
        uint256 submittedAt = rules.submittedAt();
        uint256 flags = rules.flags();
        unchecked {
            // no field that a signed request leaves at zero, no unknown flag, nothing above the words' fields
            bool isPlain =
                Rules.unwrap(rules) >> 160 == 0 &&
                    (Rules.unwrap(rules) >> 40) & type(uint48).max == 0 &&
                    r.origin.slot() == 0 &&
                    flags < 2 * FLAG_INPUT_BY_URI &&
                    Terms.unwrap(terms) >> 248 == 0;
            bool hasItems = flags & FLAG_BUNDLE != 0 ? rules.items() != 0 : rules.items() == 1;
            bool isBound = rules.round() == _roundAt(submittedAt + terms.beaconDelay());
            require(flags & FLAG_SIGNED != 0 && isPlain && hasItems && isBound, InvalidSignedRequest());

            TaskWord header = SnapshotCode.header(SnapshotCode.addressOf(address(TASK_REGISTRY), r.work.snapshotId()));
            ParametersWord parameters_ = _parametersAt(r.origin.version(), submittedAt);
            uint256 publishedAt = header.publishedAt();
            bool isOfTask = header.id() == TaskId.unwrap(r.work.taskId()) && header.matches(terms);
            bool isFresh = submittedAt >= publishedAt && submittedAt <= publishedAt + header.freshFor();
            bool hasTerms = Terms.unwrap(terms) & ((1 << 168) - 1) == parameters_.termsPart();
            require(isOfTask && isFresh && hasTerms && parameters_.version() != 0, NotInForce());
            uint256 asked = r.work.maxAsk() * r.work.units(); // below 2^96
            uint256 quorum = CommitteeShape.check(r.origin.k(), r.origin.quorum(), asked, header, flags);
            require(quorum == r.origin.quorum(), InvalidQuorum(0, r.origin.k()));
        }
    }

    function _checkRequester(Request calldata r, bytes calldata signature) private view {
        require(signature.length == 64, InvalidRequesterSignature());
        bytes32 hash = _hashTypedDataV4(SignedRequests.structHash(r));
        address signer = Attestations.recover(hash, bytes32(signature[:32]), bytes32(signature[32:]));
        require(signer != address(0) && signer == r.origin.requester(), InvalidRequesterSignature());
    }

    /// @dev Pays from the purse that the nonce belongs to, and uses the nonce up: one storage word for both.
    function _spend(Origin origin, uint256 cost) private {
        (address requester, uint256 nonce) = (origin.requester(), origin.sequence());
        uint256 key = purseKeyOf(requester, nonce >> 7);
        uint256 word = _purses[key];
        uint256 bit = 1 << (128 + (nonce & 127));
        require(word & bit == 0, NonceUsed(requester, nonce));
        uint256 amount = word & type(uint96).max;
        require(amount >= cost, InsufficientBalance(requester, amount, cost));
        unchecked {
            _purses[key] = (word | bit) - cost; // the amount is in the lowest bits
        }
    }
}
