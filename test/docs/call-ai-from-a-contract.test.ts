import { expect } from "chai";
import { Contract } from "ethers";
import { hexToString } from "viem";
import { payoutOf } from "../../sdk/money/payout.ts";
import { reply, termsFor } from "../helpers/ai.ts";
import { openMarket, requestOf } from "../helpers/market.ts";
import { blocksOf, textOf } from "./pages.ts";
import { compileAs } from "./solidity.ts";

const page = "docs/call-ai-from-a-contract.md";

/** The contract of the guide, on a chain with ten nodes and an asker who has approved it. */
async function deployMood() {
  const [source = ""] = blocksOf(page, "solidity");
  const artifact = compileAs("contracts/consumers/Mood.sol", source)["Mood"];
  if (artifact === undefined) throw new Error("The guide has no contract Mood.");
  const market = await openMarket();
  const { ethers, escrow, token, requester, stranger } = market;
  const abi = [...artifact.abi] as never[];
  const factory = new ethers.ContractFactory(abi, artifact.evm.bytecode.object, requester);
  const mute = factory.deploy(escrow, termsFor(market, { callbackGas: 0n }), 154_000n);
  await expect(mute).to.be.revertedWithCustomError(factory, "NoCallbackGas");
  const deployed = await factory.deploy(escrow, termsFor(market), 154_000n);
  await token.mint(stranger, 10n ** 9n);
  await token.connect(stranger).approve(deployed, 10n ** 9n);
  const mood = new Contract(deployed, abi, stranger);
  const ask = async (note: string) => (await mood.getFunction("ask")(note)) as { hash: string };
  return { market, mood, ask };
}

describe("The guide to calling AI from a contract", () => {
  it("has a contract of at most ten lines", () => {
    const [source = ""] = blocksOf(page, "solidity");
    const body = source.slice(source.indexOf("contract Mood")).trimEnd().split("\n");
    expect(body.length).to.be.at.most(10);
    for (const line of body) expect(line.length).to.be.at.most(120);
  });

  it("has a contract that asks ten nodes, keeps a label, and takes anything else for none", async () => {
    const { market, mood, ask } = await deployMood();
    for (const [text, label] of [
      ["bad\n", 2n],
      ["good", 1n],
      ["good and bad", 0n],
    ] as const) {
      const asked = await ask("The sun is out");
      const { request } = await reply(market, asked, { text });
      expect(request.fields.k).to.equal(10n);
      expect(await mood.getFunction("moodOf")(request.requestId)).to.equal(label);
    }
    const { requestId } = await requestOf(market, await ask("The sun is out"));
    const [event] = await market.escrow.queryFilter(market.escrow.filters.Requested(requestId));
    const message = hexToString((event?.args.data ?? "0x") as `0x${string}`);
    expect(message).to.equal('Is it good or bad? "The sun is out"\nAnswer: ');
  });

  it("has an example of costs that is what a request locks", () => {
    const price = { k: 10n, maxAsk: 500n, units: 10n, tip: 100_000n, askExponent: 0n };
    const request = { ...price, royaltyBps: 500n, protocolFeeBps: 300n };
    const members = Array.from({ length: 10 }, (_, i) => ({ nodeId: BigInt(i + 1), ask: 500n }));
    const payout = payoutOf({ request, members, attested: 0b11_1111_1111n });
    expect(textOf(page)).to.contain(`a lock\nof ${payout?.lock.toLocaleString("en")}`);
  });
});
