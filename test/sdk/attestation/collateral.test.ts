import { expect } from "chai";
import { verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import * as cases from "../../helpers/attestation/cases/collateral.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects } from "./judging.ts";

describe("Collateral", () => {
  printSeedOnFailure();
  itAccepts(cases.accepted);
  itRejects(cases.members);
  itRejects(cases.signatures);
  itRejects(cases.times);
  itRejects(cases.mismatches);
  itRejects(cases.ofTwoTees);
  itRejects(cases.levels);
  itRejects(cases.oldModules);

  it("with one bit changed anywhere in a signed text is rejected", () => {
    const text = Buffer.from(cases.genuine.qe_identity);
    for (let i = 0; i < text.length; i += 5) {
      const changed = Buffer.from(text);
      changed[i] = (changed[i] ?? 0) ^ 1;
      const question = cases.withMember("qe_identity", changed.toString("latin1"))();
      expect(verifyQuote(question).verdict).to.equal("reject");
    }
  });
});
