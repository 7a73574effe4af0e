import { expect } from "chai";
import { callbackReserve, settleReserve } from "../../../keepers/settler/callback-gas.ts";

const most = 2_000_000n;
/** What the contract wants to be left before the call. */
const needed = (callbackGas: bigint): bigint => (callbackGas * 64n) / 63n + 12_000n;
/** What a call gets of what is left. */
const given = (gas: bigint): bigint => gas - gas / 64n;

describe("The gas kept for a callback", () => {
  it("is what the escrow asks for, also behind its call into the extension, and hardly more", () => {
    for (let gas = 1n; gas <= most; gas += 997n) {
      const reserve = callbackReserve({ callbackGas: gas });
      expect(given(reserve) >= needed(gas), String(gas)).to.equal(true);
      expect(given(reserve) <= needed(gas) + 2n, String(gas)).to.equal(true);
    }
  });

  it("is nothing where no callback is asked for, or where a settlement only records", () => {
    expect(callbackReserve({ callbackGas: 0n })).to.equal(0n);
    expect(settleReserve({ callbackGas: most, challengeWindowS: 60n })).to.equal(0n);
    expect(settleReserve({ callbackGas: most, challengeWindowS: 0n })).to.equal(callbackReserve({ callbackGas: most }));
  });
});
