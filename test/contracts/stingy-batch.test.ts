import { expect } from "chai";
import { concatHex, type Hex, numberToHex, pad } from "viem";
import { consumerAsks, hireConsumer, moods } from "../helpers/consumer.ts";
import { forge } from "../helpers/forge.ts";
import { askAndPost, type Market, selectorOf, settle, useMarket } from "../helpers/market.ts";

const word = (value: number): Hex => pad(numberToHex(value), { size: 32 });
const txGasCap = 16_700_000n;
type Forged = Awaited<ReturnType<typeof forge>>;

/** Calldata of `settle` whose items are `count` times one bad settlement, by aliased offsets, and then the good one. */
function aliasedBatch({ escrow }: Market, good: Forged, bad: Forged, count: number): Hex {
  const single = (settlement: Forged) => escrow.interface.encodeFunctionData("settle", [[settlement], []]);
  const itemOf = (call: string): Hex => `0x${call.slice(10 + 4 * 64, -64)}`; // without the heads, and without the rounds
  const [goodItem, badItem] = [itemOf(single(good)), itemOf(single(bad))];
  const badBytes = (badItem.length - 2) / 2;
  const [badAt, goodAt] = [32 * (count + 1), 32 * (count + 1) + badBytes];
  const offsets = [...Array.from({ length: count }, () => word(badAt)), word(goodAt)];
  const roundsAt = 0x60 + goodAt + (goodItem.length - 2) / 2;
  const selector = single(good).slice(0, 10) as Hex;
  return concatHex([selector, word(0x40), word(roundsAt), word(count + 1), ...offsets, badItem, goodItem, word(0)]);
}

describe("A batch", () => {
  const market = useMarket({ task: { window: 30_000, maxOutput: 16_384 } });

  it("cannot starve a callback of gas by making memory dear before it", async () => {
    const m = market();
    const consumer = await hireConsumer(m);
    const request = await consumerAsks(m, consumer, { callbackGas: 747_000n });
    await consumer.setMood(moods.returning); // needs nearly all of that
    const good = await forge(m, request, { answer: { output: `0x${"22".repeat(16_384)}` } });
    const foreign = { ...good.request, inputDigest: `0x${"01".repeat(32)}` as const };
    const data = aliasedBatch(m, good, { ...good, request: foreign, proof: "0x", output: "0x" }, 3_599);
    const settles = (gas: bigint): Promise<boolean> =>
      m.settler.call({ to: m.instance.escrow, data, gasLimit: gas }).then(
        () => true,
        () => false,
      );
    let [tooLittle, enough] = [3_000_000n, txGasCap];
    expect(await settles(enough)).to.equal(true);
    while (enough - tooLittle > 100n) {
      const middle = (tooLittle + enough) / 2n;
      if (await settles(middle)) enough = middle;
      else tooLittle = middle;
    }
    const sent = m.settler.sendTransaction({ to: m.instance.escrow, data, gasLimit: enough });
    await expect(sent).to.emit(m.escrow, "Settled");
    await expect(sent).not.to.emit(m.escrow, "CallbackFailed");
  });

  it("is refused with bits above the fields of a head, which no member signed", async () => {
    const m = market();
    const request = await askAndPost(m);
    const good = await forge(m, request);
    for (const bit of [136n, 200n, 255n]) {
      await expect(settle(m, { ...good, head: BigInt(good.head) | (1n << bit) }))
        .to.be.revertedWithCustomError(m.escrow, "NothingSettled")
        .withArgs(selectorOf(m, "InvalidBitmaps"));
    }
    await expect(settle(m, good)).to.emit(m.escrow, "Settled");
  });
});
