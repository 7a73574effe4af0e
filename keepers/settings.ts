/** What can be set, with bounds and defaults. */
import type { Hex } from "viem";
import { z } from "zod";
import { tsmPath } from "./attestation/quotes/tsm.ts";
import { isInstanceName } from "../sdk/client/instances.ts";
import type { Platform } from "./collateral/plan.ts";
import { address, amount, decimal, flag, integer, list, text, url, urls } from "./settings-values.ts";

export const jobNames = ["executor", "settler", "beacon", "janitor", "watchtower", "attest", "collateral"] as const;
export type JobName = (typeof jobNames)[number];

/** Whether a job has this name. */
export const isJobName = (name: string): name is JobName => (jobNames as readonly string[]).includes(name);

const chain = z.strictObject({
  id: integer(1, Number.MAX_SAFE_INTEGER),
  /** The preferred one first. */
  rpcUrls: urls.refine((value) => value.length > 0, "must name at least one URL"),
  /** Where transactions are sent, if not to the first of the others: a private pool. */
  sendUrl: url.optional(),
  /** JSON file with chainId, escrow and startBlock, of one instance or of several by name; or the two below. */
  deploymentFile: text("a path").optional(),
  /** Which of several. */
  instance: z.string().refine(isInstanceName, "must be the name of an instance").optional(),
  escrow: address.optional(),
  startBlock: integer(0, Number.MAX_SAFE_INTEGER).optional(),
  /** The newest block may be this old at the start; 0 does not look. */
  maxHeadAgeS: integer(0, 86_400).default(120),
  /** Blocks until a transaction counts as final. */
  confirmations: integer(1, 256).default(12),
  pollMs: integer(20, 600_000).default(2_000),
  timeoutMs: integer(100, 120_000).default(15_000),
});

const key = z.strictObject({
  keystoreFile: text("a path").optional(),
  passwordFile: text("a path").optional(),
  /** Environment only. */
  privateKey: z
    .string()
    .trim()
    .regex(/^0x[0-9a-fA-F]{64}$/, "must be 0x and 64 hex digits")
    .optional(),
  remoteUrl: url.optional(),
  remotePublicKey: text("64 bytes in hex").optional(),
  /** Sent as Authorization. Environment only. */
  remoteAuthorization: text("text").optional(),
});

const network = z.strictObject({
  host: text("an address to listen on").default("127.0.0.1"),
  port: integer(0, 65_535).default(8_647),
  /** What the node is registered with, if it is to be compared. */
  publicUrl: url.optional(),
  /** Speak to members at private, loopback and link-local addresses too. Private networks only. */
  allowPrivatePeers: flag.default(false),
});

const ops = z.strictObject({
  host: text("an address to listen on").default("127.0.0.1"),
  port: integer(0, 65_535).default(9_464),
  /** Below this balance the keeper is not ready. */
  minBalanceGwei: decimal(0, 1_000_000_000_000).default(1_000_000),
});

const executor = z.strictObject({
  intervalMs: integer(20, 600_000).default(1_000),
  cacheDir: text("a path").default("cache"),
  inputCacheMiB: integer(16, 1_048_576).default(512),
  artifactCacheMiB: integer(16, 1_048_576).default(1_024),
  /** Run WebAssembly tasks; a node that serves models only needs no sandbox. */
  wasm: flag.default(true),
  /** Executions of WebAssembly at the same time. */
  concurrency: integer(1, 256).default(2),
  /** Refuse to start where children cannot be cut off from the network. */
  requireIsolation: flag.default(true),
  /** Fetch inputs and artifacts from private, loopback and link-local addresses too. Private networks only. */
  allowPrivateInputUrls: flag.default(false),
});

const backend = z.strictObject({
  /** With or without /v1. */
  url: url.refine((value) => {
    const { username, password, search } = new URL(value);
    return username === "" && password === "" && search === "";
  }, "must have no user, password or query: name a models.keyFile"),
  /** Requests at the same time. */
  concurrency: integer(1, 1_024).default(4),
});

const model = z.strictObject({
  /** The artifact of the task. */
  manifest: text("a path"),
  /** The model's name at the servers. */
  servedAs: text("the model's name at the servers"),
  backends: z
    .array(backend, "must be a list of servers, each with a url")
    .min(1, "must name at least one server")
    .max(64, "must name at most 64 servers"),
  /** File that holds the servers' API key. */
  keyFile: text("a path").optional(),
  /** One server has so long for one answer. */
  timeoutS: integer(1, 86_400).default(600),
  /** A server may be silent for so long. */
  idleS: integer(1, 3_600).default(60),
  /** A server that answered the manifest's check question is trusted for so long; 0 asks it before every request. */
  checkEveryS: integer(0, 3_600).default(60),
});

const settler = z.strictObject({
  intervalMs: integer(20, 600_000).default(1_000),
  /** Length of one member's turn: a convention of the whole network. */
  turnS: integer(1, 3_600).default(12),
  /** Requests of others are settled from this tip on. A member settles its own committee's at any tip. */
  minTip: amount.default(0n),
  batchMax: integer(1, 200).default(50),
  /** With a quorum in hand, how long to wait for members that committed and have not attested: left out, they are unpaid. */
  graceMs: integer(0, 60_000).default(5_000),
  /** Members of other nodes are asked at most this often for one request. */
  pollPeersMs: integer(50, 600_000).default(3_000),
  peerTimeoutMs: integer(100, 60_000).default(4_000),
  finalize: flag.default(true),
  retryCallbacks: flag.default(true),
  /** First wait before a failed callback is tried again; doubled each time. */
  retryMs: integer(100, 86_400_000).default(60_000),
});

/** Signed requests, and lambdas that run by them. */
const lambdas = z.strictObject({
  /** Take them in: for the committees that this node is drawn into, and from whoever asks here. */
  enabled: flag.default(false),
  /** Longest input. */
  maxInputKiB: integer(1, 256).default(64),
  /** Signed requests that are open at the same time. */
  maxOpen: integer(1, 100_000).default(1_000),
  maxOpenPerRequester: integer(1, 128).default(16),
  /** Longest time that a question is kept open. */
  maxWaitMs: integer(0, 300_000).default(60_000),
});

const beacon = z.strictObject({
  intervalMs: integer(20, 600_000).default(1_000),
  source: z.enum(["drand", "local"], "must be drand or local").default("drand"),
  urls: urls.default(["https://api.drand.sh", "https://drand.cloudflare.com"]),
  chainHash: z
    .string()
    .trim()
    .regex(/^[0-9a-f]{64}$/, "must be 64 hex digits")
    .default("04f1e9062b8a81f848fded9c12306733282b2727ecced50032187751166ec8c3"),
  timeoutMs: integer(100, 60_000).default(5_000),
  /** A private network's own key, decimal or 0x hex, in a file; or, from the environment only, itself. */
  secretKeyFile: text("a path").optional(),
  secretKey: text("a number").optional(),
});

const taskId = z.union([
  z.bigint().positive(),
  z
    .string()
    .trim()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(BigInt),
]);

const janitor = z.strictObject({
  intervalMs: integer(20, 600_000).default(10_000),
  /** Whose snapshots are published: those of tasks that this node serves, all, or these task ids. */
  tasks: z
    .union(
      [z.enum(["subscribed", "all"]), list(taskId, "must be a list of task ids")],
      "must be subscribed, all, or a list of task ids",
    )
    .default("subscribed"),
  /** Publish again at this part of a snapshot's greatest age. */
  snapshotAgeFraction: decimal(0.05, 0.95).default(0.5),
  /** Publish a changed pool at most this often. */
  snapshotMinIntervalS: integer(1, 86_400).default(600),
  expire: flag.default(true),
  finalize: flag.default(true),
  /** Slash members that did nothing on chain though a quorum could. */
  noShows: flag.default(true),
  /** Claim and withdraw this node's earnings. */
  earnings: flag.default(false),
  /** Claim from this amount on. */
  earningsMin: amount.default(1n),
});

const watchtower = z.strictObject({
  intervalMs: integer(20, 600_000).default(10_000),
  /** Ended requests whose members are asked for what they hold, in one pass; 0 asks nobody. Beside an executor or a settler nobody is asked. */
  sample: integer(0, 1_000).default(32),
  /** Share of others' results that are computed again; 0 computes none, and needs no sandbox. */
  reexecute: decimal(0, 1).default(0.05),
  /** Open disputes where members contradict each other or the result. Takes no bond. */
  open: flag.default(true),
  /** Most that is put up, from the key's account in the escrow, against one result that came out otherwise here; 0 only reports it. */
  maxBond: amount.default(0n),
  /** Tasks over whose results bonds are put up: whoever owns most of a task's nodes owns its panels. */
  bondTasks: list(taskId, "must be a list of task ids").default([]),
  /** Take open disputes to their end, which nobody pays for. */
  disputes: flag.default(true),
  peerTimeoutMs: integer(100, 60_000).default(4_000),
});

const workloadId = z
  .string("must be a workload id: 0x and 64 hex digits")
  .trim()
  .regex(/^0x[0-9a-fA-F]{64}$/, "must be a workload id: 0x and 64 hex digits")
  .transform((value) => value.toLowerCase() as Hex);

const attest = z.strictObject({
  intervalMs: integer(20, 3_600_000).default(30_000),
  /** Who makes quotes: the kernel of a TDX guest, or, for private networks without TEEs, the seed below. */
  provider: z.enum(["tsm", "dev"], "must be tsm or dev").default("tsm"),
  /** Where the kernel's reports are. */
  tsmPath: text("a path").default(tsmPath),
  /** Workloads to serve besides those of the tasks that the node subscribes to. */
  workloads: list(workloadId, "must be a list of workload ids").default([]),
  /** The node to attest for, where the key is not its signer yet. */
  nodeId: integer(1, 4_294_967_295).optional(),
  /** The X25519 key that inputs are sealed to; made where there is none. It must not leave the TEE. */
  hpkeKeyFile: text("a path").optional(),
  /** Bind anew when no more than this part of the workload's greatest age is left. */
  renewAt: decimal(0.05, 0.9).default(0.33),
  /** Of a private network: who knows it can forge all of its evidence. */
  devSeed: text("text").optional(),
  /** Of this node in a private network. */
  devMachine: text("text").optional(),
});

const platformText = /^(sgx|tdx):([0-9a-f]{12}):(platform|processor)$/;
const platformMessage = "must be a list such as tdx:90c06f000000:platform";
const platform = z
  .string(platformMessage)
  .trim()
  .toLowerCase()
  .regex(platformText, platformMessage)
  .transform((value): Platform => {
    const [tee, fmspc, ca] = value.split(":");
    return {
      tee: tee === "sgx" ? "SGX" : "TDX",
      fmspc: `0x${fmspc}`,
      ca: ca === "processor" ? "processor" : "platform",
    };
  });

const collateral = z.strictObject({
  intervalMs: integer(20, 86_400_000).default(60_000),
  /** Intel's service, or a caching one that speaks its protocol. */
  baseUrl: url.optional(),
  /** The root CA's revocation list, where the service above does not have it. */
  rootCrlUrl: url.optional(),
  /** How long what the service said is good for. */
  freshMs: integer(0, 86_400_000).default(3_600_000),
  /** Intel gives operators longer to update under standard than under early. */
  evaluation: z.enum(["standard", "early"], "must be standard or early").default("standard"),
  /** Platforms whose texts are kept fresh besides those of machines whose bound keys serve a task. */
  platforms: list(platform, platformMessage).default([]),
  /** Texts that end so soon are posted anew. */
  renewBeforeS: integer(3_600, 2_592_000).default(604_800),
  /** Prove what Intel's lists revoke. */
  revoke: flag.default(true),
});

/** A setting in gwei, as wei. */
export const weiOfGwei = (gwei: number): bigint => BigInt(Math.round(gwei * 1_000_000_000));

/** Gwei for a unit of gas, of what keepers and the command line send. */
export const defaultMaxFeeGwei = 500;

const fees = z.strictObject({
  maxFeeGwei: decimal(0.000_001, 1_000_000).default(defaultMaxFeeGwei),
  gasCap: integer(21_000, 1_000_000_000).default(16_777_216),
  maxInFlight: integer(1, 1_000).default(32),
  replaceAfterMs: integer(500, 3_600_000).default(45_000),
  /** A node forgets what a reorganisation, or a full pool, took from it before it was seen mined. */
  rebroadcastAfterMs: integer(500, 3_600_000).default(10_000),
});

/** The whole of it. */
export const settingsSchema = z.strictObject({
  jobs: list(z.enum(jobNames, `must be of ${jobNames.join(", ")}`), `must be a list of ${jobNames.join(", ")}`).refine(
    (value) => value.length > 0,
    "must name at least one job",
  ),
  chain,
  store: z.strictObject({ path: text("a path") }),
  key: key.default({}),
  network: network.prefault({}),
  ops: ops.prefault({}),
  log: z.strictObject({ level: z.enum(["debug", "info", "warn", "error", "silent"]).default("info") }).prefault({}),
  executor: executor.prefault({}),
  models: z.array(model, "must be a list, in the file of settings").max(64, "must be at most 64").default([]),
  settler: settler.prefault({}),
  lambdas: lambdas.prefault({}),
  beacon: beacon.prefault({}),
  janitor: janitor.prefault({}),
  watchtower: watchtower.prefault({}),
  attest: attest.prefault({}),
  collateral: collateral.prefault({}),
  fees: fees.prefault({}),
  once: z.strictObject({ waitMs: integer(0, 3_600_000).default(60_000) }).prefault({}),
});

/** Settings with every default filled in. */
export type Settings = z.output<typeof settingsSchema>;
/** Settings as they may be written. */
export type SettingsInput = z.input<typeof settingsSchema>;

/** Settings that are secrets: never from a file of settings. */
export const secretPaths: readonly (readonly [section: "key" | "beacon", name: string])[] = [
  ["key", "privateKey"],
  ["key", "remoteAuthorization"],
  ["beacon", "secretKey"],
];

/** Settings that are paths of each item of a list, relative to the file of settings. */
export const listFilePaths: readonly (readonly [section: string, name: string])[] = [
  ["models", "manifest"],
  ["models", "keyFile"],
];

/** Settings that are paths, relative to the file of settings. */
export const filePaths: readonly (readonly [section: string, name: string])[] = [
  ["chain", "deploymentFile"],
  ["store", "path"],
  ["key", "keystoreFile"],
  ["key", "passwordFile"],
  ["executor", "cacheDir"],
  ["beacon", "secretKeyFile"],
  ["attest", "hpkeKeyFile"],
];
