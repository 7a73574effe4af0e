// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDisputes} from "../../../contracts/interfaces/IDisputes.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowLanes} from "../../../contracts/interfaces/IEscrowLanes.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {Attestations} from "../../../contracts/libraries/Attestations.sol";
import {PanelHead} from "../../../contracts/types/Docket.sol";
import {Head} from "../../../contracts/types/Head.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {FuzzRequests} from "./FuzzRequests.sol";
import {vm} from "./Vm.sol";

/// @dev Disputes that a committee's own contradictions open, decided by a panel or not. Nobody is punished here: it would
///      empty the pools that everything else draws from.
abstract contract FuzzDisputes is FuzzRequests {
    bytes32 private constant ANOTHER = keccak256("another digest");

    /// @dev A member's signature over a digest, by its current key.
    function _evidence(
        bytes32 id,
        uint256[] memory members,
        uint256 seat,
        bytes32 digest
    ) private view returns (IDisputes.Evidence memory e) {
        (e.seat, e.digest, e.committed, e.commitRoot) = (seat, digest, 1 << seat, keccak256("a root"));
        bytes32 hash = _typed(Attestations.structHash(id, 0, digest, e.committed, e.commitRoot));
        bytes memory signature = _compact(_currentKey(members[seat] >> 32), hash);
        (e.r, e.yParityAndS) = abi.decode(signature, (bytes32, bytes32));
    }

    function _typed(bytes32 structHash) private view returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", escrow.domainSeparator(), structHash));
    }

    /// @dev The last member says something else than what was recorded.
    function _dissent(Request memory r, bytes32 id, Head head) internal {
        uint256[] memory members = _draw(r, id);
        IDisputes.Outcome memory outcome = IDisputes.Outcome(_known[id].digest, head, _known[id].settler);
        IDisputes.Evidence memory e = _evidence(id, members, members.length - 1, ANOTHER);
        bytes memory data = abi.encodeCall(IDisputes.openByDissent, (r, outcome, e));
        _mustExec("Disputes.openByDissent", TREASURY, address(disputes), data);
    }

    /// @dev The panel says nothing, and what follows cannot be helped by anyone.
    function _concludeUndecided(Request memory r, bytes32 id) internal {
        bytes memory data = abi.encodeCall(IDisputes.conclude, (r));
        if (disputes.verdictOf(r).ending == IDisputes.Ending.Pending) {
            _refuse(id, "Disputes.conclude", address(disputes), data);
            uint256 round = _roundOf(id);
            if (escrow.roundWord(uint64(round)) == 0) _post(round);
            vm.warp(block.timestamp + _panelTime(r) + 4 + 1);
        }
        IDisputes.Ending ending = disputes.verdictOf(r).ending;
        _mustExec("Disputes.conclude", TREASURY, address(disputes), data);
        bool isRefunded = ending == IDisputes.Ending.NoFault;
        if (isRefunded != (_known[id].stage == Stage.Ended))
            revert Broken("DSP-1", "its end", uint256(id), uint256(ending));
    }

    function _roundOf(bytes32 id) private view returns (uint256) {
        return (disputes.caseOf(id)[0] >> 32) & 0xffffffff;
    }

    function _panelTime(Request memory r) private pure returns (uint256) {
        return 2 * r.terms.window() > 8 ? 2 * r.terms.window() : 8;
    }

    /// @dev Two members contradict each other. A panel decides for the committee, which then settles, or nothing.
    function dispute(uint256 seed) external step {
        bytes32 id = _ready(seed);
        if (!_canSettle(id) || _known[id].request.origin.k() == 1) return;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, _saidByAll(r, members.length));
        bytes32 digest = _digestOf(r, _saidByAll(r, members.length));
        IDisputes.Evidence memory a = _evidence(id, members, 0, digest);
        bytes memory open = abi.encodeCall(IDisputes.openByConflict, (r, a, _evidence(id, members, 1, ANOTHER)));
        _mustExec("Disputes.openByConflict", requesters[0], address(disputes), open);
        _refuse(id, "Disputes.openByConflict", address(disputes), open);

        bytes memory settle = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        _refuse(id, "settle", address(escrow), settle);
        _refuse(id, "expire", address(escrow), abi.encodeCall(IEscrowLanes.expire, (r)));
        if (seed % 4 == 0) return _concludeUndecided(r, id);
        uint256 round = _roundOf(id);
        if (escrow.roundWord(uint64(round)) == 0) _post(round);
        if (!_decide(r, id, digest)) return _concludeUndecided(r, id);
        vm.warp(block.timestamp + _panelTime(r) + 4 + 1);
        _mustExec("Disputes.conclude", TREASURY, address(disputes), abi.encodeCall(IDisputes.conclude, (r)));
        _mustExec("settle (after a verdict)", requesters[1], address(escrow), settle);
    }

    function _refuse(bytes32 id, string memory name, address target, bytes memory data) private {
        (bool success, ) = _exec(name, TREASURY, target, data);
        if (success) revert Broken("SET-1", "a dispute blocks", uint256(id), 0);
    }

    /// @dev The whole panel attests. False where its round came too late or the pool is too small for it.
    function _decide(Request memory r, bytes32 id, bytes32 digest) private returns (bool) {
        uint256[] memory jurors;
        try disputes.panelOf(r, 1) returns (uint256[] memory drawn) {
            jurors = drawn;
        } catch {
            return false;
        }
        if (jurors.length < 7) return false;
        uint256 all = (1 << jurors.length) - 1;
        bytes memory leaves;
        bytes16 salt = bytes16(id);
        for (uint256 i = 0; i < jurors.length; ++i) {
            leaves = abi.encodePacked(leaves, keccak256(abi.encode(id, uint256(1), digest, jurors[i] >> 32, salt)));
        }
        bytes32 hash = _typed(Attestations.structHash(id, 1, digest, all, keccak256(leaves)));
        bytes memory proof;
        for (uint256 i = 0; i < jurors.length; ++i) {
            proof = abi.encodePacked(proof, _compact(_currentKey(jurors[i] >> 32), hash), salt);
        }
        bytes memory data = abi.encodeCall(IDisputes.decide, (r, 1, digest, PanelHead.wrap((all << 64) | all), proof));
        _mustExec("Disputes.decide", TREASURY, address(disputes), data);
        return true;
    }
}
