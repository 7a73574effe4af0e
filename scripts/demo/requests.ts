import { type Hex, stringToHex, encodeAbiParameters, parseAbi, type TransactionReceipt } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { foldConsumerAbi } from "../../sdk/abi/fold-consumer.ts";
import { rateConsumerAbi } from "../../sdk/abi/rate-consumer.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { inputsRootOf } from "../../sdk/merkle/bundle.ts";
import { type LocalRequest, requestsIn } from "../../deploy/local/committee.ts";
import { type HasArrived, inFoldConsumer, inMendableConsumer, inRateConsumer } from "./arrivals.ts";
import { claimText, faultOfClaim, fileClaim, hasDecided } from "./claim.ts";
import type { FileServer } from "./files.ts";
import { send } from "./send.ts";
import { benchmarkSequence, otherSequences, randomSequences } from "./sequences.ts";
import { type CheatedTask, honestAsk, joinTask, lateNodes, market, otherAsk, type Stage } from "./stage.ts";
import { faultOfFold } from "./verify-fold.ts";
import { faultOfTune, type TuneQuestion } from "./verify-tune.ts";

/** A request that the demo made, and what must become of it. */
export type Asked = LocalRequest & {
  readonly name: string;
  readonly receipt: TransactionReceipt;
  readonly expected: "settled" | "refunded";
  /** Whether a panel must judge it. */
  readonly isJudged: boolean;
  /** What is wrong with the output of item `index` of the bundle, or of the request (index 0); undefined if nothing is. */
  readonly faultOf: (output: Hex, index: number) => string | undefined | Promise<string | undefined>;
  /** Whether the contract that asked was called back with this output; absent where nobody is. */
  readonly hasArrived?: HasArrived;
};

/** As `RequestEscrow.request` takes them, with a consumer's defaults. */
const defaults = {
  units: 400n, // of a million instructions
  maxAsk: otherAsk,
  tip: 20_000n,
  k: 10,
  quorum: 0,
  slot: 0,
  callbackGas: 300_000,
  challengeWindow: 0,
  acceptNoPanel: true,
};

/** Search limit of a residue chain of 18 at most, with room. */
const unitsPerItem = 400n;
const bundleSeed = 2_026;
export const bundleItems = 50;
const challengeWindowS = 6;
/** Long enough to be challenged, by hand or by a watchtower. */
const disputedWindowS = 12;
const sampleCount = 24;
const one = 10n ** 18n;

/** Hourly utilisation that swings around too high a mean. */
const history = Array.from({ length: sampleCount }, (_, hour) => (BigInt(78 + ((hour * 7) % 19)) * one) / 100n);
export const sequencesOfBundle = randomSequences(bundleItems, bundleSeed);

async function asked(
  name: string,
  transaction: Promise<TransactionReceipt>,
  rest: Pick<Asked, "faultOf" | "hasArrived"> & Partial<Pick<Asked, "expected" | "isJudged">>,
): Promise<Asked> {
  const receipt = await transaction;
  const [request] = requestsIn(receipt);
  if (request === undefined) throw new Error(`${name}: the transaction made no request.`);
  return { ...request, name, receipt, expected: "settled", isJudged: false, ...rest };
}

/**
 * The same as the chain tells it now: after a reorganisation, a request has another time, and with it another round and id.
 *
 * @throws Error if its transaction is in no block, or makes no request there
 */
export async function asOfNow({ chain }: World, one: Asked): Promise<Asked> {
  const receipt = await chain.getTransactionReceipt({ hash: one.receipt.transactionHash });
  if (receipt.blockHash === one.receipt.blockHash) return one;
  const [request] = requestsIn(receipt);
  if (request === undefined) throw new Error(`${one.name}: its transaction makes no request on the new branch.`);
  return { ...one, ...request, receipt };
}

function askFold(
  stage: Stage,
  name: string,
  sequence: string,
  changes: object = {},
  rest: Partial<Pick<Asked, "expected" | "isJudged">> = {},
) {
  const { world, tasks, consumers, user } = stage;
  const params = { ...defaults, taskId: Number(tasks.fold), ...changes };
  const call = {
    address: consumers.fold,
    abi: foldConsumerAbi,
    functionName: "ask",
    args: [params, sequence],
  } as const;
  const faultOf = (output: Hex): string | undefined => faultOfFold(sequence, output);
  const hasArrived = inFoldConsumer(consumers.fold, sequence);
  return asked(name, send(world, user, call), { faultOf, hasArrived, ...rest });
}

/** A fold by a committee of ten. */
export const askTen = (stage: Stage) => askFold(stage, "fold", benchmarkSequence);

/** A fold by five nodes, cheap enough to be honest. */
export const askFew = (stage: Stage) =>
  askFold(stage, "fold, five nodes", benchmarkSequence, { k: 5, maxAsk: honestAsk });

/** A fold by all twelve nodes, the silent one and the copier among them. */
export const askAll = (stage: Stage, quorum = 0) =>
  askFold(stage, "fold, whole pool", otherSequences.wholePool, { k: 12, quorum });

/** A fold by one node, cheap enough to be honest, whose word can be challenged before it is paid. */
export const askOne = (stage: Stage) =>
  askFold(stage, "fold, one node", otherSequences.oneNode, {
    k: 1,
    maxAsk: honestAsk,
    challengeWindow: challengeWindowS,
  });

/** A fold for less than any node asks. */
export const askNobody = (stage: Stage) =>
  askFold(stage, "fold, too cheap", benchmarkSequence, { maxAsk: 1 }, { expected: "refunded" });

/** By three nodes, two of which suffice; the result waits for objections before it is paid. */
const byThree = { k: 3, quorum: 2, challengeWindow: disputedWindowS };

/** A fold by the three nodes that serve the task so far, one of which cheats; then others come who can judge. */
async function askCheat(stage: Stage, name: string, task: CheatedTask, isJudged: boolean): Promise<Asked> {
  const changes = { ...byThree, taskId: Number(stage.tasks[task]) };
  const made = await askFold(stage, name, otherSequences[task], changes, { isJudged });
  await joinTask(stage, task, lateNodes(stage));
  return made;
}

/** A fold by two honest nodes and the liar. */
export const askLied = (stage: Stage) => askCheat(stage, "fold, with a liar", "lied", true);

/** A fold by two honest nodes and the equivocator, which needs no panel. */
export const askEquivocated = (stage: Stage) => askCheat(stage, "fold, with an equivocator", "equivocated", false);

/** A fold by three honest nodes, whose right result is challenged. */
export const askChallenged = (stage: Stage) =>
  askFold(
    stage,
    "fold, challenged",
    otherSequences.challenged,
    { ...byThree, taskId: Number(stage.tasks.challenged) },
    { isJudged: true },
  );

/** A fold by one node in a TEE, whose word needs no challenge window: its key is bound to it on chain. */
export async function askAttested(stage: Stage): Promise<Asked> {
  await joinTask(stage, "attested", ({ machine }) => machine !== undefined);
  const changes = { k: 1, taskId: Number(stage.tasks.attested) };
  return askFold(stage, "fold, in a TEE", otherSequences.attested, changes);
}

/** A claim that a model decides: ten nodes ask theirs, and must agree on every token. */
export async function askClaim({ world, user, claims }: Stage): Promise<Asked> {
  if (claims === undefined) throw new Error("There is no model on the stage.");
  const hasArrived: HasArrived = (_, __, output) => hasDecided(claims, world, output);
  const faultOf = (output: Hex): Promise<string | undefined> => faultOfClaim(claims, output);
  return asked(`claim: ${claimText}`, fileClaim(world, user, claims), { faultOf, hasArrived });
}

const mendableAbi = parseAbi([
  "struct RequestParams { uint32 taskId; uint64 units; uint32 maxAsk; uint96 tip; uint8 k; uint8 quorum; uint24 slot; uint24 callbackGas; uint24 challengeWindow; bool acceptNoPanel; }",
  "function ask(RequestParams params, bytes input) returns (bytes32)",
  "function mend()",
]);

/** A fold by the whole pool for a contract that refuses the answer until it is mended. */
export async function askBroken(stage: Stage): Promise<Asked> {
  const { world, tasks, consumers, user } = stage;
  const sequence = otherSequences.refused;
  const params = { ...defaults, taskId: Number(tasks.fold), k: 12 };
  const args = [params, stringToHex(sequence)] as const;
  const transaction = send(world, user, { address: consumers.mendable, abi: mendableAbi, functionName: "ask", args });
  const faultOf = (output: Hex): string | undefined => faultOfFold(sequence, output);
  return asked("fold, refused", transaction, { faultOf, hasArrived: inMendableConsumer(consumers.mendable) });
}

/** Mends the contract that refused. */
export const mend = ({ world, user, consumers }: Stage) =>
  send(world, user, { address: consumers.mendable, abi: mendableAbi, functionName: "mend", args: [] });

/** A better rate curve for the lending market, after a day of its history. */
export async function askTune(stage: Stage): Promise<Asked> {
  const { world, tasks, consumers, keeper } = stage;
  const at = { address: consumers.rate, abi: rateConsumerAbi } as const;
  const { base, slope1, slope2 } = await world.chain.readContract({ ...at, functionName: "curve" });
  const question: TuneQuestion = { ...market, curve: { base, slope1, slope2 }, history };
  const params = { ...defaults, taskId: Number(tasks.tune) };
  const transaction = send(world, keeper, { ...at, functionName: "tune", args: [params] });
  const faultOf = (output: Hex): string | undefined => faultOfTune(question, output);
  return asked("tune", transaction, { faultOf, hasArrived: inRateConsumer(consumers.rate) });
}

/** A day of the market's utilisation, on chain before anything is asked. */
export async function recordHistory({ world, consumers, keeper }: Stage): Promise<void> {
  const at = { address: consumers.rate, abi: rateConsumerAbi } as const;
  for (const sample of history) await send(world, keeper, { ...at, functionName: "recordUtilisation", args: [sample] });
}

/**
 * Fifty folds under one root, asked by a person; the document of the inputs lies at a URI. Its price leaves out the two
 * nodes that would not compute, so that it settles as soon as the ten others have.
 */
export async function askBundle(stage: Stage, files: FileServer): Promise<Asked> {
  const { world, tasks, user } = stage;
  const inputs = sequencesOfBundle.map((sequence) => stringToHex(sequence));
  const document = encodeAbiParameters([{ type: "bytes[]" }], [inputs]);
  const uri = files.put("bundle", Buffer.from(document.slice(2), "hex"));
  const units = unitsPerItem * BigInt(bundleItems);
  const params = { ...defaults, taskId: Number(tasks.bundle), units, maxAsk: honestAsk, callbackGas: 0 };
  const args = [params, bundleItems, inputsRootOf(inputs), uri] as const;
  const at = { address: world.instance.escrow, abi: requestEscrowAbi } as const;
  const transaction = send(world, user, { ...at, functionName: "requestBundle", args });
  const faultOf = (output: Hex, index: number): string | undefined =>
    faultOfFold(sequencesOfBundle[index] ?? "", output);
  return asked("bundle of 50 folds", transaction, { faultOf });
}
