import { expect } from "chai";
import { numberToHex } from "viem";
import { randomInt } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { deployLocally, deployUntil, type Interruption, moments } from "../../deploy/local/interrupt.ts";
import type { Contracts } from "../../deploy/run/engine.ts";
import { openOutbox } from "../../deploy/run/outbox.ts";
import type { Provider } from "../../deploy/run/rpc.ts";
import { deployer, freshChain, freshFolder, localFile } from "./fixture.ts";

const transactions = 28;

/** A node whose blocks have a base fee of a thousand gwei after so many transactions, while that is asked for. */
function dearAfter(provider: Provider, after: number, isDear: () => boolean): Provider {
  let sent = 0;
  return {
    request: async (call) => {
      if (call.method === "eth_sendRawTransaction") sent += 1;
      const answer = await provider.request(call);
      if (call.method !== "eth_getBlockByNumber" || sent < after || !isDear()) return answer;
      return { ...(answer as object), baseFeePerGas: numberToHex(10n ** 12n) };
    },
  };
}

describe("An interrupted deployment", () => {
  let expected: Contracts;
  before(async () => {
    const { provider, connection } = await freshChain();
    expected = await deployLocally({ provider, file: localFile, folder: freshFolder() });
    await connection.close();
  });

  /** Interrupts one deployment at each of these, resumes it each time, and returns what it comes to. */
  async function survive(interruptions: readonly Interruption[]) {
    const { provider, chain, connection } = await freshChain();
    const run = { provider, file: localFile, folder: freshFolder() };
    for (const at of interruptions)
      expect(await deployUntil({ ...run, at }), `${at.nonce} ${at.moment}`).to.equal("interrupted");
    const contracts = await deployLocally(run);
    const sent = await chain.getTransactionCount({ address: deployer });
    await connection.close();
    return { contracts, sent };
  }

  for (const moment of moments) {
    it(`comes to the same result when it is stopped ${moment} of every transaction in turn`, async () => {
      const all = Array.from({ length: transactions }, (_, nonce) => ({ nonce, moment }));
      const { contracts, sent } = await survive(all);
      expect(contracts).to.deep.equal(expected);
      expect(sent, "nothing is sent twice").to.equal(transactions);
    });
  }

  it("comes to the same result when it is stopped once, at transactions among others that do not depend on them", async () => {
    const { provider, connection } = await freshChain();
    const random = Array.from({ length: 2 }, () => randomInt(transactions));
    for (const [i, nonce] of [4, 11, ...random].entries()) {
      const snapshot = await provider.request({ method: "evm_snapshot", params: [] });
      const run = { provider, file: localFile, folder: freshFolder() };
      const at = { nonce, moment: moments[i % moments.length] ?? "before signing" };
      expect(await deployUntil({ ...run, at })).to.equal("interrupted");
      expect(await deployLocally(run), `${at.moment} of ${nonce}`).to.deep.equal(expected);
      await provider.request({ method: "evm_revert", params: [snapshot] });
    }
    await connection.close();
  });

  it("goes on from a journal whose last line was cut off", async () => {
    const { provider, chain, connection } = await freshChain();
    const run = { provider, file: localFile, folder: freshFolder() };
    await deployUntil({ ...run, at: { nonce: 14, moment: "before the answer" } });
    const journal = join(run.folder, "Network", "journal.jsonl");
    appendFileSync(journal, '\n{"futureId":"Network#Tee');
    writeFileSync(join(run.folder, "Network", "deployed_addresses.json"), '{"Network#Acc');
    expect(await deployLocally(run)).to.deep.equal(expected);
    expect(await chain.getTransactionCount({ address: deployer })).to.equal(transactions);
    expect(readFileSync(journal, "utf8")).not.to.include('"Network#Tee\n');
    await connection.close();
  });

  it("takes a new nonce where another transaction of the deployer took the one that it had signed for", async () => {
    const { provider, chain, connection } = await freshChain();
    const run = { provider, file: localFile, folder: freshFolder() };
    await deployUntil({ ...run, at: { nonce: 20, moment: "before sending" } });
    await provider.request({ method: "eth_sendTransaction", params: [{ from: deployer, to: deployer, value: "0x1" }] });
    await deployLocally(run);
    expect(await chain.getTransactionCount({ address: deployer })).to.equal(transactions + 1);
    await connection.close();
  });

  it("signs nothing above the fees that were agreed to, and goes on where it stopped once they are back", async () => {
    const { provider, chain, connection } = await freshChain();
    let isDear = false;
    const run = { provider: dearAfter(provider, 6, () => isDear), file: localFile, folder: freshFolder() };
    const mostFeeWei = 5n * 10n ** 9n;
    isDear = true;
    const error = await deployLocally({ ...run, mostFeeWei }).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.match(/asks up to \d+\S* gwei for a unit of gas, and at most 5 is signed/);
    const before = await chain.getTransactionCount({ address: deployer });
    expect(before).to.be.greaterThan(0).and.to.be.lessThan(transactions);
    expect(openOutbox(run.folder).all().length, "what is not sent is not written down").to.equal(before);
    isDear = false;
    expect(await deployLocally({ ...run, mostFeeWei })).to.deep.equal(expected);
    expect(await chain.getTransactionCount({ address: deployer })).to.equal(transactions);
    await connection.close();
  });

  it("refuses to go on under other parameters, and names what changed", async () => {
    const { provider, connection } = await freshChain();
    const run = { provider, file: localFile, folder: freshFolder() };
    await deployUntil({ ...run, at: { nonce: 3, moment: "before sending" } });
    const changed = { ...localFile, governance: { ...localFile.governance, timelockDelay: 11 } };
    const error = await deployLocally({ ...run, file: changed }).catch((thrown: unknown) => thrown);
    expect((error as Error).message).to.include("file.governance.timelockDelay was 10 and is 11.");
    expect(existsSync(join(run.folder, "terms.json"))).to.equal(true);
    await connection.close();
  });
});
