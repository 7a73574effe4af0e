import { expect } from "chai";
import { isVoidRound } from "../../../keepers/watchtower/void-round.ts";

const fields = { beaconDelayS: 10n, beaconTimeoutS: 100n };
const roundTimeS = 1_000n;

describe("A panel's round", () => {
  const isVoid = (postedAtS: bigint | undefined, nowS = 2_000n) => isVoidRound(fields, { roundTimeS, postedAtS, nowS });

  it("is void if it is posted more than half the delay early, or after its timeout", () => {
    expect([994n, 995n, 1_000n, 1_100n, 1_101n].map((postedAtS) => isVoid(postedAtS))).to.deep.equal([
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it("is void if it is not posted by its timeout", () => {
    expect([1_000n, 1_100n, 1_101n].map((nowS) => isVoid(undefined, nowS))).to.deep.equal([false, false, true]);
  });
});
