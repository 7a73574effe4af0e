import { expect } from "chai";
import { parseAbi } from "viem";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { errorLine, NodeUnsyncedError, RpcError, WrongChainError } from "../../../keepers/runtime/errors.ts";
import { checkEndpoints, type FailoverRpc, makeRpc } from "../../../keepers/runtime/rpc.ts";
import { readBalance, readBlock, readLogs, readNonce, readReceipt } from "../../../keepers/runtime/rpc-answers.ts";
import type { Rpc } from "../../../keepers/runtime/rpc-endpoint.ts";
import { makeTxChain } from "../../../keepers/runtime/tx-chain.ts";
import { classifySendError } from "../../../keepers/runtime/tx-send.ts";
import { makePublicClient } from "../../../keepers/runtime/viem-client.ts";
import { chainId, deployProbe, devSigner, type LocalChain, type Probe, startChain } from "./chain.ts";
import { manualClock } from "./clock.ts";
import { type Fault, type Proxy, randomFault, seeded, startProxy } from "./proxy.ts";

const failure = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
const kindOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await failure(promise);
  expect(error).to.be.instanceOf(RpcError);
  return (error as RpcError).kind;
};

describe("RPC", function () {
  this.timeout(60_000);
  let chain: LocalChain;
  let probe: Probe;
  const proxies: Proxy[] = [];

  before(async () => {
    chain = await startChain();
    probe = await deployProbe(chain);
  });
  after(() => chain.close());
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) await proxy.close();
  });
  const proxyWith = async (fault: Proxy["fault"] = () => undefined): Promise<Proxy> => {
    const proxy = await startProxy(chain.url);
    proxy.fault = fault;
    proxies.push(proxy);
    return proxy;
  };
  const rpcOver = (urls: readonly string[], options: object = {}): FailoverRpc =>
    makeRpc({ urls, chainId, clock: systemClock, timeoutMs: 400, ...options });
  /** Faults only after the chain id was proven. */
  const later =
    (fault: Fault): Proxy["fault"] =>
    ({ method }) =>
      method === "eth_chainId" ? undefined : fault;

  it("names every way in which a server can fail to answer", async () => {
    const cases: readonly [Fault, string][] = [
      [{ kind: "status", status: 500 }, "http"],
      [{ kind: "status", status: 429, body: "" }, "http"],
      [{ kind: "body", body: "<html>" }, "garbage"],
      [{ kind: "body", body: "" }, "garbage"],
      [{ kind: "body", body: "null" }, "garbage"],
      [{ kind: "body", body: '[{"jsonrpc":"2.0","id":1,"result":"0x1"}]' }, "garbage"],
      [{ kind: "body", body: '{"jsonrpc":"2.0","id":99999,"result":"0x1"}' }, "garbage"],
      [{ kind: "body", body: '{"jsonrpc":"2.0","id":2}' }, "garbage"],
      [{ kind: "body", body: "x".repeat(70_000) }, "http"],
      [{ kind: "hang" }, "timeout"],
      [{ kind: "cut" }, "network"],
      [{ kind: "error", code: -32601, message: "no such method" }, "answer"],
    ];
    for (const [fault, kind] of cases) {
      const { url } = await proxyWith(later(fault));
      const rpc = rpcOver([url], { maxBodyBytes: 65_536 });
      expect(await kindOf(rpc.request("eth_blockNumber", [])), JSON.stringify(fault).slice(0, 80)).to.equal(kind);
    }
    expect(await kindOf(rpcOver(["http://127.0.0.1:9"]).request("eth_blockNumber", []))).to.equal("network");
  });

  it("asks the next URL when one does not answer, and the failed one last for a while", async () => {
    const clock = manualClock();
    const [bad, good] = [await proxyWith(later({ kind: "status", status: 503 })), await proxyWith()];
    const failed: string[] = [];
    const rpc = rpcOver([bad.url, good.url], { clock, restMs: 5_000, onFailure: (name: string) => failed.push(name) });
    expect(await readBlock(rpc, 0n)).to.include({ number: 0n });
    expect(failed).to.have.length(1);
    await readBlock(rpc, 0n);
    expect(failed, "the bad one rests").to.have.length(1);
    bad.fault = () => undefined;
    clock.advance(5_001);
    const before = good.calls.length;
    await readBlock(rpc, 0n);
    expect(good.calls.length, "the preferred one is asked again").to.equal(before);
  });

  it("takes an error that the node answered as the answer", async () => {
    const [first, second] = [
      await proxyWith(later({ kind: "error", code: -32000, message: "nonce too low" })),
      await proxyWith(),
    ];
    const rpc = rpcOver([first.url, second.url]);
    expect(await kindOf(rpc.request("eth_sendRawTransaction", ["0x00"]))).to.equal("answer");
    expect(second.calls).to.have.length(0);
    first.fault = later({ kind: "error", code: -32005, message: "rate limit exceeded" });
    expect(await readBlock(rpc, 0n)).to.include({ number: 0n });
  });

  it("never uses an endpoint of another chain, even one that comes up late", async () => {
    const wrong = await proxyWith(({ method }) =>
      method === "eth_chainId" ? { kind: "result", result: "0x1" } : undefined,
    );
    const good = await proxyWith();
    const rpc = rpcOver([wrong.url, good.url]);
    expect(await readBlock(rpc, 0n)).to.include({ number: 0n });
    expect(wrong.calls.map(({ method }) => method)).to.deep.equal(["eth_chainId"]);
    const error = await failure(checkEndpoints(rpc.endpoints, { clock: systemClock }));
    expect(error).to.be.instanceOf(WrongChainError);
    expect(errorLine(error)).to.match(/serves chain 1, but chain 31337 is configured/);
  });

  it("refuses to start on a syncing or stale node, and starts when one of several is fit", async () => {
    const syncing = await proxyWith(({ method }) =>
      method === "eth_syncing" ? { kind: "result", result: { currentBlock: "0x1" } } : undefined,
    );
    expect(await failure(checkEndpoints(rpcOver([syncing.url]).endpoints, { clock: systemClock }))).to.be.instanceOf(
      NodeUnsyncedError,
    );
    const clock = manualClock(Date.now() + 3_600_000);
    const stale = await failure(checkEndpoints(rpcOver([chain.url]).endpoints, { clock, maxHeadAgeS: 60 }));
    expect(errorLine(stale)).to.match(/is 3\d{3} s old \(at most 60 s\)/);
    const failures = await checkEndpoints(rpcOver([syncing.url, chain.url]).endpoints, { clock: systemClock });
    expect(failures).to.have.length(1);
    expect(failures[0]).to.match(/still syncing/);
  });

  it("never lets a wrong type through: each typed read rejects garbage with a named error", async () => {
    const hash = `0x${"11".repeat(32)}` as const;
    const { address } = devSigner(0);
    const reads: readonly ((rpc: Rpc) => Promise<unknown>)[] = [
      (rpc) => readBlock(rpc, "latest"),
      (rpc) => readBlock(rpc, 5n),
      (rpc) => readNonce(rpc, address, "latest"),
      (rpc) => readBalance(rpc, address),
      (rpc) => readReceipt(rpc, hash),
      (rpc) => readLogs(rpc, { address }, { from: 0n, to: 9n }),
    ];
    const block = { number: "0x5", hash, parentHash: hash, timestamp: "0x1" };
    const log = {
      address,
      topics: [],
      data: "0x",
      blockNumber: "0x5",
      blockHash: hash,
      transactionHash: hash,
      logIndex: "0x0",
    };
    const answers: readonly unknown[] = [
      undefined,
      7,
      "",
      "0x",
      "0xzz",
      "12",
      `0x${"f".repeat(65)}`,
      {},
      [null],
      [{}],
      { ...block, number: "0xffffffffffffffffff" },
      { ...block, number: "0x6", hash: "0x12" },
      { ...block, hash: 5 },
      { ...block, timestamp: null },
      { status: "0x1", transactionHash: `0x${"22".repeat(32)}`, blockNumber: "0x1", blockHash: hash },
      { status: "ok", transactionHash: hash, blockNumber: "0x1", blockHash: hash },
      [{ ...log, address: "0x12" }],
      [{ ...log, topics: [1] }],
      [{ ...log, blockNumber: "0x50" }],
      [{ ...log, removed: true }],
      [log, log],
      [{ ...log, address: devSigner(1).address }],
    ];
    for (const read of reads)
      for (const answer of answers) {
        const rpc: Rpc = { request: async () => answer };
        expect(await kindOf(read(rpc)), JSON.stringify(answer)).to.equal("garbage");
      }
    expect(await readLogs({ request: async () => [log] }, { address }, { from: 0n, to: 9n })).to.have.length(1);
  });

  it("reads contracts through viem over the same failover, uncached", async () => {
    const bad = await proxyWith(later({ kind: "cut" }));
    const client = makePublicClient(rpcOver([bad.url, chain.url]), chainId);
    const abi = parseAbi([
      "function hits(uint256) view returns (uint256)",
      "function hitWhileOpen(uint256)",
      "error ProbeClosed(uint256)",
    ]);
    expect(await client.readContract({ abi, address: probe.address, functionName: "hits", args: [1n] })).to.equal(0n);
    const before = await client.getBlockNumber();
    await chain.mine();
    expect(await client.getBlockNumber()).to.equal(before + 1n);
  });

  it("simulates calls: gas, the contract's error in words, and node trouble told apart from refusals", async () => {
    const { simulate } = makeTxChain({ rpc: chain.rpc, abis: [probe.abi] });
    const base = { from: devSigner(0).address, to: probe.address, value: 0n, gas: undefined };
    const fine = await simulate({ ...base, data: probe.hit(1n) });
    expect(fine.ok && fine.gas > 40_000n).to.equal(true);
    const unknown = await simulate({ ...base, data: "0xdeadbeef" });
    expect(unknown).to.deep.include({ ok: false });
    const bad = await proxyWith(later({ kind: "status", status: 500 }));
    const broken = makeTxChain({ rpc: rpcOver([bad.url]) });
    expect(await kindOf(broken.simulate({ ...base, data: probe.hit(1n) }))).to.equal("http");
    expect(await kindOf(broken.view(base.from, 1))).to.equal("http");
  });

  it("finds a gas limit by trying where the node cannot estimate a call that succeeds, and only up to the cap", async () => {
    const base = { from: devSigner(0).address, to: probe.address, value: 0n, gas: undefined, data: probe.hit(1n) };
    const { simulate } = makeTxChain({ rpc: chain.rpc });
    const estimate = await simulate(base);
    for (const data of [undefined, "0x"]) {
      const proxy = await proxyWith(({ method }) =>
        method === "eth_estimateGas" ? { kind: "error", code: 3, message: "inner call out of gas", data } : undefined,
      );
      const found = await makeTxChain({ rpc: rpcOver([proxy.url]) }).simulate(base);
      const [least, gas] = [estimate, found].map((one) => (one.ok ? Number(one.gas) : 0)) as [number, number];
      expect(gas).to.be.within(least, least * 1.02);
      const capped = await makeTxChain({ rpc: rpcOver([proxy.url]), gasCap: 30_000n }).simulate(base);
      expect(capped.ok).to.equal(false);
    }
  });

  it("recognises what nodes say about a raw transaction", () => {
    const cases: readonly [string, string][] = [
      ["already known", "accepted"],
      ["Known transaction: 0x12", "accepted"],
      ["nonce too low: next nonce 5, tx nonce 4", "nonceUsed"],
      ["Nonce too low. Expected nonce to be 5 but got 4.", "nonceUsed"],
      ["replacement transaction underpriced", "underpriced"],
      ["max fee per gas less than block base fee: address 0x", "underpriced"],
      ["insufficient funds for gas * price + value", "unfunded"],
      ["Sender doesn't have enough funds to send tx", "unfunded"],
      ["intrinsic gas too low: gas 21000, minimum needed 53000", "invalid"],
      ["exceeds block gas limit", "invalid"],
      ["header not found", "unknown"],
    ];
    for (const [message, outcome] of cases)
      expect(classifySendError(new RpcError("answer", message)).outcome, message).to.equal(outcome);
    expect(classifySendError(new RpcError("timeout", "nonce too low")).outcome, "only answers count").to.equal(
      "unknown",
    );
  });

  it("keeps working over two URLs that both fail one request in five", async () => {
    const random = seeded(3);
    const noHang = (): Fault | undefined => {
      const fault = random() < 0.2 ? randomFault(random) : undefined;
      return fault?.kind === "hang" || fault?.kind === "result" ? undefined : fault;
    };
    const urls = [(await proxyWith(noHang)).url, (await proxyWith(noHang)).url];
    const rpc = rpcOver(urls, { restMs: 5 });
    let ok = 0;
    for (let i = 0; i < 300; i++) {
      const block = await readBlock(rpc, 0n).catch((error: unknown) => error);
      if (block instanceof Error) expect(block).to.be.instanceOf(RpcError);
      else ok += 1;
    }
    expect(ok).to.be.greaterThan(260);
  });
});
