/** Gas of one request in another system, by the size of what answers it there. */
export type Peer = {
  readonly name: string;
  /** What is measured, and what the size means there. */
  readonly what: string;
  readonly promises: string;
  readonly leavesOpen: string;
  readonly gas: readonly { readonly k: number; readonly gas: number }[];
};

/** Whole requests of systems that give a contract a result computed off chain. */
export const peers: readonly Peer[] = [
  {
    name: "Ritual Infernet SDK",
    what: "a request and k deliveries by k nodes",
    promises: "each node's output and proof field reach the consumer",
    leavesOpen: "which nodes answer, and whether they agree: the consumer compares k outputs itself",
    gas: [
      { k: 1, gas: 340_685 },
      { k: 5, gas: 847_189 },
      { k: 10, gas: 1_480_319 },
    ],
  },
  {
    name: "iExec PoCo 6.2",
    what: "a matched order and a task with k contributions",
    promises:
      "all parties' orders are matched on chain; contributions are committed, revealed, staked, and weighed by each worker's record",
    leavesOpen: "a scheduler, named in the order, picks the workers and is trusted with that",
    gas: [
      { k: 1, gas: 1_718_086 },
      { k: 5, gas: 3_235_662 },
      { k: 10, gas: 5_123_014 },
    ],
  },
  {
    name: "EigenLayer Hourglass",
    what: "a task in the mailbox and its certificate, ECDSA; k is the whole operator set",
    promises: "a stake-weighted part of the operator set signed the result; stake is restaked ETH and tokens",
    leavesOpen: "who of the set works on a task; disputes and slashing are each service's own affair",
    gas: [
      { k: 1, gas: 770_159 },
      { k: 5, gas: 1_112_565 },
      { k: 10, gas: 1_562_113 },
    ],
  },
  {
    name: "Chainlink Functions",
    what: "a request and its report; k is the number of signatures on it",
    promises:
      "a quorum of one fixed network signed the report, which can answer many requests; billing by subscription",
    leavesOpen: "who is in the network, which its operator decides; nothing in these contracts is staked on an answer",
    gas: [
      { k: 3, gas: 355_757 },
      { k: 7, gas: 384_792 },
      { k: 11, gas: 413_890 },
    ],
  },
];

/** One part of the work in another system beside the same part here. `ours` names a figure, see `partFigures`. */
export type PeerPart = {
  readonly part: string;
  readonly peer: string;
  readonly gas: string;
  readonly ours: string;
  readonly differs: string;
};

export const peerParts: readonly PeerPart[] = [
  {
    part: "request of 32 bytes from a contract",
    peer: "Infernet",
    gas: "196,959 (900,943 for 1 KB)",
    ours: "request",
    differs: "Infernet stores the input; here it is in an event, and its hash binds it",
  },
  {
    part: "request signed off chain, k = 1",
    peer: "Infernet, delegated",
    gas: "290,690",
    ours: "signed.k1",
    differs: "one transaction in both; here it also draws and pays",
  },
  {
    part: "several requests answered at once, each",
    peer: "Chainlink Functions, batch of 5",
    gas: "245,000",
    ours: "bundle50",
    differs:
      "ours is one of a bundle of 50: one task, one requester, one root; outputs are proven against it when used",
  },
  {
    part: "draw of 10 of a pool",
    peer: "Kleros sum trees, 10,000 jurors",
    gas: "438,000 to 519,000",
    ours: "draw",
    differs:
      "Kleros draws by stake, from a tree kept in storage; here each node weighs the same, from a snapshot of up to 3,067",
  },
  {
    part: "round of the beacon",
    peer: "randa-mu bls-bn254",
    gas: "163,700, verification only",
    ours: "beacon",
    differs: "ours is a whole transaction that also stores the round; one serves all requests that wait for it",
  },
  {
    part: "a result paid without a committee",
    peer: "Livepeer ticket",
    gas: "202,647",
    ours: "tee",
    differs:
      "a winning ticket pays for many results at once and none is checked; ours is one request and its settlement by a TEE",
  },
  {
    part: "a result paid without a committee",
    peer: "The Graph voucher",
    gas: "135,467",
    ours: "tee",
    differs: "a voucher pays for many queries at once; no answer is checked when it is redeemed",
  },
  {
    part: "TDX quote, a later one of the same machine",
    peer: "Automata `verifyAndAttestOnChain`",
    gas: "4,000,000, with P256VERIFY",
    ours: "tdx",
    differs:
      "here certificate and attestation key are verified once and kept (that is in `tdx.first`), and TCB levels lie parsed",
  },
  {
    part: "Intel TCB info",
    peer: "Automata upsert",
    gas: "9,000,000",
    ours: "tcb",
    differs:
      "Automata keeps a registry of collateral for everybody; here it is verified, parsed and kept as the few words that this protocol reads",
  },
];
