import { expect } from "chai";
import { network } from "hardhat";
import { deployHarness, parseAll } from "../../helpers/tcb/harness.ts";
import { intelSgx } from "../../helpers/tcb/intel-shaped.ts";

const digits = "00806f050000";
const text = JSON.stringify(intelSgx({ issueDate: 0, nextUpdate: 0 }));

describe("HexText", () => {
  it("reads the digits and letters of either case, at each place, and no other byte", async () => {
    const harness = await deployHarness(await network.create());
    const cases = [...digits].flatMap((_, place) =>
      Array.from({ length: 128 }, (_, code) => {
        const character = String.fromCharCode(code);
        return { character, fmspc: digits.slice(0, place) + character + digits.slice(place + 1) };
      }),
    );
    const texts = cases.map(({ fmspc }) => text.replace(digits, () => fmspc));
    const outcomes = await parseAll(harness, "tcbInfo", texts);
    for (const [i, { character, fmspc }] of cases.entries()) {
      const { fields, error } = outcomes[i] ?? {};
      if (/[0-9a-fA-F]/.test(character)) expect(fields?.[1]).to.equal(`0x${fmspc.toLowerCase()}`);
      else expect(error, JSON.stringify(fmspc)).to.equal("HexInvalid");
    }
  });
});
