// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IRequestEscrow} from "../interfaces/IRequestEscrow.sol";
import {AtomaConsumer} from "./AtomaConsumer.sol";

/// @title Example: a register of protein folds, computed by committees
/// @notice Keeps the best fold known of each chain of H and P residues on the square lattice. A search of millions of steps
///         costs the chain two transactions. Only the operator asks: who chooses the tip spends the contract's money.
contract FoldConsumer is AtomaConsumer {
    /// @param energy minus the number of H-H contacts: lower is better
    /// @param nodes search nodes that were looked at
    /// @param proved whether the search was exhaustive, so that no better fold exists
    /// @param moves one letter (U, D, L, R) per bond
    struct Fold {
        int256 energy;
        uint256 nodes;
        bool proved;
        bytes moves;
    }

    address public immutable operator;

    mapping(bytes32 sequenceHash => Fold fold) private _best;
    mapping(bytes32 requestId => bytes32 sequenceHash) private _asked;

    event FoldAsked(bytes32 indexed requestId, string sequence);
    event FoldFound(bytes32 indexed sequenceHash, int256 energy, bool proved);
    event FoldFailed(bytes32 indexed requestId, uint8 status);

    /// @notice Only the operator asks.
    error OnlyOperator(address caller);

    /// @param operator_ who may spend this contract's balance in the escrow by asking
    constructor(IRequestEscrow escrow_, address operator_) AtomaConsumer(escrow_) {
        operator = operator_;
    }

    /// @notice Asks for a fold, paid from this contract's account. By the operator.
    /// @param sequence 2 to 64 letters H and P, optionally followed by a colon and the number of nodes to search
    function ask(RequestParams memory params, string calldata sequence) external returns (bytes32 requestId) {
        require(msg.sender == operator, OnlyOperator(msg.sender));
        requestId = _ask(params, bytes(sequence));
        _asked[requestId] = keccak256(bytes(sequence));
        emit FoldAsked(requestId, sequence);
    }

    /// @notice The best fold known of a sequence, as asked; no moves if there is none.
    function bestFold(string calldata sequence) external view returns (Fold memory) {
        return _best[keccak256(bytes(sequence))];
    }

    function _onResult(bytes32 requestId, uint8 status, bytes32, bytes calldata output) internal override {
        bytes32 sequenceHash = _asked[requestId];
        delete _asked[requestId];
        if (status != 0) {
            emit FoldFailed(requestId, status);
            return;
        }
        Fold memory fold;
        (fold.energy, fold.nodes, fold.proved, fold.moves) = abi.decode(output, (int256, uint256, bool, bytes));
        Fold storage best = _best[sequenceHash];
        if (best.moves.length != 0 && best.energy <= fold.energy && !fold.proved) return;
        _best[sequenceHash] = fold;
        emit FoldFound(sequenceHash, fold.energy, fold.proved);
    }
}
