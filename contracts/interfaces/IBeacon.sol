// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Where a beacon puts the rounds that it has verified
/// @notice Implemented by the contract that pays for requests, so that settlement reads a round from its own storage.
interface IRoundSink {
    /// @notice Stores the word of a round. Only the connected beacon may call.
    /// @dev MUST store `word` unchanged, MUST NOT ever change a stored word, MUST revert or return without effect if the
    /// round is stored already, and MUST announce the stored round in an event. `word` is never zero.
    function recordRound(uint64 round, uint256 word) external;

    /// @notice The word of a round as `recordRound` received it; zero if the round is not stored.
    function roundWord(uint64 round) external view returns (uint256);
}

/// @title Public randomness that nobody can predict or choose
/// @notice A beacon has numbered rounds, from 1. Round r is published at `genesis + (r - 1) * period` by a group of
/// signers, and its randomness is the hash of the group's only possible signature over r.
/// @dev Word of a round: randomness(216) << 40 | postedAt(40). `randomness` is the low 216 bits of sha256(signature);
/// `postedAt` is the block time, in seconds, at which the round was posted.
///
/// Anyone may post a round as soon as its signature is known, also in a block whose clock is behind the round's own time:
/// `postedAt` then is evidence that the chain's clock lags, and it is for the sink's owner to judge what follows.
interface IBeacon {
    /// @notice The sink was set, once and for ever.
    event Connected(address indexed sink);

    /// @notice No round can be posted yet: the deployer has to call `connect` first.
    error NotConnected();
    /// @notice The sink is set already and cannot change: to use another one, deploy another beacon.
    error AlreadyConnected(address sink);
    /// @notice Only the account that deployed the beacon can connect it: send `connect` from `deployer`.
    error NotDeployer(address caller, address deployer);
    /// @notice There is no code at this address: deploy the sink before connecting it.
    error SinkWithoutCode(address sink);
    /// @notice Rounds count from 1: pass the round number that the beacon network published.
    error RoundZero();
    /// @notice The round at this time does not fit uint64: pass a Unix time in seconds, not milliseconds.
    error TimestampTooLarge(uint256 timestamp);
    /// @notice Pass the uncompressed point, 64 bytes: x, then y, both big-endian.
    error SignatureLengthInvalid(uint256 length);
    /// @notice (x, y) is no point of the curve, or a coordinate is not below the field modulus: pass the published bytes.
    error SignatureNotOnCurve(uint256 x, uint256 y);
    /// @notice A point, but not the signature of this beacon's key over this round: check round number and network.
    error SignatureInvalid(uint64 round);
    /// @notice Pass a point of the right subgroup of G2, not infinity, as (x1, x0, y1, y0).
    error PublicKeyInvalid(uint256[4] key);
    /// @notice Genesis (Unix seconds) and period (seconds) have to be at least 1.
    error ScheduleInvalid(uint64 genesis, uint64 period);

    /// @notice Sets where verified rounds go. Only the deployer, only once; afterwards the deployer has no power here.
    function connect(address sink) external;

    /// @notice Verifies a round's signature and hands its word to the sink. Anyone may call, at any time.
    /// @dev A round that the sink knows already is left as it is and the call returns without looking at `signature`.
    /// @param round From 1.
    /// @param signature 64 bytes: the G1 point x || y, big-endian, coordinates below the field modulus.
    function submit(uint64 round, bytes calldata signature) external;

    /// @notice First round published at or after `timestamp` (Unix seconds); 1 for any time up to genesis.
    function roundAt(uint256 timestamp) external view returns (uint64 round);

    /// @notice When `round` is published, in Unix seconds: `genesis + (round - 1) * period`.
    function timeOf(uint64 round) external view returns (uint256 timestamp);

    /// @notice The word that the sink holds for `round`; zero if the round is unknown.
    function word(uint64 round) external view returns (uint256);

    /// @notice Publication time of round 1, in Unix seconds, at least 1.
    function genesis() external view returns (uint64);

    /// @notice Seconds between rounds, at least 1.
    function period() external view returns (uint64);

    /// @notice The key that signs rounds: a G2 point (x1, x0, y1, y0), where x = x0 + x1 * i.
    function publicKey() external view returns (uint256[4] memory);

    /// @notice Where verified rounds go; zero until connected.
    function sink() external view returns (address);

    /// @notice The account that may connect the sink.
    function deployer() external view returns (address);
}
