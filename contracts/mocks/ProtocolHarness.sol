// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Attestations} from "../libraries/Attestations.sol";
import {CommitteeDraw} from "../libraries/CommitteeDraw.sol";
import {Payout} from "../libraries/Payout.sol";
import {RequestIds} from "../libraries/RequestIds.sol";
import {SignedRequests} from "../libraries/SignedRequests.sol";
import {SnapshotCode} from "../libraries/SnapshotCode.sol";
import {Head, countBits} from "../types/Head.sol";
import {TaskId} from "../types/Ids.sol";
import {NodeWord} from "../types/NodeWord.sol";
import {Parameters, ParametersWord, ParametersWordFields} from "../types/Parameters.sol";
import {Origin, Request, Rules, Terms, Work} from "../types/Request.sol";
import {SlotWord, SlotWordFields} from "../types/SlotWord.sol";
import {TaskWord} from "../types/TaskWord.sol";

/// @title Opens the protocol's types and libraries to tests, in batches
/// @notice Every batch is a flat list of rows; the results are rows too. A row's columns are named at each function.
contract ProtocolHarness {
    event Published(address snapshot);

    /* REQUESTS */

    /// @return y per request: requester, sequence, slot, version, k, quorum, task, snapshot, units, maxAsk, tip
    function works(Request[] calldata rs) external pure returns (uint256[] memory y) {
        y = new uint256[](rs.length * 11);
        for (uint256 i = 0; i < rs.length; ++i) {
            (Origin o, Work w, uint256 place) = (rs[i].origin, rs[i].work, i * 11);
            (y[place], y[place + 1], y[place + 2]) = (uint160(o.requester()), o.sequence(), o.slot());
            (y[place + 3], y[place + 4], y[place + 5]) = (o.version(), o.k(), o.quorum());
            (y[place + 6], y[place + 7], y[place + 8]) = (TaskId.unwrap(w.taskId()), w.snapshotId(), w.units());
            (y[place + 9], y[place + 10]) = (w.maxAsk(), w.tip());
        }
    }

    /// @return y per request: submittedAt, round, challengeWindow, callbackGas, items, has(flag), royalty, askScale, window,
    ///         maxOutput, protocolFee, beaconDelay, expireDelay, beaconTimeout, disputeWindow, reputationFloor, life, isTee
    function rules(Request[] calldata rs, uint256 flag) external pure returns (uint256[] memory y) {
        y = new uint256[](rs.length * 18);
        for (uint256 i = 0; i < rs.length; ++i) {
            (Rules u, Terms t, uint256 place) = (rs[i].rules, rs[i].terms, i * 18);
            (y[place], y[place + 1], y[place + 2], y[place + 3]) = (
                u.submittedAt(),
                u.round(),
                u.challengeWindow(),
                u.callbackGas()
            );
            (y[place + 4], y[place + 5], y[place + 6]) = (u.items(), u.has(flag) ? 1 : 0, t.royalty());
            (y[place + 7], y[place + 8], y[place + 9], y[place + 10]) = (
                t.askScale(),
                t.window(),
                t.maxOutput(),
                t.protocolFee()
            );
            (y[place + 11], y[place + 12], y[place + 13]) = (t.beaconDelay(), t.expireDelay(), t.beaconTimeout());
            (y[place + 14], y[place + 15], y[place + 16]) = (t.disputeWindow(), t.reputationFloor(), t.life());
            y[place + 17] = t.isTee() ? 1 : 0;
        }
    }

    /// @return y per request: its id, its struct hash as a signed request, its lock, its price per unit of ask
    function prices(
        Request[] calldata rs,
        uint256 chainId,
        address escrow,
        address beacon
    ) external pure returns (uint256[] memory y) {
        y = new uint256[](rs.length * 4);
        for (uint256 i = 0; i < rs.length; ++i) {
            Request memory r = rs[i];
            y[4 * i] = uint256(RequestIds.idOf(r, chainId, escrow, beacon));
            require(RequestIds.idOfShown(rs[i], chainId, escrow, beacon) == bytes32(y[4 * i]));
            y[4 * i + 1] = uint256(SignedRequests.structHash(rs[i]));
            y[4 * i + 2] = Payout.lockUp(r.origin.k(), r.work, r.terms);
            y[4 * i + 3] = Payout.payPerAsk(r.work, r.terms);
        }
    }

    /// @param x amount, basis points
    function shares(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 2);
        for (uint256 i = 0; i < y.length; ++i) y[i] = Payout.shareDown(x[2 * i], x[2 * i + 1]);
    }

    /* WORDS */

    /// @param x heads whose attested members are all committed
    /// @return y status, usage, committed, attested, proof length
    function heads(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length * 5);
        for (uint256 i = 0; i < x.length; ++i) {
            (Head head, uint256 place) = (Head.wrap(x[i]), 5 * i);
            (y[place], y[place + 1], y[place + 2]) = (head.status(), head.usage(), head.committed());
            (y[place + 3], y[place + 4]) = (head.attested(), head.proofLength(countBits(head.attested())));
        }
    }

    function bitCounts(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length);
        for (uint256 i = 0; i < x.length; ++i) y[i] = countBits(x[i]);
    }

    /// @param x node words
    /// @return y signer, earnings, reputation
    function nodes(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length * 3);
        for (uint256 i = 0; i < x.length; ++i) {
            NodeWord word = NodeWord.wrap(x[i]);
            (y[3 * i], y[3 * i + 1], y[3 * i + 2]) = (uint160(word.signer()), word.earnings(), word.reputation());
        }
    }

    /// @param x task word, terms
    /// @return y id, publishedAt, freshFor, count, maxPay, part of the terms, matches(terms)
    function tasks(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[]((x.length / 2) * 7);
        for (uint256 i = 0; i < x.length / 2; ++i) {
            (TaskWord word, uint256 place) = (TaskWord.wrap(x[2 * i]), 7 * i);
            (y[place], y[place + 1], y[place + 2]) = (word.id(), word.publishedAt(), word.freshFor());
            (y[place + 3], y[place + 4], y[place + 5]) = (word.count(), word.maxPay(), word.termsPart());
            y[place + 6] = word.matches(Terms.wrap(x[2 * i + 1])) ? 1 : 0;
        }
    }

    /// @param x slot word, request id or outcome, timestamp
    /// @return y state, until, leftover, holdsOpen, holdsOutcome, isFree
    function slots(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length * 2);
        for (uint256 i = 0; i < x.length / 3; ++i) {
            (SlotWord word, uint256 place) = (SlotWord.wrap(x[3 * i]), 6 * i);
            (y[place], y[place + 1]) = (word.state(), word.until());
            uint256 state = word.state();
            bool isRecorded = state == SlotWordFields.RECORDED || state == SlotWordFields.RECORDED_DISPUTED;
            y[place + 2] = isRecorded ? 0 : word.leftover(); // has none
            y[place + 3] = word.holdsOpen(bytes32(x[3 * i + 1])) ? 1 : 0;
            y[place + 4] = word.holdsOutcome(bytes32(x[3 * i + 1])) ? 1 : 0;
            y[place + 5] = word.isFree(x[3 * i + 2]) ? 1 : 0;
        }
    }

    /// @return y per set: word with the time, part of the terms, version, tip floor, time
    function parameters(
        Parameters[] calldata sets,
        uint256[] calldata versions,
        uint256[] calldata times
    ) external pure returns (uint256[] memory y) {
        y = new uint256[](sets.length * 5);
        for (uint256 i = 0; i < sets.length; ++i) {
            ParametersWord word = ParametersWordFields.pack(sets[i], versions[i], 1, 1).withTime(times[i]);
            (y[5 * i], y[5 * i + 1]) = (ParametersWord.unwrap(word), word.termsPart());
            (y[5 * i + 2], y[5 * i + 3], y[5 * i + 4]) = (word.version(), word.tipFloor(), word.time());
        }
    }

    function unpackParameters(uint256[] calldata x) external pure returns (Parameters[] memory sets) {
        sets = new Parameters[](x.length);
        for (uint256 i = 0; i < x.length; ++i) sets[i] = ParametersWord.wrap(x[i]).unpack();
    }

    /* AGREEMENT */

    /// @param x status, usage, output hash
    function digests(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 3);
        for (uint256 i = 0; i < y.length; ++i) {
            y[i] = uint256(Attestations.digestOf(x[3 * i], x[3 * i + 1], bytes32(x[3 * i + 2])));
        }
    }

    /// @param x request id, level, digest, node id, salt (in the low 128 bits)
    function leaves(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 5);
        for (uint256 i = 0; i < y.length; ++i) {
            uint256[] calldata row = x[5 * i:5 * i + 5];
            bytes16 salt = bytes16(uint128(row[4])); // drops the bits above the salt
            y[i] = uint256(Attestations.leafOf(bytes32(row[0]), row[1], bytes32(row[2]), row[3], salt));
        }
    }

    /// @param x request id, level, digest, committed, commit root
    function attestations(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 5);
        for (uint256 i = 0; i < y.length; ++i) {
            uint256[] calldata row = x[5 * i:5 * i + 5];
            bytes32 hash = Attestations.structHash(bytes32(row[0]), row[1], bytes32(row[2]), row[3], bytes32(row[4]));
            y[i] = uint256(hash);
        }
    }

    /// @param x request id, level, digest, head
    /// @param members per row its committee
    function commitRoots(
        uint256[] calldata x,
        uint256[][] calldata members,
        bytes[] calldata proofs
    ) external pure returns (uint256[] memory y) {
        y = new uint256[](proofs.length);
        for (uint256 i = 0; i < y.length; ++i) {
            uint256[] calldata row = x[4 * i:4 * i + 4];
            Head head = Head.wrap(row[3]);
            require(proofs[i].length == head.proofLength(countBits(head.attested())));
            y[i] = uint256(
                Attestations.commitRoot(bytes32(row[0]), row[1], bytes32(row[2]), members[i], head, proofs[i])
            );
        }
    }

    /// @param x request id, digest, head, settler
    function outcomes(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 4);
        for (uint256 i = 0; i < y.length; ++i) {
            address settler = address(uint160(x[4 * i + 3])); // drops the bits above the address
            Head head = Head.wrap(x[4 * i + 2]);
            y[i] = uint256(RequestIds.outcomeOf(bytes32(x[4 * i]), bytes32(x[4 * i + 1]), head, settler));
        }
    }

    /// @param x hash, r, parity of v and s
    function signers(uint256[] calldata x) external view returns (uint256[] memory y) {
        y = new uint256[](x.length / 3);
        for (uint256 i = 0; i < y.length; ++i) {
            uint256[] calldata row = x[3 * i:3 * i + 3];
            y[i] = uint160(Attestations.recover(bytes32(row[0]), bytes32(row[1]), bytes32(row[2])));
        }
    }

    /* COMMITTEES */

    /// @notice Creates a snapshot for the tests that draw from it.
    function publish(bytes calldata code) external returns (address snapshot) {
        snapshot = SnapshotCode.create(code);
        emit Published(snapshot);
    }

    /// @param x creator, creation nonce
    function snapshotAddresses(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 2);
        for (uint256 i = 0; i < y.length; ++i) {
            address creator = address(uint160(x[2 * i])); // drops the bits above the address
            y[i] = uint160(SnapshotCode.addressOf(creator, x[2 * i + 1]));
        }
    }

    /// @param x randomness, request id, level
    function seeds(uint256[] calldata x) external pure returns (uint256[] memory y) {
        y = new uint256[](x.length / 3);
        for (uint256 i = 0; i < y.length; ++i) {
            y[i] = uint256(CommitteeDraw.seedOf(x[3 * i], bytes32(x[3 * i + 1]), x[3 * i + 2]));
        }
    }

    /// @param x seed, k, maxAsk
    /// @param excluded node ids that no draw of the batch may yield
    /// @return members per row its committee, each nodeId << 32 | ask
    function draws(
        address snapshot,
        uint256[] calldata x,
        uint256[] calldata excluded
    ) external view returns (uint256[][] memory members) {
        uint256 count = SnapshotCode.header(snapshot).count();
        members = new uint256[][](x.length / 3);
        for (uint256 i = 0; i < members.length; ++i) {
            uint256[] calldata row = x[3 * i:3 * i + 3];
            members[i] = CommitteeDraw.draw(snapshot, count, bytes32(row[0]), row[1], row[2], excluded);
        }
    }

    /* BUNDLES */

    /// @return y whether each proof leads from the item's leaf to the root, 1 or 0
    function items(
        bytes32 root,
        uint256[] calldata indices,
        bytes32[] calldata digests_,
        bytes32[][] calldata proofs
    ) external pure returns (uint256[] memory y) {
        y = new uint256[](indices.length);
        for (uint256 i = 0; i < y.length; ++i) {
            bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(indices[i], digests_[i]))));
            y[i] = MerkleProof.verifyCalldata(proofs[i], root, leaf) ? 1 : 0;
        }
    }
}
