// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Head} from "../../../contracts/types/Head.sol";
import {NodeWord} from "../../../contracts/types/NodeWord.sol";
import {Parameters, ParametersWordFields} from "../../../contracts/types/Parameters.sol";
import {SlotWord, SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {TaskWord} from "../../../contracts/types/TaskWord.sol";

/// @notice A no-show takes reputation only, and never more than there is.
contract NoShowTakesReputationOnly {
    function check(uint256 word) external pure {
        (NodeWord before, NodeWord later) = (NodeWord.wrap(word), NodeWord.wrap(word).afterNoShow());
        assert(later.reputation() <= before.reputation());
        assert(later.earnings() == before.earnings() && later.signer() == before.signer());
    }
}

/// @notice A new signer leaves earnings and reputation as they are.
contract SignerIsReplacedAlone {
    function check(uint256 word, address signer) external pure {
        NodeWord later = NodeWord.wrap(word).withSigner(signer);
        assert(later.signer() == signer && later.earnings() == NodeWord.wrap(word).earnings());
    }
}

/// @notice What is put into an ended slot is read from it.
contract EndedSlotKeepsItsFields {
    function check(bytes32 outcome, uint64 leftover, uint32 until) external pure {
        SlotWord slot = SlotWordFields.ended(outcome, leftover, until, SlotWordFields.SETTLED);
        assert(slot.leftover() == leftover && slot.until() == until && slot.state() == SlotWordFields.SETTLED);
    }
}

/// @notice Packed parameters are unpacked as they were.
contract ParametersSurvivePacking {
    function check(Parameters memory p, uint16 version) external pure {
        Parameters memory q = ParametersWordFields.pack(p, version, 1, 1).unpack();
        assert(p.protocolFee == q.protocolFee && p.disputeWindow == q.disputeWindow && p.tipFloor == q.tipFloor);
    }
}

/// @notice Another id changes no other field of a task's word.
contract TaskIdIsReplacedAlone {
    function check(uint256 word, uint32 id) external pure {
        TaskWord later = TaskWord.wrap(word).withId(id);
        assert(later.id() == id && later.count() == TaskWord.wrap(word).count());
    }
}

/// @notice Status, usage and bitmaps of a head do not overlap.
contract HeadHasItsFields {
    function check(uint8 status, uint64 usage, uint32 committed) external pure {
        Head head = Head.wrap((uint256(committed) << 72) | (uint256(usage) << 8) | status);
        assert(head.status() == status && head.usage() == usage && head.committed() == committed);
    }
}
