// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IBeacon} from "../interfaces/IBeacon.sol";
import {IEscrowTypes} from "../interfaces/IEscrowTypes.sol";
import {INodeRegistry} from "../interfaces/INodeRegistry.sol";
import {ITaskRegistry} from "../interfaces/ITaskRegistry.sol";
import {ITeeRegistry} from "../interfaces/ITeeRegistry.sol";
import {ChainWord} from "../types/ChainWord.sol";
import {NodeId, TaskId} from "../types/Ids.sol";
import {NodeWord} from "../types/NodeWord.sol";
import {Parameters, ParametersWord} from "../types/Parameters.sol";
import {SlotWord} from "../types/SlotWord.sol";
import {TaskWord} from "../types/TaskWord.sol";

/// @title All that the escrow stores and knows
/// @notice The core and its extension inherit this one layout; neither declares storage of its own.
/// @dev No sum of balances exceeds 2^128 - 1, because no deposit lets the token balance of the escrow exceed it.
abstract contract EscrowState is IEscrowTypes, AccessManaged {
    /// @param token the payment token, fixed for good
    /// @param teeRegistry says whose evidence is live, for tasks that name a workload
    /// @param authority access manager of the parameters
    struct Config {
        IERC20Metadata token;
        address treasury;
        INodeRegistry nodeRegistry;
        ITaskRegistry taskRegistry;
        IBeacon beacon;
        address disputes;
        ITeeRegistry teeRegistry;
        address authority;
        Parameters parameters;
    }

    uint256 internal constant LOW_128 = type(uint128).max;
    uint256 private constant SEQUENCE_ONE = 1 << 128;
    /// @dev In the outcome of a settled request, in place of a settler that has its tip: the event tells all the rest.
    address internal constant PAID = address(0);
    /// @dev In `_verdicts`: what was settled is not delivered any more.
    uint256 internal constant REVOKED = 1;

    IERC20Metadata internal immutable TOKEN;
    address internal immutable TREASURY;
    INodeRegistry internal immutable NODE_REGISTRY;
    ITaskRegistry internal immutable TASK_REGISTRY;
    address internal immutable BEACON;
    /// @dev The only contract that may keep a request from ending, and say how it ends.
    address internal immutable DISPUTES;
    ITeeRegistry internal immutable TEE_REGISTRY;
    /// @dev First round's time and the time between rounds, in seconds.
    uint256 internal immutable GENESIS;
    uint256 internal immutable PERIOD;
    /// @dev Units of the payment token in a millionth of it.
    uint256 internal immutable MICRO;
    /// @dev Of the first parameters, in seconds: they count in blocks of this chain, which no decision changes.
    uint256 internal immutable LEAST_BEACON_DELAY;
    uint256 internal immutable LEAST_CHAIN_PHASE;

    ParametersWord internal _parameters;
    /// @dev Former sets; their time is when they were replaced.
    mapping(uint256 version => ParametersWord word) internal _formerParameters;
    /// @dev One word per node id, without the hash that a mapping's key costs. Use `_nodeWord` and `_setNodeWord`.
    NodeWord[2 ** 32] internal _nodes;
    /// @dev from(40) << 40 | until(40)
    mapping(uint256 nodeId => mapping(uint256 signer => uint256 period)) internal _formerSigners;
    mapping(TaskId taskId => TaskWord word) internal _tasks;
    mapping(uint256 round => uint256 word) internal _rounds;
    /// @dev By `slotKeyOf(requester, slot)`.
    mapping(uint256 key => SlotWord word) internal _slots;
    /// @dev Of a request that was disputed while open: top 192 bits of the digest that may settle, or zero for any |
    ///      zero(24) | until(40). Zero while nothing is decided. Of a settled one: REVOKED where a verdict found it wrong.
    mapping(bytes32 requestId => uint256 word) internal _verdicts;
    mapping(bytes32 requestId => bytes32 root) internal _roots;
    /// @dev sequence(40) << 128 | balance(128)
    mapping(address account => uint256 word) internal _accounts;
    /// @dev By `purseKeyOf(account, purse)`: usedNonces(128) | unlockAt(32) | amount(96).
    mapping(uint256 key => uint256 word) internal _purses;
    /// @dev royalty(128) << 128 | treasury's share(128)
    mapping(TaskId taskId => uint256 word) internal _fees;
    mapping(bytes32 requestId => mapping(uint256 nodeId => ChainWord word)) internal _chainWords;
    /// @dev Who attested what was shown on chain: keccak256 of node ids and leaves in turn; see `EscrowFallback`.
    mapping(bytes32 requestId => mapping(bytes32 root => uint256 attester)) internal _shownRoots;
    mapping(bytes32 requestId => uint256 word) internal _fallbacks;
    /// @dev By nodeId(32) | taskId(32).
    mapping(uint256 key => uint256 time) internal _lastNoShows;
    /// @dev availableAt(40) << 128 | amount(128)
    mapping(NodeId nodeId => uint256 word) internal _claims;

    constructor(Config memory c) AccessManaged(c.authority) {
        require(address(c.token) != address(0) && c.treasury != address(0) && c.disputes != address(0), ZeroAddress());
        (TOKEN, TREASURY, BEACON) = (c.token, c.treasury, address(c.beacon));
        (NODE_REGISTRY, TASK_REGISTRY, DISPUTES) = (c.nodeRegistry, c.taskRegistry, c.disputes);
        TEE_REGISTRY = c.teeRegistry;
        (GENESIS, PERIOD) = (c.beacon.genesis(), c.beacon.period());
        uint256 decimals = c.token.decimals();
        require(decimals >= 6, TooFewDecimals(decimals));
        MICRO = 10 ** (decimals - 6);
        (LEAST_BEACON_DELAY, LEAST_CHAIN_PHASE) = (c.parameters.beaconDelay, c.parameters.chainPhase);
    }

    /* BALANCES */

    function _credit(address account, uint256 amount) internal {
        if (amount != 0) _accounts[account] += amount; // no sum exceeds 2^128 - 1
    }

    function _debit(address account, uint256 amount) internal {
        uint256 word = _accounts[account];
        require(word & LOW_128 >= amount, InsufficientBalance(account, word & LOW_128, amount));
        _accounts[account] = word - amount;
    }

    /// @dev Takes a request's lock, gives back what its slot still held, and numbers the request.
    function _debitForRequest(address account, uint256 lock, uint256 leftover) internal returns (uint256 sequence) {
        unchecked {
            uint256 word = _accounts[account] + leftover; // no sum exceeds 2^128 - 1
            require(word & LOW_128 >= lock, InsufficientBalance(account, word & LOW_128, lock));
            _accounts[account] = word - lock + SEQUENCE_ONE; // nobody makes 2^40 requests
            return (word >> 128) & type(uint40).max;
        }
    }

    function _addFees(TaskId taskId, uint256 royalty, uint256 treasuryShare) internal {
        unchecked {
            _fees[taskId] += (royalty << 128) | treasuryShare; // no sum of either half exceeds 2^128 - 1
        }
    }

    /* NODES, ROUNDS, PARAMETERS */

    function _nodeWord(uint256 nodeId) internal view returns (NodeWord word) {
        assembly ("memory-safe") {
            word := sload(add(_nodes.slot, nodeId)) // a node id is below 2^32, the array's length
        }
    }

    function _setNodeWord(uint256 nodeId, NodeWord word) internal {
        assembly ("memory-safe") {
            sstore(add(_nodes.slot, nodeId), word) // a node id is below 2^32, the array's length
        }
    }

    function _timeOf(uint256 round) internal view returns (uint256) {
        unchecked {
            return GENESIS + (round - 1) * PERIOD; // rounds count from 1 and are below 2^32, genesis and period below 2^64
        }
    }

    function _roundAt(uint256 timestamp) internal view returns (uint256) {
        unchecked {
            // the beacon refuses a period of zero, and a genesis or period of 2^64 and more
            return timestamp <= GENESIS ? 1 : (timestamp - GENESIS + PERIOD - 1) / PERIOD + 1;
        }
    }

    function _post(RoundSignature[] calldata rounds) internal {
        for (uint256 i = 0; i < rounds.length; ++i) {
            if (_rounds[rounds[i].round] == 0) IBeacon(BEACON).submit(rounds[i].round, rounds[i].signature);
        }
    }

    /// @dev Whether the key was the node's when the request was made, though it is not now. A jailed node has no keys.
    function _wasSigner(uint256 nodeId, uint256 signer, uint256 time) internal view returns (bool) {
        if (_nodeWord(nodeId).signer() == address(0)) return false;
        uint256 period = _formerSigners[nodeId][signer];
        return time >= period >> 40 && time <= period & type(uint40).max; // never for an unknown key: time > 0
    }

    /// @dev The parameters of a version, unless they were replaced by that time; zero then. A signed request may name a
    ///      version that came after its signature: it is the requester's own choice of terms.
    function _parametersAt(uint256 version, uint256 time) internal view returns (ParametersWord) {
        ParametersWord current = _parameters;
        if (version == current.version()) return current;
        ParametersWord former = _formerParameters[version];
        return time < former.time() ? former : ParametersWord.wrap(0);
    }
}
