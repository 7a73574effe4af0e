/** Jurors on the real contracts: each with its own keeper parts, store, key and endpoint; only the computation is simple. */
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, hexToBytes, keccak256, stringToHex } from "viem";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { ExecutionStatus, type Executor } from "../../../keepers/executors/executor.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { plainTask } from "../../../deploy/local/nodes.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { decodeDisputeCase, type DisputeCase } from "../../../sdk/words/dispute-case.ts";
import { convene, panelOf } from "../../helpers/disputes.ts";
import { sampleOutput } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;
const artifact = new TextEncoder().encode("the program that is judged");
const artifactDigest: Hex = `0x${createHash("sha256").update(artifact).digest("hex")}`;

/** What anybody finds who computes: the sample output; `output` makes a liar of it. */
export const answering = (output: Hex = sampleOutput): Executor => ({
  capabilities: async () => ({
    kind: plainTask.kind,
    runtimeDigest: plainTask.runtimeDigest,
    isolation: ["no-network"],
    warnings: [],
  }),
  execute: async () => ({ status: ExecutionStatus.Success, usage: 1_000n, output: hexToBytes(output) }),
});

/** A market whose task can be computed by `answering`. */
export const openCourt = (nodes = 12): Promise<Scene> =>
  openScene({
    nodes,
    task: { artifactDigest, artifactUri: `data:application/wasm;base64,${Buffer.from(artifact).toString("base64")}` },
  });

export type Juror = { readonly nodeId: bigint; readonly parts: Parts; readonly job: Job; close(): Promise<void> };

/** Starts the keeper of a node as an executor, and registers its endpoint. `folder` is that of an earlier start. */
export async function startJuror(
  { market, open }: Scene,
  nodeId: bigint,
  folder: string,
  executor = answering(),
): Promise<Juror> {
  const label = `node ${market.nodes.findIndex((node) => node.nodeId === nodeId)}`;
  const parts = await open({
    jobs: ["executor"],
    key: { privateKey: keccak256(stringToHex(`atoma local ${label}`)) },
    store: { path: join(folder, `${nodeId}.sqlite`) },
    executor: { cacheDir: join(folder, nodeId.toString()), requireIsolation: false, allowPrivateInputUrls: true },
  });
  const job = await makeJob("executor", parts, [executor]);
  await market.networkHelpers.setBalance(parts.transactions.address, 10n ** 18n);
  await market.nodeRegistry.connect(market.owner).setEndpoint(nodeId, job.url ?? "");
  return { nodeId, parts, job, close: job.close };
}

/** One pass of a juror. Returns how many items failed. */
export async function passOf({ parts, job }: Juror): Promise<number> {
  await parts.chain.sync();
  const { failed } = await job.pass(noSignal);
  await parts.transactions.pass();
  await parts.transactions.pass();
  return failed;
}

/** Lets jurors work until `isDone`, at most `passes` times, `stepS` seconds of the chain apart. */
export async function letWork(
  scene: Scene,
  jurors: () => readonly Juror[],
  isDone: () => Promise<boolean>,
  { passes = 60, stepS = 1 } = {},
): Promise<boolean> {
  for (let i = 0; i < passes; i++) {
    await Promise.all(jurors().map(passOf));
    await new Promise((resolve) => setTimeout(resolve, 60)); // messages go on beside passes
    if (await isDone()) return true;
    await scene.passTime(stepS);
  }
  return false;
}

/** Posts the round of a level, and returns the panel that it draws, with the time from which it counts. */
export async function drawPanel({ market }: Scene, request: LocalRequest, level: 1 | 2) {
  const startS = await convene(market, request, level);
  return { startS, jurors: (await panelOf(market, request, level)).map(({ nodeId }) => nodeId) };
}

/** The dispute over a request, which there must be. */
export async function disputeOver(
  { market }: Pick<Scene, "market">,
  { requestId }: Pick<LocalRequest, "requestId">,
): Promise<DisputeCase> {
  const [docket = 0n, claim = 0n, first = 0n, appeal = 0n, second = 0n, pot = 0n] =
    await market.disputes.caseOf(requestId);
  const found = decodeDisputeCase([docket, claim, first, appeal, second, pot]);
  if (found === undefined) throw new Error("there is no dispute");
  return found;
}

/** A folder for stores and caches, and what removes it. */
export const makeFolder = (): { folder: string; remove(): void } => {
  const folder = mkdtempSync(join(tmpdir(), "atoma-panel-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

/** When a round is due. */
export const roundTimeIn =
  ({ market }: Scene) =>
  (round: bigint): bigint =>
    timeOf(market.world.beacon, round);
