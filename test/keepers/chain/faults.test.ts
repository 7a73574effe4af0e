import { expect } from "chai";
import { type Hex, numberToHex } from "viem";
import { makeDecoder } from "../../../keepers/chain/events.ts";
import { loadInstance, NotAnInstanceError } from "../../../keepers/chain/instance.ts";
import { makeKeeper } from "../../../keepers/keeper.ts";
import type { Parts } from "../../../keepers/parts.ts";
import type { ChainLog } from "../../../keepers/runtime/rpc-answers.ts";
import { ask } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { type Fault, type Proxy, startProxy } from "../runtime/proxy.ts";

describe("chain view over a faulty RPC", () => {
  let scene: Scene;
  let proxy: Proxy;
  let parts: Parts;
  let restore: () => Promise<void>;
  before(async () => {
    scene = await openScene();
    proxy = await startProxy(scene.bridge.url);
  });
  after(async () => {
    await scene.close();
    await proxy.close();
  });
  beforeEach(async () => {
    restore = await scene.snapshot();
    proxy.fault = () => undefined;
    const { escrow } = scene.market.instance;
    const chain = {
      id: 31_337,
      rpcUrls: [proxy.url],
      escrow,
      startBlock: 0,
      maxHeadAgeS: 0,
      confirmations: 1,
      timeoutMs: 400,
    };
    parts = await scene.open({ chain });
  });
  afterEach(() => restore());

  const failing = (method: string, fault: Fault) => {
    proxy.fault = (call) => (call.method === method ? fault : undefined);
  };

  const faults: readonly (readonly [string, Fault])[] = [
    ["nothing at all", { kind: "hang" }],
    ["a cut connection", { kind: "cut" }],
    ["an empty body", { kind: "body", body: "" }],
    ["null", { kind: "result", result: null }],
    ["an object", { kind: "result", result: {} }],
    ["HTTP 502", { kind: "status", status: 502 }],
    ["an error", { kind: "error", code: -32_000, message: "header not found" }],
  ];
  for (const method of ["eth_getBlockByNumber", "eth_getLogs"])
    for (const [name, fault] of faults)
      it(`rejects, keeps what it has, and goes on later when ${method} gives ${name}`, async () => {
        const { chain } = parts;
        await chain.sync();
        const request = await ask(scene.market);
        failing(method, fault);
        const result = await chain.sync().catch((error: unknown) => error);
        expect(result).to.be.instanceOf(Error);
        expect(await chain.activeRequests()).to.deep.equal([]);
        expect(await chain.tasks()).to.have.length(1);
        proxy.fault = () => undefined;
        await chain.sync();
        expect((await chain.activeRequests()).map(({ requestId }) => requestId)).to.deep.equal([request.requestId]);
      });

  it("passes over logs of its contracts that cannot be understood", async () => {
    const { chain } = parts;
    const request = await ask(scene.market);
    const address = scene.market.instance.escrow.toLowerCase();
    const odd = (log: { topics: Hex[]; data: Hex }, logIndex: number) => ({ ...log, logIndex: numberToHex(logIndex) });
    await scene.mine();
    const empty = await scene.market.world.chain.getBlock();
    let spoiled = 0;
    proxy.fault = (call) => {
      if (call.method !== "eth_getLogs" || spoiled > 0) return undefined;
      const [{ blockHash }] = call.params as [{ blockHash?: Hex }];
      if (blockHash !== empty.hash) return undefined;
      spoiled += 1;
      const base = { address, blockHash, blockNumber: numberToHex(empty.number), transactionHash: blockHash };
      const topic = (byte: string): Hex => `0x${byte.repeat(32)}`;
      return {
        kind: "result",
        result: [
          odd({ ...base, topics: [topic("aa")], data: "0x" }, 900),
          odd({ ...base, topics: [], data: "0x1234" }, 901),
          odd({ ...base, topics: [request.requestId, topic("ff"), topic("ff"), topic("ff")], data: "0x" }, 902),
        ],
      };
    };
    await chain.sync();
    expect(spoiled).to.equal(1);
    expect(await chain.activeRequests()).to.have.length(1);
  });

  it("passes over a request that is not what its id says, so that nobody signs for it", async () => {
    const { chain } = parts;
    await chain.sync();
    const { fields } = await ask(scene.market);
    const { provider } = scene.market.connection;
    const logs = await provider.request({ method: "eth_getLogs", params: [{ fromBlock: "latest" }] });
    const lie = JSON.stringify(logs).replaceAll(fields.inputDigest.slice(2), "ab".repeat(32));
    expect(lie).not.to.equal(JSON.stringify(logs));
    const escrow = scene.market.world.paymentToken; // of another instance, which says what ours said: it draws our messages
    const known = makeDecoder(parts.instance);
    const elsewhere = makeDecoder({ ...parts.instance, escrow });
    const told = (logs as ChainLog[]).find((log) => known(log)?.eventName === "Requested");
    expect(told && elsewhere({ ...told, address: escrow.toLowerCase() as Hex })).to.equal(undefined);
    expect(told).not.to.equal(undefined);
    failing("eth_getLogs", { kind: "result", result: JSON.parse(lie) as unknown });
    await chain.sync();
    expect(await chain.activeRequests()).to.deep.equal([]);
  });

  it("refuses snapshot code that is not what the escrow announced, and takes it later when it is", async () => {
    const { chain } = parts;
    const { fields } = await ask(scene.market);
    await chain.sync();
    const code = (await scene.market.world.chain.getCode({ address: await addressOf(fields.snapshotId) })) ?? "0x";
    const lies = ["0x", "0x00", `${code}00`, code.replace(/^0x00.{10}/, "0x00ffffffffff"), 7, null];
    for (const result of lies) {
      failing("eth_getCode", { kind: "result", result });
      const failure = await chain.snapshot(fields.snapshotId).catch((error: unknown) => String(error));
      expect(failure).to.match(/garbage|cannot be read|another task|differs from what the escrow announced/);
    }
    proxy.fault = () => undefined;
    expect((await chain.snapshot(fields.snapshotId)).entries).to.have.length(12);
    failing("eth_getCode", { kind: "cut" });
    expect((await chain.snapshot(fields.snapshotId)).entries).to.have.length(12); // kept
    const unknown = await chain.snapshot(4_000_000_000n).catch((error: unknown) => String(error));
    expect(unknown).to.include("has not been seen published");
  });

  const addressOf = async (snapshotId: bigint): Promise<Hex> =>
    (await scene.market.taskRegistry.snapshotAddress(snapshotId)) as Hex;

  it("refuses by name an address without a contract, or with another one", async () => {
    const of = (escrow: Hex) => loadInstance(parts.rpc, { chainId: 31_337, escrow, startBlock: 0n });
    const empty = await of(`0x${"11".repeat(20)}`).catch((error: unknown) => error);
    expect(empty).to.be.instanceOf(NotAnInstanceError);
    const other = await of(scene.market.world.paymentToken).catch((error: unknown) => error);
    expect(other).to.be.instanceOf(NotAnInstanceError);
    // the same code elsewhere: it names our registries, which know nothing of it
    const copy: Hex = `0x${"22".repeat(20)}`;
    const code = await scene.market.world.chain.getCode({ address: scene.market.instance.escrow });
    await scene.market.connection.provider.request({ method: "hardhat_setCode", params: [copy, code] });
    const double = await of(copy).catch((error: unknown) => error);
    expect(double).to.be.instanceOf(NotAnInstanceError);
    expect(String((double as Error).cause)).to.include("contracts that are of another instance");
  });

  it("is not ready while the RPC is gone, stays alive, and becomes ready again", async () => {
    const { settings, clock } = scene;
    const { escrow } = scene.market.instance;
    const chain = {
      id: 31_337,
      rpcUrls: [proxy.url],
      escrow,
      startBlock: 0,
      maxHeadAgeS: 0,
      confirmations: 1,
      timeoutMs: 200,
      pollMs: 50,
    };
    const keeper = await makeKeeper(settings({ jobs: ["settler", "janitor"], chain }, 8), { clock });
    const { opsUrl } = await keeper.start();
    const statusOf = async (path: string): Promise<number> => (await fetch(`${opsUrl}${path}`)).status;
    const until = async (status: number): Promise<void> => {
      for (let i = 0; i < 100 && (await statusOf("/readyz")) !== status; i++)
        await new Promise((done) => setTimeout(done, 50));
      expect(await statusOf("/readyz")).to.equal(status);
    };
    try {
      await until(200);
      proxy.fault = () => ({ kind: "cut" });
      await until(503);
      expect(await statusOf("/livez")).to.equal(200);
      proxy.fault = () => undefined;
      await until(200);
      const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
      expect(metrics).to.match(/atoma_job_items_total\{job="settler",outcome="failed"\} \d/);
      expect(metrics).to.match(/atoma_chain_height [1-9]/);
    } finally {
      await keeper.stop();
    }
  });
});
