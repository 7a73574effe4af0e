import { expect } from "chai";
import * as cases from "../../helpers/attestation/cases/quote.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects, judge } from "./judging.ts";

describe("Quotes", () => {
  printSeedOnFailure();
  itAccepts(cases.accepted);
  itRejects(cases.headers);
  itRejects(cases.ends);
  itRejects(cases.signatures);
  itRejects(cases.reports);
  itRejects(cases.serviceTds);

  it("are not read beyond what they say: cut anywhere they are malformed", () => {
    const { bytes, spans } = cases.world.quote({ version: 5 });
    for (let length = 0; length < spans.pem.start; length += 7) {
      const { reason } = judge(cases.world, { quote: bytes.slice(0, length) });
      expect(reason?.code, `${length}`).to.equal("quote-malformed");
    }
  });
});
