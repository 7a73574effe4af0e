import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { checkCollateral } from "../../../../keepers/attestation/collateral/check.ts";
import { IntelServiceError } from "../../../../keepers/attestation/collateral/service-error.ts";
import type { PckCa } from "../../../../keepers/attestation/collateral/urls.ts";
import type { Tee } from "../../../../sdk/attestation/quote.ts";
import { attestationFolder, manifestPath } from "../../../../scripts/vectors/attestation-folder.ts";
import type { Collateral } from "../../../../sdk/attestation/collateral.ts";
import { intelRootKey } from "../../../../sdk/attestation/intel-root.ts";

type Entry = { readonly name: string; readonly collateral: string; readonly at: number };

const folder = attestationFolder();

/** Real collateral by file, with a clock at which it is valid. */
const realCollateral = (): Map<string, number> => {
  if (folder.path === undefined) return new Map();
  const { dcap } = JSON.parse(readFileSync(manifestPath(folder.path), "utf8")) as { dcap: readonly Entry[] };
  return new Map(dcap.map(({ collateral, at }) => [join(folder.path, collateral), at]));
};

const outcomeOf = (collateral: Collateral, ca: PckCa, at: number): string => {
  const { id: tee, fmspc } = JSON.parse(collateral.tcb_info) as { id: Tee; fmspc: string };
  try {
    checkCollateral(collateral, { fmspc, tee, ca }, { at, rootKey: intelRootKey });
    return "right";
  } catch (error) {
    return error instanceof IntelServiceError ? error.code : "thrown";
  }
};

describe("Check of collateral", () => {
  it("finds Intel's own right for one CA at its time, and stale later", function () {
    if (folder.path === undefined) {
      console.log(`      skipped: ${folder.absent}`);
      return this.skip();
    }
    for (const [file, at] of realCollateral()) {
      const collateral = JSON.parse(readFileSync(file, "utf8")) as Collateral;
      const outcomes = (["platform", "processor"] as const).map((ca) => outcomeOf(collateral, ca, at));
      expect(outcomes.sort(), file).to.deep.equal(["mismatch", "right"]);
      expect(outcomeOf(collateral, "platform", at + 40 * 86_400), file).to.equal("stale");
    }
  });
});
