// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {FoldConsumer} from "../../../contracts/consumers/FoldConsumer.sol";
import {RateConsumer} from "../../../contracts/consumers/RateConsumer.sol";
import {IAtomaConsumer} from "../../../contracts/interfaces/IAtomaConsumer.sol";
import {IEscrowCore} from "../../../contracts/interfaces/IEscrowCore.sol";
import {IEscrowTypes} from "../../../contracts/interfaces/IEscrowTypes.sol";
import {Request} from "../../../contracts/types/Request.sol";
import {SlotWordFields} from "../../../contracts/types/SlotWord.sol";
import {FuzzLanes} from "./FuzzLanes.sol";

/// @dev The example consumers: they ask, and are called back with answers and with failures.
abstract contract FuzzConsumers is FuzzLanes {
    uint256 private constant ONE = 1e18;
    uint256 private constant FAILED = 3;

    RateConsumer private _market;
    FoldConsumer private _folds;

    function _openShops() internal {
        RateConsumer.Curve memory curve = RateConsumer.Curve(0.01e18, 0.04e18, 0.6e18);
        bytes memory terms = abi.encode(escrow, requesters[0], 0.8e18, 0.8e18, curve);
        _market = RateConsumer(_create("RateConsumer", terms));
        _folds = FoldConsumer(_create("FoldConsumer", abi.encode(escrow, requesters[1])));
        _know(address(_market));
        _know(address(_folds));
    }

    function _shopParams(uint256 seed, address shop) private returns (IEscrowTypes.RequestParams memory p) {
        _refresh(_servedTask(seed));
        _fund(shop);
        p = _goodParams(seed, requesters[0]);
        (p.k, p.quorum, p.challengeWindow, p.callbackGas) = (3, 2, 0, 1_000_000);
    }

    function recordUtilisation(uint256 seed) external step {
        uint256 utilisation = seed % (ONE + ONE / 8);
        bytes memory data = abi.encodeCall(RateConsumer.recordUtilisation, (utilisation));
        (bool success, ) = _exec("RateConsumer.recordUtilisation", requesters[0], address(_market), data);
        if (success != (utilisation <= ONE)) revert Broken("errors are named", "utilisation", utilisation, 0);
        (success, ) = _exec("another's market", requesters[1], address(_market), data);
        if (success) revert Broken("errors are named", "another's market", utilisation, 0);
    }

    function tune(uint256 seed) external step {
        IEscrowTypes.RequestParams memory p = _shopParams(seed, address(_market));
        bytes memory sample = abi.encodeCall(RateConsumer.recordUtilisation, (seed % ONE));
        _mustExec("RateConsumer.recordUtilisation", requesters[0], address(_market), sample);
        bytes memory data = abi.encodeCall(RateConsumer.tune, (p));
        bytes memory id = _mustExec("RateConsumer.tune", requesters[0], address(_market), data);
        RateConsumer.Curve memory former = _market.curve();
        bytes memory output = abi.encode(seed % ONE, (seed >> 32) % ONE, (seed >> 64) % ONE, seed);
        if (!_answer(abi.decode(id, (bytes32)), seed, output, "RateConsumer.onAtomaResult")) return;
        RateConsumer.Curve memory c = _market.curve();
        _requireNear(c.base, former.base);
        _requireNear(c.slope1, former.slope1);
        _requireNear(c.slope2, former.slope2);
    }

    /// @dev A committee advises, and does not rule.
    function _requireNear(uint256 value, uint256 former) private pure {
        uint256 move = former / 4 > ONE / 100 ? former / 4 : ONE / 100;
        if (value > former + move || value + move < former) revert Broken("SET-1", "the curve's bounds", value, former);
    }

    function askForFold(uint256 seed) external step {
        IEscrowTypes.RequestParams memory p = _shopParams(seed, address(_folds));
        bytes memory data = abi.encodeCall(FoldConsumer.ask, (p, "HPHPPHHPHPPHPHHPPHPH"));
        bytes memory id = _mustExec("FoldConsumer.ask", requesters[1], address(_folds), data);
        bytes memory output = abi.encode(-int256(seed % 10), seed % 1_000, seed % 2 == 0, bytes("RURDRR"));
        _answer(abi.decode(id, (bytes32)), seed, output, "FoldConsumer.onAtomaResult");
    }

    /// @dev Settles with an output, or now and then with a failure. Whether it settled; it is then delivered as well.
    function _answer(bytes32 id, uint256 seed, bytes memory output, string memory name) private returns (bool) {
        _prepare(id);
        if (!_canSettle(id)) return false;
        Request memory r = _known[id].request;
        uint256[] memory members = _draw(r, id);
        Said memory said = _saidByAll(r, members);
        (said.status, said.output) = seed % 4 == 0 ? (FAILED, bytes("")) : (0, output);
        IEscrowTypes.Settlement memory s = _settlement(id, r, members, said);
        bytes memory data = abi.encodeCall(IEscrowCore.settle, (_only(s), new IEscrowTypes.RoundSignature[](0)));
        _mustExec("settle", TREASURY, address(escrow), data);
        uint256 state = escrow.slotOf(r.origin.requester(), r.origin.slot()).state();
        if (state != SlotWordFields.SETTLED) revert Broken("ESC-3", name, uint256(id), state);
        _count(name);
        data = abi.encodeCall(IAtomaConsumer.onAtomaResult, (id, 0, s.request.inputDigest, output));
        (bool success, ) = _exec("a forged result", TREASURY, r.origin.requester(), data);
        if (success) revert Broken("SET-1", "a forged result", uint256(id), 0);
        return true;
    }
}
