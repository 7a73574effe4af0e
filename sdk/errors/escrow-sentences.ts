/** What to do about each error of the escrow. `{name}` stands for the error's argument of that name. */
export const escrowSentences = {
  Paused: "New requests are paused until {until} (Unix seconds). Ask again afterwards; open requests go on.",
  SlotBusy:
    "Slot {slot} of {requester} holds another request. Choose a free slot (`freeSlot`) or go round more of them.",
  EmptyRing: "A ring of no slots was given. Go round at least one slot.",
  SnapshotStale:
    "Task {taskId} has no young snapshot (the last is of {publishedAt}). Call `publishSnapshot`; a deprecated or unknown task takes no requests.",
  InvalidCommitteeSize: "A committee has 1 to 21 members, not {k}.",
  InvalidQuorum: "A quorum of {quorum} does not fit {k} members: more than half, at most all. Pass 0 for the default.",
  PoolTooSmall: "The pool has {nodes} eligible nodes for {k} seats. Ask for a smaller committee, or raise maxAsk.",
  PoolTooSmallForPanel:
    "The pool has {nodes} nodes; a panel for a committee of {k} needs k + 7. Set `acceptNoPanel` to go on without judges.",
  NothingAsked: "maxAsk * units is zero. Ask for at least one unit at a price of at least one.",
  CallbackGasTooHigh: "A callback gets at most {most} gas, not {given}. Do less in the callback.",
  InvalidChallengeWindow: "A challenge window lasts at most {most} s, not {given}.",
  ChallengeWindowRequired:
    "A committee of one needs a challenge window, unless the task names a TEE workload. Set one, or ask for more members.",
  TipTooLow: "The tip of {given} is below the floor of {floor} token units. Raise it, or nobody is paid to settle.",
  StakeTooLow: "maxAsk * units is {asked}, and the task's stake covers {maxPay}. Ask for less, or split the request.",
  LockTooLarge: "The request would lock {lock} token units, more than 2^96 - 1. Ask for less.",
  InvalidItems: "A bundle has at least one item and at most one per unit. Raise `units` or send fewer items.",
  UriRequired: "The input is bound by digest only: pass the URI from which members can fetch it.",
  NoSuchPurse: "Purse {purse} does not exist: purses are numbered below 2^33, nonce / 128.",
  NotOpen: "No request with these words is open: it was settled or refunded, or never made.",
  RoundUnknown: "The request's beacon round is not posted. Send its signature along, or wait for the round.",
  ClockLagged: "The round was posted before its own time: the chain's clock lags. The request is refunded; ask again.",
  RoundTooLate: "The round was posted after the timeout. The request is refunded; ask again.",
  DeadlinePassed: "The time to settle is over. The request is refunded once its expire delay is over.",
  CommitteeIncomplete:
    "The draw found too few eligible nodes. The request is refunded; raise maxAsk or ask for a smaller committee.",
  InvalidBitmaps: "A bit is set outside the committee, or for a member that attested and did not commit.",
  QuorumNotReached: "Fewer members attested than the quorum. Collect more attestations over one commit root.",
  InvalidProofLength: "The proof must have 80 bytes per attesting member and 32 per member that only committed.",
  WrongSigner: "A signature is not of the drawn member's key over these words. Check order, digest and commit root.",
  Disputed: "A dispute over the request is open, or was decided for another digest. Wait for its verdict.",
  Overturned: "A panel found another result than this one. It is neither paid nor delivered any more.",
  Undecided: "No panel could decide the dispute. The request is refunded.",
  TooLateToDispute: "The request could be disputed until {until} (Unix seconds).",
  InvalidOutput:
    "The output does not fit its status: too long, not empty for a failure, or not 32 bytes for a hash or a root.",
  NothingSettled: "No item of the batch could be settled. The first: {reason}",
  SettlementRefused: "The request was refused: {reason}",
  PhaseNotOpen: "This phase begins at {opensAt} (Unix seconds). Send it again then.",
  PhaseOver: "This phase ended at {endedAt} (Unix seconds). What was not sent by then does not count.",
  NotSigner: "{caller} is not the signer of node {nodeId}. Send this from the node's signer.",
  AlreadyCommitted: "Node {nodeId} has committed on chain already. Reveal that leaf in the next phase.",
  AlreadyRevealed: "Node {nodeId} has revealed already. Nothing is left to do until the request settles.",
  LeafMismatch:
    "Node {nodeId} did not commit to {leaf}, on chain or under a root that another member attested. Check digest and salt.",
  AlreadyShown: "This attestation of node {nodeId} was shown already.",
  RevealsOpen: "Members can reveal until {until} (Unix seconds). Settle afterwards.",
  NoNoShow: "Member {seat} of request {requestId} is no proven no-show, or more than a day has passed.",
  SlashedToday: "Node {nodeId} was slashed for a no-show less than a day ago. The next can follow at {earliest}.",
  InvalidSignedRequest: "The signed request is not what `request` would have made: check flags, items, slot and round.",
  NotInForce:
    "The signed request names parameters or a snapshot that were not in force when it was made. Sign it again.",
  InvalidRequesterSignature:
    "The signature is not the requester's over this request, or is not of 64 bytes (EIP-2098).",
  NonceUsed: "Nonce {nonce} of {requester} is used: the signed request was settled already. Sign with another nonce.",
  OutcomeUnknown:
    "The slot holds no such outcome. Pass the settlement exactly as it was settled, and the settler as recorded.",
  ChallengeWindowOpen: "The challenge window is open until {until} (Unix seconds). Finalize afterwards.",
  NotExpired: "The request can still be answered. It can be refunded after {earliest} (Unix seconds).",
  InsufficientGas:
    "The callback is owed more gas: {needed} were needed and {gasLeft} left. Send the transaction with more.",
  CallbackReverted: "The callback failed again. Mend the consumer contract, then retry.",
  BundleUnknown:
    "No settled bundle has the id {requestId}, or a verdict found its root wrong. Wait for its settlement, or ask again.",
  InvalidItemProof:
    "The proof does not lead from this item to the bundle's root. Check index, status, usage and output.",
  OnlyFrom: "Only {allowed}, a contract of this instance, may call this.",
  RoundAlreadyRecorded: "Round {round} is recorded, and a recorded round never changes. Nothing is to be done.",
  InsufficientBalance: "The account holds {balance} token units of the {needed} needed. Deposit the difference first.",
  TooFewDecimals: "The payment token has {decimals} decimals, and the escrow needs at least 6. Use another token.",
  ZeroAddress: "The zero address was given. Pass the account that is meant.",
  ExtensionMismatch:
    "The extension was deployed with another configuration than the escrow. Deploy both with the same.",
  TransferMismatch: "The token moved {received} instead of {expected} units. Tokens with transfer fees cannot be used.",
  InvalidReceiver: "{to} cannot receive this: it is the zero address, or the contract itself. Name another account.",
  StillLocked: "The money is locked until {unlockAt} (Unix seconds). Unlock it afterwards.",
  InvalidUnlockTime:
    "The unlock time {given} is outside {earliest}..{latest}. A lock moves later only, at most 365 days ahead.",
  NotOperator: "{caller} is neither owner nor signer of node {nodeId}. Claim with one of these keys.",
  NothingToClaim: "Node {nodeId} has no earnings to claim or withdraw.",
  ClaimPending:
    "Node {nodeId} has a claim that is available from {availableAt} (Unix seconds). Withdraw it first, or wait.",
  PauseTooLong: "A pause until {until} is too long. It can last until {latest} at most.",
  ParameterOutOfBounds: "The parameter {name} is {value}. It must be within {least}..{most}.",
} as const satisfies Readonly<Record<string, string>>;
