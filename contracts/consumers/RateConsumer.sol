// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {AtomaConsumer} from "./AtomaConsumer.sol";

/// @title Example: a lending market whose rate curve a committee tunes
/// @notice The market records its utilisation; now and then it asks a committee for a curve that would have kept
///         utilisation nearer to its target. What comes back is applied within bounds that the contract sets itself: a
///         committee advises, it does not rule. Rates and utilisation are fixed point, 1e18 = 100%.
contract RateConsumer is AtomaConsumer {
    /// @param base rate at zero utilisation, a year
    /// @param slope1 added over the range from zero to the kink
    /// @param slope2 added over the range from the kink to full utilisation
    struct Curve {
        uint256 base;
        uint256 slope1;
        uint256 slope2;
    }

    uint256 private constant ONE = 1e18;
    uint256 private constant MAX_SAMPLES = 48;
    /// @dev A parameter moves by at most a quarter of itself, or by a percentage point if that is more.
    uint256 private constant MOVE_PARTS = 4;
    uint256 private constant LEAST_MOVE = 0.01e18;

    uint256 public immutable targetUtilisation;
    uint256 public immutable kink;
    address public immutable keeper;

    Curve private _curve;
    uint256[] private _history;
    bytes32 private _pending;

    event UtilisationRecorded(uint256 utilisation);
    event TuningAsked(bytes32 indexed requestId, uint256 samples);
    event CurveTuned(bytes32 indexed requestId, Curve curve, uint256 loss);
    event TuningFailed(bytes32 indexed requestId, uint8 status);

    error NotKeeper(address caller);
    error UtilisationTooHigh(uint256 utilisation);
    /// @notice Record utilisation first.
    error NoHistory();

    /// @param keeper_ who records utilisation and asks for tuning: in a real market, its own functions
    constructor(
        IRequestEscrow escrow_,
        address keeper_,
        uint256 target_,
        uint256 kink_,
        Curve memory initial
    ) AtomaConsumer(escrow_) {
        (keeper, targetUtilisation, kink, _curve) = (keeper_, target_, kink_, initial);
    }

    modifier onlyKeeper() {
        require(msg.sender == keeper, NotKeeper(msg.sender));
        _;
    }

    /// @notice Adds a sample of utilisation; the oldest one goes once there are 48.
    function recordUtilisation(uint256 utilisation) external onlyKeeper {
        require(utilisation <= ONE, UtilisationTooHigh(utilisation));
        if (_history.length == MAX_SAMPLES) {
            for (uint256 i = 1; i < MAX_SAMPLES; ++i) _history[i - 1] = _history[i];
            _history.pop();
        }
        _history.push(utilisation);
        emit UtilisationRecorded(utilisation);
    }

    /// @notice Asks for a better curve, paid from this contract's account. A later question replaces one that is open.
    function tune(RequestParams memory params) external onlyKeeper returns (bytes32 requestId) {
        require(_history.length != 0, NoHistory());
        Curve memory c = _curve;
        requestId = _ask(params, abi.encode(targetUtilisation, c.base, c.slope1, c.slope2, kink, _history));
        _pending = requestId;
        emit TuningAsked(requestId, _history.length);
    }

    /// @notice Borrow rate a year at a utilisation.
    function rateAt(uint256 utilisation) external view returns (uint256) {
        Curve memory c = _curve;
        if (utilisation <= kink) return c.base + (c.slope1 * utilisation) / kink;
        return c.base + c.slope1 + (c.slope2 * (utilisation - kink)) / (ONE - kink);
    }

    function curve() external view returns (Curve memory) {
        return _curve;
    }

    function _onResult(bytes32 requestId, uint8 status, bytes32, bytes calldata output) internal override {
        if (requestId != _pending) return;
        delete _pending;
        if (status != 0) {
            emit TuningFailed(requestId, status);
            return;
        }
        (uint256 base, uint256 slope1, uint256 slope2, uint256 loss) = abi.decode(
            output,
            (uint256, uint256, uint256, uint256)
        );
        Curve memory c = _curve;
        _curve = Curve(_within(c.base, base), _within(c.slope1, slope1), _within(c.slope2, slope2));
        emit CurveTuned(requestId, _curve, loss);
    }

    /// @dev The proposed value, held within one move of the current one.
    function _within(uint256 current, uint256 proposed) private pure returns (uint256) {
        uint256 move = current / MOVE_PARTS > LEAST_MOVE ? current / MOVE_PARTS : LEAST_MOVE;
        uint256 least = current > move ? current - move : 0;
        if (proposed < least) return least;
        return proposed > current + move ? current + move : proposed;
    }
}
