import { expect } from "chai";
import { machineOf } from "../../../keepers/attest/evidence.ts";
import { hexOf } from "../../../keepers/attestation/dev/bytes.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";

describe("The machine of a quote", () => {
  printSeedOnFailure();

  for (const ca of ["platform", "processor"] as const)
    for (const tee of ["SGX", "TDX"] as const)
      it(`tells which collateral to ask for: ${tee}, ${ca} CA`, () => {
        const { quote, platform, certificates } = mintWorld({ ca });
        const { pck, intermediate } = certificates;
        expect(machineOf(quote({ tee }).bytes)).to.deep.equal({
          tee,
          ca,
          fmspc: `0x${hexOf(platform.sgx.fmspc)}`,
          certifiedUntilS: Math.min(pck.options.notAfter, intermediate.options.notAfter),
        });
      });
});
