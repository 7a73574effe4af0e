import { expect } from "chai";
import { flipped, textBytes } from "../../../keepers/attestation/dev/bytes.ts";
import { pemChain } from "../../../keepers/attestation/dev/pem.ts";
import * as cases from "../../helpers/attestation/cases/chain.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects, judge } from "./judging.ts";

const { pck, intermediate, root } = cases.world.certificates;

describe("Chains of certificates", () => {
  printSeedOnFailure();
  itAccepts(cases.accepted);
  itRejects(cases.roles);
  itRejects(cases.names);
  itRejects(cases.times);
  itRejects(cases.signatures);
  itRejects(cases.elements);
  itRejects(cases.forms);

  it("with a byte of the PCK changed are rejected", () => {
    const { bytes, spans } = cases.world.quote();
    for (let i = 0; i < pck.der.length; i += 3) {
      const quote = bytes.slice();
      const chain = [flipped(pck.der, i, 1 << (i % 8)), intermediate.der, root.der];
      quote.set(textBytes(pemChain(chain)), spans.pem.start); // base64 is as long as before
      const { verdict, status } = judge(cases.world, { quote });
      expect([i, verdict, status]).to.deep.equal([i, "reject", null]);
    }
  });
});
