import { generateKeyPairSync, sign } from "node:crypto";
import { readdir } from "node:fs/promises";
import { expect } from "chai";
import { bytesToHex, concatHex, createPublicClient, type Hex, http, numberToHex, sha256, stringToHex } from "viem";
import { hardhat } from "viem/chains";
import { type AnvilFound, findAnvil, NoAnvilError, startAnvil } from "../../scripts/demo/anvil.ts";
import type { LocalChain } from "../../scripts/demo/chain.ts";
import { moments } from "../../scripts/demo/moments.ts";
import { type Reorganisation, ReorganisationError } from "../../scripts/demo/reorganise.ts";
import { makeFolders, runChild } from "./child.ts";

const maxTransactionGas = 16_777_216n; // EIP-7825
const verifyP256: Hex = "0x0000000000000000000000000000000000000100";

/** Hash, signature and key, as the precompile takes them. */
function signedOnP256(): { readonly genuine: Hex; readonly forged: Hex } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const message = stringToHex("anvil");
  const signature = sign("sha256", Buffer.from(message.slice(2), "hex"), {
    key: privateKey,
    dsaEncoding: "ieee-p1363",
  });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const rest = concatHex([bytesToHex(signature), ...[x, y].map((one) => bytesToHex(Buffer.from(one, "base64url")))]);
  return { genuine: concatHex([sha256(message), rest]), forged: concatHex([sha256("0x"), rest]) };
}

describe("Anvil", function () {
  const { freshFolder, removeAll } = makeFolders();
  const found: AnvilFound = findAnvil();
  after(removeAll);

  it("is looked for among the installed packages, and where it is missing there is a reason", async () => {
    expect(findAnvil("sunos-x64")).to.deep.equal({ missing: "there is no anvil 1.7.1 for sunos-x64 on npm" });
    if (`${process.platform}-${process.arch}` !== "linux-arm64")
      expect(findAnvil("linux-arm64")).to.have.property("missing").that.contains("@foundry-rs/anvil-linux-arm64");
    const failed = await startAnvil("unused", { missing: "no reason" }).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(NoAnvilError).with.property("message").that.contains("no reason");
    const broken = await startAnvil("unused", { binary: "/nowhere/anvil" }).catch((error: unknown) => error);
    expect(broken).to.be.instanceOf(NoAnvilError).with.property("message").that.contains("ENOENT");
  });

  describe("once it runs", () => {
    let chain: LocalChain;

    before(async function () {
      if ("missing" in found) {
        console.log(`      skipped: ${found.missing}`);
        return this.skip();
      }
      chain = await startAnvil(await freshFolder(), found);
    });
    after(() => chain?.close());

    const clientOf = ({ url }: LocalChain) =>
      createPublicClient({ chain: hardhat, transport: http(url), cacheTime: 0 });
    const request = (method: string, params: unknown[] = []): Promise<unknown> =>
      chain.connection.provider.request({ method, params });

    it("has the rules of osaka, with its precompile for P-256 and its cap on a transaction's gas", async () => {
      expect(new URL(chain.url).hostname).to.equal("127.0.0.1");
      const client = clientOf(chain);
      expect(await client.getChainId()).to.equal(hardhat.id);
      const { genuine, forged } = signedOnP256();
      expect((await client.call({ to: verifyP256, data: genuine })).data).to.equal(numberToHex(1, { size: 32 }));
      expect((await client.call({ to: verifyP256, data: forged })).data).to.equal(undefined);
      const leadingZeros: Hex = "0x60011e5f5260205ff3"; // CLZ of 1
      expect((await client.call({ data: leadingZeros })).data).to.equal(numberToHex(255, { size: 32 }));
      const [from] = (await request("eth_accounts")) as Hex[];
      const tooMuch = { from, to: from, gas: numberToHex(maxTransactionGas + 1n) };
      const refused = await request("eth_sendTransaction", [tooMuch]).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(Error).with.property("message").that.contains("tx_gas_limit_cap");
      await request("eth_sendTransaction", [{ ...tooMuch, gas: numberToHex(maxTransactionGas) }]);
    });

    it("replaces blocks: what is forgotten is in none, all else is in a later one, and what waited still waits", async () => {
      const { reorganise = () => expect.fail("it cannot") } = chain;
      const client = clientOf(chain);
      const [one, other, third] = (await request("eth_accounts")) as Hex[];
      const send = async (from: Hex | undefined, nonce?: number): Promise<Hex> =>
        (await request("eth_sendTransaction", [
          { from, to: from, gas: "0x5208", ...(nonce === undefined ? {} : { nonce: numberToHex(nonce) }) },
        ])) as Hex;
      await chain.tick();
      const before = await client.getBlock();
      const [kept, lost] = [await send(one), await send(other)];
      for (let blocks = 0; blocks < 2; blocks++) await request("evm_mine");
      const waiting = await send(third, 1); // its turn comes after nonce 0
      const was = await client.getTransactionReceipt({ hash: kept });
      const forgets = (sender: string): boolean => sender.toLowerCase() === other;
      const done: Reorganisation = await reorganise({ ancestor: before.number, forgets });
      expect(done).to.include({ moved: 1, forgotten: 1 });
      expect(done.depth).to.be.at.least(2);
      const receipt = await client.getTransactionReceipt({ hash: kept });
      expect(receipt.blockNumber).to.equal(was.blockNumber + 1n);
      expect(receipt.blockHash).to.not.equal(was.blockHash);
      expect(await request("eth_getTransactionReceipt", [lost])).to.equal(null);
      expect((await client.getTransaction({ hash: waiting })).blockNumber).to.equal(null);
      expect((await client.getBlock({ blockNumber: before.number })).hash).to.equal(before.hash);
      const head = await client.getBlockNumber();
      const tooFew = await reorganise({ ancestor: head + 5n, forgets: () => false }).catch((error: unknown) => error);
      expect(tooFew).to.be.instanceOf(ReorganisationError);
    });
  });

  it("carries the demo through reorganisations while requests are open: each ends once, and nothing is lost or paid twice", async function () {
    if ("missing" in found) {
      console.log(`      skipped: ${found.missing}`);
      return this.skip();
    }
    const folder = await freshFolder();
    const { code, stdout, stderr } = await runChild(["--json", "--client=anvil"], folder);
    expect(code, stderr).to.equal(0);
    const { seconds, reorganisations, ...figures } = JSON.parse(stdout) as Record<string, unknown>;
    const { requests, settled, wrongResults, conserved } = figures;
    console.log(
      `      ${String(requests)} requests, ${String(settled)} settled, reorganisations of ${String(reorganisations)} blocks, ` +
        `${String(wrongResults)} wrong results, conserved ${String(conserved)}, ${String(seconds)} s`,
    );
    expect(reorganisations).to.be.an("array").with.length(moments.length);
    expect(Math.max(...(reorganisations as number[]))).to.be.at.least(5);
    expect(figures).to.deep.equal({
      requests: 4,
      settled: 3,
      refunded: 1,
      callbacksDelivered: 3,
      callbacksRetried: 0,
      bundleItems: 0,
      wrongResults: 0,
      conserved: true,
      disputes: 1,
      slashed: 1,
      honestSlashed: 0,
      bondsLost: 0,
      settledInTee: 0,
      askedModel: 0,
      endedOnce: 4,
      paidOnce: true,
      storesAgree: true,
      refusals: {},
    });
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it("is killed when the demo is, even where nothing can clean up", async function () {
    if ("missing" in found) {
      console.log(`      skipped: ${found.missing}`);
      return this.skip();
    }
    const { code, stderr } = await runChild(
      ["--json", "--client=anvil"],
      await freshFolder(),
      "behind http",
      "SIGKILL",
    );
    expect(code).to.equal(null);
    const url = /behind (\S+)/.exec(stderr)?.[1] ?? expect.fail(stderr);
    for (let tries = 0; tries < 40; tries++) {
      const isUp = await fetch(url).then(
        () => true,
        () => false,
      );
      if (!isUp) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect.fail(`anvil still listens at ${url}`);
  });
});
