// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EscrowSettlement} from "../escrow/EscrowSettlement.sol";
import {EscrowState} from "../escrow/EscrowState.sol";
import {NodeWord} from "../types/NodeWord.sol";
import {Request} from "../types/Request.sol";

/// @title Opens the escrow's rules of settlement to tests, in batches
contract SettlementHarness is EscrowSettlement {
    /// @dev A payment: members as drawn (nodeId << 32 | ask) and their node words before it.
    struct Payment {
        Request request;
        uint256[] members;
        uint256[] words;
        uint256 attested;
        address settler;
        bool scored;
    }

    constructor(Config memory c) EscrowState(c) {}

    /// @return y per payment: cost, tip owed to the settler, royalty, treasury's share, then the members' words after it
    function pay(Payment[] calldata payments) external returns (uint256[][] memory y) {
        y = new uint256[][](payments.length);
        for (uint256 i = 0; i < payments.length; ++i) y[i] = _payOne(payments[i]);
    }

    function _payOne(Payment calldata p) private returns (uint256[] memory y) {
        uint256 seats = p.members.length;
        y = new uint256[](4 + seats);
        for (uint256 i = 0; i < seats; ++i) _setNodeWord(p.members[i] >> 32, NodeWord.wrap(p.words[i]));
        _fees[p.request.work.taskId()] = 0;
        (y[0], y[1]) = _pay(p.request, p.members, p.attested, p.settler, p.scored);
        uint256 fees = _fees[p.request.work.taskId()];
        (y[2], y[3]) = (fees >> 128, fees & LOW_128);
        for (uint256 i = 0; i < seats; ++i) y[4 + i] = NodeWord.unwrap(_nodeWord(p.members[i] >> 32));
    }

    /// @return y per settlement: selector of the error or zero, digest
    function digests(Settlement[] calldata settlements) external pure returns (uint256[] memory y) {
        y = new uint256[](2 * settlements.length);
        for (uint256 i = 0; i < settlements.length; ++i) {
            (bytes4 reason, bytes32 digest) = _digestOf(settlements[i]);
            (y[2 * i], y[2 * i + 1]) = (uint32(reason), uint256(digest));
        }
    }

    /// @param words the word of each request's round
    /// @return y per request: selector of the error or zero, deadline, then the members
    function committees(Request[] calldata rs, uint256[] calldata words) external returns (uint256[][] memory y) {
        y = new uint256[][](rs.length);
        for (uint256 i = 0; i < rs.length; ++i) {
            _rounds[rs[i].rules.round()] = words[i];
            (bytes4 reason, uint256 deadline, uint256[] memory members) = _committee(rs[i], _idOf(rs[i]));
            y[i] = new uint256[](2 + members.length);
            (y[i][0], y[i][1]) = (uint32(reason), deadline);
            for (uint256 j = 0; j < members.length; ++j) y[i][2 + j] = members[j];
        }
    }

    function roundTimes(uint256[] calldata rounds) external view returns (uint256[] memory y) {
        y = new uint256[](rounds.length);
        for (uint256 i = 0; i < y.length; ++i) y[i] = _timeOf(rounds[i]);
    }

    function roundsAt(uint256[] calldata timestamps) external view returns (uint256[] memory y) {
        y = new uint256[](timestamps.length);
        for (uint256 i = 0; i < y.length; ++i) y[i] = _roundAt(timestamps[i]);
    }

    /// @param x struct hashes
    /// @return y what is signed for each
    function typedHashes(bytes32[] calldata x) external view returns (uint256[] memory y) {
        y = new uint256[](x.length);
        for (uint256 i = 0; i < y.length; ++i) y[i] = uint256(_hashTypedDataV4(x[i]));
    }

    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }
}
