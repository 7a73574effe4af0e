import { makeWorld, type World } from "../../deploy/local/world.ts";
import { committeeOf } from "../../deploy/local/committee.ts";
import { makePeerClient } from "../../keepers/network/client.ts";
import { makeHttp } from "../../keepers/network/http.ts";
import type { Act, Script } from "./acts.ts";
import { type Cast, type CastOptions, startCast } from "./cast.ts";
import type { LocalChain } from "./chain.ts";
import { type CopierDeps, runCopier, type TrickReport } from "./copier.ts";
import { beaconSecret } from "./keeper.ts";
import { claimAll, payOutAll, readNodes } from "./earnings.ts";
import { type FileServer, startFileServer } from "./files.ts";
import type { Story } from "./follow.ts";
import { countMoney } from "./money.ts";
import { readEnds } from "./once.ts";
import type { Model } from "./model.ts";
import { namesOf } from "./names.ts";
import type { Outcome } from "./outcome.ts";
import { type Progress, waitFor } from "./progress.ts";
import { repliesLine, trickLine } from "./report.ts";
import { type Asked, asOfNow, recordHistory } from "./requests.ts";
import { storeFaults } from "./stores.ts";
import { setStage, type Stage } from "./stage.ts";
import { boundNodes } from "./tee.ts";
import { verifyAnswer, type Verification } from "./verify.ts";
import { runEquivocator } from "./villains.ts";
import { areJudged, haveComputed, makeTeller, makeWindow, talkLine, type Window } from "./watch.ts";

export type DemoDeps = CastOptions & {
  readonly progress: Progress;
  /** Just started. */
  readonly chain: LocalChain;
  readonly script: Script;
  readonly signal: AbortSignal;
  /** Is asked, too, where there is one. */
  readonly model?: Model | undefined;
  /** Executions of all nodes so far, to be told while they work. */
  readonly computed?: () => number;
  /** Whatever must be undone at the end, in reverse order; also when the demo fails. */
  readonly cleanUp: (undo: () => Promise<void> | void) => void;
};

/** A network that is up, and what came out of the requests that were made of it. */
export type Demo = {
  readonly chain: LocalChain;
  readonly stage: Stage;
  readonly cast: Cast;
  readonly outcome: Outcome;
};

const requestsMs = 120_000;
const tricksMs = 30_000;

/** Runs the network, makes the requests and counts what came out. Leaves everything running. */
export async function runDemo(deps: DemoDeps): Promise<Demo> {
  const { progress, chain, signal, cleanUp } = deps;
  const startedMs = Date.now();
  const { files, stage } = await openStage(deps);
  const { world } = stage;
  signal.throwIfAborted();
  progress.step("The nodes' keepers start; ten are honest, four are not");
  const cast = await startCast({ stage, rpcUrl: chain.url, ...deps });
  cleanUp(cast.stop);
  signal.throwIfAborted();
  const fromBlock = await world.chain.getBlockNumber();
  await chain.tick();
  const http = makeHttp({ allowPrivate: true });
  cleanUp(http.close);
  const client = makePeerClient({ http });
  const window = makeWindow(client, cast.endpoints);
  const tricks = startTalkers(stage, { ...deps, client, fromBlock, ownEndpoint: cast.endpointOf("copier") });

  const { asked, story } = await askAndWait({ ...deps, stage, files, window, fromBlock });
  await waitFor({ progress, signal, what: "the copier's tricks", timeoutMs: tricksMs, look: tricks.areDone });

  progress.step("Every answer is checked");
  const verifications = await verifyAll(world, window, asked, story);
  const ends = await readEnds(world);
  const faultsOfStores = await storeFaults({ world, nodes: stage.nodes, ...deps });
  const counted = await settleAccounts(stage, { progress, signal });
  const committees = new Map(
    await Promise.all(asked.map(async (one) => [one.requestId, await committeeOf(world, one)] as const)),
  );
  const tookMs = Date.now() - startedMs;
  const inTees = new Set(await boundNodes(stage));
  const told = { asked, story, committees, verifications, tricks: tricks.reports, named: namesOf(stage), inTees };
  const reorganisations = deps.script.reorganisations ?? [];
  const seen = { ends, reorganisations, storeFaults: faultsOfStores };
  const outcome = { ...told, ...counted, ...seen, modelTask: stage.claims?.task, tookMs };
  return { chain, stage, cast, outcome };
}

async function openStage({ progress, chain, model, cleanUp }: DemoDeps): Promise<{ files: FileServer; stage: Stage }> {
  progress.step(`The contracts are deployed on ${chain.client}`);
  const files = await startFileServer();
  cleanUp(files.close);
  const world = await makeWorld(chain.connection, { beaconSecret });
  progress.note(`escrow ${world.instance.escrow} behind ${chain.url}`);
  progress.step("Tasks, fourteen nodes with stake, and consumer contracts are registered");
  const stage = await setStage(world, files, model);
  await recordHistory(stage);
  return { files, stage };
}

type CopierInput = Pick<DemoDeps, "progress" | "script" | "signal"> &
  Pick<CopierDeps, "client" | "fromBlock" | "ownEndpoint">;

/** Those who say on purpose what they should not. */
function startTalkers(stage: Stage, input: CopierInput): ReturnType<typeof startCopier> {
  if (input.script.tricks === 0) return { reports: [], areDone: () => Promise.resolve(true) };
  startEquivocator(stage, input);
  return startCopier(stage, input);
}

function startCopier(stage: Stage, { progress, script, signal, ...rest }: CopierInput) {
  const node = stage.nodes.find(({ role }) => role === "copier");
  if (node === undefined) throw new Error("There is no copier on the stage.");
  const reports: TrickReport[] = [];
  const failures: unknown[] = [];
  const report = (one: TrickReport): void => {
    reports.push(one);
    progress.note(trickLine(one));
  };
  const failed = (error: unknown): void => void (signal.aborted || failures.push(error));
  void runCopier({ ...rest, world: stage.world, node, signal, report, failed }).catch(failed);
  const areDone = (): Promise<true | undefined> => {
    if (failures.length > 0) throw new Error("The copier failed.", { cause: failures[0] });
    return Promise.resolve(reports.length >= script.tricks ? true : undefined);
  };
  return { reports, areDone };
}

function startEquivocator(
  stage: Stage,
  { progress, signal, client, fromBlock }: Omit<CopierInput, "ownEndpoint">,
): void {
  const node = stage.nodes.find(({ role }) => role === "equivocator");
  if (node === undefined) throw new Error("There is no equivocator on the stage.");
  const told = runEquivocator({ stage, node, client, fromBlock, signal });
  told.then(
    (replies) => progress.note(`equivocator, second commit: ${repliesLine(replies)}`),
    (error: unknown) => void (signal.aborted || progress.note(`The equivocator failed: ${String(error)}`)),
  );
}

type Asking = DemoDeps & {
  readonly stage: Stage;
  readonly files: FileServer;
  readonly window: Window;
  readonly fromBlock: bigint;
};

async function askAndWait(deps: Asking): Promise<{ asked: Asked[]; story: Story }> {
  const { stage, files, window, fromBlock, script, progress, signal, computed = () => 0 } = deps;
  const tell = makeTeller(stage.world, fromBlock, progress.note);
  let asked: Asked[] = [];
  const ask = async ({ title, requests }: Act): Promise<void> => {
    progress.step(title);
    const made = await Promise.all(requests.map((one) => one(stage, files)));
    for (const { name, fields, receipt } of made)
      progress.note(`${name}: k = ${fields.k}, round ${fields.round}, ${receipt.gasUsed} gas`);
    asked.push(...made);
  };
  let story = await tell(asked);
  let isPlayed = false;
  const say = async (): Promise<string> => `${computed()} computed; ${await talkLine(window, asked, story)}`;
  const until = (what: string, isThere: () => Promise<boolean>): Promise<Story> => {
    const look = async (): Promise<Story | undefined> => {
      asked = await Promise.all(asked.map((one) => asOfNow(stage.world, one)));
      story = await tell(asked);
      isPlayed = await script.react(stage, story, asked);
      return (await isThere()) ? story : undefined;
    };
    return waitFor({ progress, signal, look, say, what, timeoutMs: requestsMs });
  };
  const reached: Readonly<Record<Act["until"], () => Promise<boolean>>> = {
    computed: () => haveComputed(window, asked, story),
    judged: () => Promise.resolve(areJudged(asked, story)),
    ended: () => Promise.resolve(isPlayed && asked.every(({ requestId }) => story.endings.has(requestId))),
  };
  const what = { computed: "the committees to compute", judged: "the panels to decide", ended: "all requests to end" };
  for (const act of script.acts) {
    const { when } = act;
    if (when !== undefined) await until(when.what, () => when.isSo(stage));
    await ask(act);
    await until(what[act.until], reached[act.until]);
  }
  return { asked, story };
}

async function verifyAll(world: World, { item }: Window, asked: readonly Asked[], story: Story) {
  const verifications = new Map<Asked["requestId"], Verification>();
  for (const one of asked) verifications.set(one.requestId, await verifyAnswer({ world, item }, one, story));
  return verifications;
}

/** Counts the money, pays the nodes out and counts it again. */
async function settleAccounts({ world, nodes }: Stage, waiting: Pick<DemoDeps, "progress" | "signal">) {
  waiting.progress.step("Money is counted, nodes claim their earnings and withdraw them");
  const ended = await countMoney(world);
  const accounts = await readNodes(world, nodes);
  await claimAll(world, accounts);
  const withdrawn = await payOutAll(world, accounts, waiting);
  return { nodes: accounts, withdrawn, money: { ended, paidOut: await countMoney(world) } };
}
