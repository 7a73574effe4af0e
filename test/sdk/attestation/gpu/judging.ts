/** Verdicts on minted GPU evidence. */
import { expect } from "chai";
import type { GpuWorld } from "../../../../keepers/attestation/dev/gpu-world.ts";
import { pemChain } from "../../../../keepers/attestation/dev/pem.ts";
import type { ReasonCode } from "../../../../sdk/attestation/evidence-error.ts";
import {
  type GpuQuestion,
  type GpuVerdict,
  verifyGpuEvidence,
} from "../../../../sdk/attestation/gpu/verify-gpu-evidence.ts";

/** Verifies a world's evidence by its own root at its own clock, but for what is given. */
export const judge = (world: GpuWorld, changes: Partial<GpuQuestion> = {}): GpuVerdict =>
  verifyGpuEvidence({
    report: changes.report ?? world.report(),
    chain: pemChain(world.chain),
    at: world.at,
    root: world.root,
    ...changes,
  });

type Verdict = Pick<GpuVerdict, "verdict" | "reason">;

export const expectAccepted = ({ verdict, reason }: Verdict): void => {
  expect(reason).to.equal(undefined);
  expect(verdict).to.equal("accept");
};

export const expectRejected = ({ verdict, reason }: Verdict, code: ReasonCode): void => {
  expect(`${reason?.code}: ${reason?.sentence}`).to.match(new RegExp(`^${code}: .+\\. .+\\.$`));
  expect(verdict).to.equal("reject");
};

/** A case of a table: what is wrong, the reason, the verdict on it. */
export type RejectionCase = readonly [title: string, code: ReasonCode, verdict: () => Verdict];

/** A test for each case. */
export const itRejects = (cases: readonly RejectionCase[]): void => {
  for (const [title, code, verdict] of cases) it(`rejects ${title}`, () => expectRejected(verdict(), code));
};
