import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hex, hexToBytes, stringToHex } from "viem";
import { writePerturbed, writeQuantised } from "../../../gateway/model/perturb.ts";
import { type ModelServer, startModelServer } from "../../../gateway/model/start.ts";
import { committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import type { Executor } from "../../../keepers/executors/executor.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { modelRuntimeDigest, parseManifest } from "../../../keepers/models/manifest.ts";
import { ask, describeWithModel, model, strangeQuestion, useServer } from "../../gateway/model/fixtures.ts";
import { appealWindowS, waitPast } from "../../helpers/disputes.ts";
import { type Market, paramsFor, post, requestOf } from "../../helpers/market.ts";
import { executorOf, manifestOf, sha256Of, textOf } from "../executors/model-fixtures.ts";
import { openScene, type Scene } from "../fixture.ts";
import { disputeOver, drawPanel, type Juror, letWork, startJuror } from "./scene.ts";

const noSignal = new AbortController().signal;
const windowS = 300;
const stakePerNode = 10n ** 21n;
/** A committee of ten, and as many others as a panel needs at least. */
const nodeCount = 18;
/** What no model of this size knows: where two differ, they differ here. */
const strangeSums = Array.from({ length: 40 }, (_, i) => `How much is ${7 * i} and ${i * i}?`);
const manifest = manifestOf({ name: "embedded", generation: { maxTokens: 64, seed: 7 } });

/** The answer that a settling transaction showed: what follows the digest of the token ids. */
const textSettledBy = async ({ ethers, escrow }: Market, hash: string): Promise<string> => {
  const transaction = await ethers.provider.getTransaction(hash);
  const [[shown]] = escrow.interface.decodeFunctionData("settle", transaction?.data ?? "0x") as unknown as [
    [{ readonly output: Hex }],
  ];
  return textOf(hexToBytes(shown.output).subarray(32));
};

describeWithModel("A node of ten whose model is not the task's", () => {
  const honest = useServer();
  let scene: Scene;
  let restore: () => Promise<void>;
  let folder = "";
  const undo: (() => Promise<void> | void)[] = [];
  before(async () => {
    scene = await openScene({
      nodes: nodeCount,
      task: {
        ...{ kind: "chat", unitSize: 1n, window: windowS, artifactDigest: `0x${sha256Of(manifest)}` },
        artifactUri: `data:application/json;base64,${Buffer.from(manifest).toString("base64")}`,
        runtimeDigest: modelRuntimeDigest(parseManifest(manifest)),
      },
    });
  });
  after(() => scene.close());
  beforeEach(async () => {
    restore = await scene.snapshot();
    folder = mkdtempSync(join(tmpdir(), "atoma-wrong-model-"));
    undo.push(() => rmSync(folder, { recursive: true }), restore);
  });
  afterEach(async () => {
    for (const one of undo.splice(0).reverse()) await one();
  });

  const serve = async (write: (modelFile: string, file: string) => void): Promise<ModelServer> => {
    const file = join(folder, "other.gguf");
    write(honest().modelFile, file);
    const server = await startModelServer({ modelFile: file });
    undo.push(server.stop);
    return server;
  };

  /** A question to which the two say different things. */
  const questionThatTells = async (other: ModelServer): Promise<string> => {
    const most = { max_tokens: 64 };
    for (const question of [strangeQuestion, ...strangeSums]) {
      const [right, wrong] = [await ask(honest(), question, most), await ask(other, question, most)];
      if (`${right.choices[0].token_ids}` !== `${wrong.choices[0].token_ids}`) return question;
    }
    throw new Error("the other model says the same to every question");
  };

  const computing = ({ url }: ModelServer): Executor => executorOf(manifest, { urls: [url], servedAs: model });

  const start = async (request: LocalRequest, other: ModelServer) => {
    const members = await committeeOf(scene.market.world, request);
    const wrong = members[4]?.nodeId ?? 0n;
    const nodes: Juror[] = [];
    undo.push(async () => void (await Promise.all(nodes.map((node) => node.close()))));
    for (const { nodeId } of scene.market.nodes)
      nodes.push(await startJuror(scene, nodeId, folder, computing(nodeId === wrong ? other : honest())));
    return { nodes, wrong };
  };

  /** A keeper beside the nodes, which settles and watches. */
  const openKeeper = async () => {
    const parts = await scene.open({ jobs: ["settler", "watchtower"], watchtower: { reexecute: 0 } }, 7);
    const jobs: Job[] = [await makeJob("settler", parts), await makeJob("watchtower", parts)];
    undo.push(async () => void (await Promise.all(jobs.map((job) => job.close()))));
    return async (): Promise<void> => {
      await parts.chain.sync();
      for (const job of jobs) await job.pass(noSignal);
      await parts.transactions.pass();
      await parts.transactions.pass();
    };
  };

  const kinds: readonly (readonly [string, (modelFile: string, file: string) => void])[] = [
    ["noise on its weights", (from, to) => writePerturbed(from, to, { seed: 1, strength: 0.4 })],
    ["four bits per weight", writeQuantised],
  ];
  for (const [name, write] of kinds)
    it(`is outvoted, reported, judged and slashed: ${name}`, async function () {
      this.timeout(240_000);
      const { market } = scene;
      const { disputes, escrow, nodeRegistry } = market;
      const other = await serve(write);
      const question = await questionThatTells(other);
      const params = paramsFor(market, { k: 10n, quorum: 7n, units: 400n });
      const sent = await escrow.connect(market.requester).request(params, stringToHex(question));
      const request = await requestOf(market, sent);
      await post(market, request);
      await scene.mine();
      const { nodes, wrong } = await start(request, other);
      const keep = await openKeeper();
      const until = async (what: string, isSo: () => Promise<boolean>, working: readonly Juror[] = nodes) => {
        const look = async (): Promise<boolean> => {
          await keep();
          return isSo();
        };
        expect(await letWork(scene, () => working, look, { passes: 150 }), what).to.equal(true);
      };

      const opened = disputes.filters.DisputeOpened(request.requestId);
      await until("a dispute", async () => (await disputes.queryFilter(opened)).length > 0);
      const settled = await escrow.queryFilter(escrow.filters.Settled(request.requestId));
      expect(settled).to.have.length(1);
      const right = (await ask(honest(), question, { max_tokens: 64 })).choices[0].message.content;
      expect(await textSettledBy(market, settled[0]?.transactionHash ?? "")).to.equal(right);

      const { startS, jurors } = await drawPanel(scene, request, 1);
      await scene.mine();
      expect(jurors).to.have.length(nodeCount - 10);
      await until("a verdict", async () => (await disputeOver(scene, request)).first.tally?.isDecided === true);
      await waitPast(market, startS + 2n * BigInt(windowS) + appealWindowS);
      await scene.passTime(1);
      const stakeOf = (nodeId: bigint): Promise<bigint> => nodeRegistry.allocatedStake(nodeId, market.taskId);
      await until("the slash", async () => (await stakeOf(wrong)) === 0n, []);
      for (const { nodeId } of market.nodes)
        expect(await stakeOf(nodeId), `node ${nodeId}`).to.equal(nodeId === wrong ? 0n : stakePerNode);
    });
});
