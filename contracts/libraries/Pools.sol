// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {NodeId} from "../types/Ids.sol";

/// @title A task's subscribers
/// @notice Active subscriptions lie four to a word, so that publishing reads few words; new ones wait in a queue, oldest
///         first, until their delay is over.
library Pools {
    /// @dev What a snapshot can hold: (24,576 - 33) / 8.
    uint256 internal constant MAX_NODES = 3_067;

    enum Place {
        None,
        Waiting,
        Active
    }

    struct Position {
        Place place;
        uint40 index;
    }

    struct Waiting {
        NodeId nodeId; // zero once the node left
        uint32 ask;
        uint40 activeAt;
    }

    /// @param words four entries to a word, the first in the top 64 bits: nodeId(32) | ask(32)
    struct Pool {
        uint32 count; // active
        uint32 waiting; // in the queue and not gone
        uint40 head; // first of the queue that is not looked at yet
        mapping(uint256 index => uint256 word) words;
        Waiting[] queue;
        mapping(NodeId nodeId => Position position) positions;
    }

    /// @notice Entry of an active subscription: nodeId << 32 | ask.
    function entryAt(Pool storage self, uint256 index) internal view returns (uint256) {
        return uint64(self.words[index >> 2] >> _shiftOf(index)); // the cast takes the entry's own 64 bits
    }

    function enqueue(Pool storage self, NodeId nodeId, uint32 ask, uint40 activeAt) internal {
        self.positions[nodeId] = Position(Place.Waiting, uint40(self.queue.length)); // never 2^40 long
        self.queue.push(Waiting(nodeId, ask, activeAt));
        ++self.waiting;
    }

    /// @notice Makes up to `most` waiting subscriptions active whose time has come.
    function activate(Pool storage self, uint256 most, uint256 timestamp) internal returns (uint256 activated) {
        uint256 head = self.head;
        uint256 end = self.queue.length;
        for (uint256 looked = 0; looked < most && head < end; ++looked) {
            Waiting memory next = self.queue[head];
            if (next.activeAt > timestamp) break;
            delete self.queue[head++];
            if (next.nodeId == NodeId.wrap(0)) continue;
            uint256 index = self.count++;
            _put(self, index, (uint256(NodeId.unwrap(next.nodeId)) << 32) | next.ask);
            self.positions[next.nodeId] = Position(Place.Active, uint40(index));
            --self.waiting;
            ++activated;
        }
        self.head = uint40(head); // never 2^40 long
    }

    function setAsk(Pool storage self, NodeId nodeId, uint32 ask) internal {
        Position memory position = self.positions[nodeId];
        if (position.place == Place.Waiting) self.queue[position.index].ask = ask;
        else _put(self, position.index, (uint256(NodeId.unwrap(nodeId)) << 32) | ask);
    }

    /// @notice Takes a subscriber out; the last active one takes its place.
    function remove(Pool storage self, NodeId nodeId) internal {
        Position memory position = self.positions[nodeId];
        delete self.positions[nodeId];
        if (position.place == Place.Waiting) {
            self.queue[position.index].nodeId = NodeId.wrap(0);
            --self.waiting;
            return;
        }
        uint256 last = --self.count;
        uint256 entry = entryAt(self, last);
        _put(self, last, 0);
        if (position.index == last) return;
        _put(self, position.index, entry);
        self.positions[NodeId.wrap(uint32(entry >> 32))].index = position.index; // upper half of 64 bits
    }

    function askOf(Pool storage self, NodeId nodeId) internal view returns (uint32) {
        Position memory position = self.positions[nodeId];
        if (position.place == Place.None) return 0;
        if (position.place == Place.Waiting) return self.queue[position.index].ask;
        return uint32(entryAt(self, position.index)); // lower half of the entry
    }

    /// @notice A snapshot's code: STOP, header, entries.
    function encode(Pool storage self, uint256 header) internal view returns (bytes memory code) {
        uint256 count = self.count;
        code = new bytes(33 + 32 * ((count + 3) / 4)); // room for whole words
        assembly ("memory-safe") {
            mstore(add(code, 0x21), header) // after the length word and the STOP byte
        }
        for (uint256 i = 0; i < count; i += 4) {
            uint256 word = self.words[i >> 2];
            assembly ("memory-safe") {
                mstore(add(add(code, 0x41), shl(3, i)), word) // within the whole words that were allocated
            }
        }
        assembly ("memory-safe") {
            mstore(code, add(33, shl(3, count))) // the last word's unused entries are cut off
        }
    }

    function _put(Pool storage self, uint256 index, uint256 entry) private {
        uint256 shift = _shiftOf(index);
        uint256 word = self.words[index >> 2];
        self.words[index >> 2] = (word & ~(uint256(type(uint64).max) << shift)) | (entry << shift);
    }

    function _shiftOf(uint256 index) private pure returns (uint256) {
        return 192 - 64 * (index & 3);
    }
}
