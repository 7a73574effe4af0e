import { verifyGpuEvidence } from "../../sdk/attestation/gpu/verify-gpu-evidence.ts";
import type { AttestationFolder } from "./attestation-folder.ts";
import { type NvidiaEntry, type NvidiaVerdict, readNvidiaManifest } from "./nvidia-file.ts";
import type { VectorResult, VectorSuite } from "./suite.ts";

/** What a verifier found: where it accepts, the versions; where it rejects, why. */
export type NvidiaFinding = NvidiaVerdict & { readonly reason?: string };

/** One way to verify GPU evidence at a clock in unix seconds; each is a column of the report. */
export type NvidiaVerifier = {
  readonly name: string;
  readonly verify: (entry: NvidiaEntry, at: number) => NvidiaFinding;
};

/** The verifier of the sdk, pinned to NVIDIA's root. */
export const typeScriptGpuVerifier: NvidiaVerifier = {
  name: "TypeScript",
  verify: ({ report, chain, nonce }, at) => {
    const { claims, reason } = verifyGpuEvidence({ report, chain, at, ...(nonce === undefined ? {} : { nonce }) });
    return claims === undefined
      ? { verdict: "reject", reason: reason.code }
      : { verdict: "accept", driver: claims.driver, vbios: claims.vbios };
  },
};

/** No contract verifies P-384: there is no verdict to compare. */
const onChain = "on chain not verified (by design off chain)";

/**
 * Real GPU evidence of a folder: a line for each, with what every verifier says at the entry's clock, or at `nowS` (unix
 * seconds) where it has none.
 */
export function makeNvidiaSuite(
  folder: AttestationFolder,
  verifiers: readonly NvidiaVerifier[],
  nowS: number,
): VectorSuite {
  return {
    name: "nvidia",
    async *run(say) {
      if (folder.path === undefined) return say(folder.absent);
      const entries = await readNvidiaManifest(folder.path);
      if (entries.length === 0) say("The manifest has no GPU evidence.");
      for (const entry of entries) yield checkEntry(entry, verifiers, nowS);
    },
  };
}

function checkEntry(entry: NvidiaEntry, verifiers: readonly NvidiaVerifier[], nowS: number): VectorResult {
  const checks: Record<string, boolean> = {};
  for (const { name, verify } of verifiers) {
    const found = verify(entry, entry.at ?? nowS);
    checks[`${name} ${wordsOf(found)}`] = isExpected(found, entry);
  }
  return { name: `nvidia ${entry.name}`, notes: [onChain], checks };
}

const wordsOf = ({ verdict, reason, driver, vbios }: NvidiaFinding): string =>
  verdict === "accept" ? `accept driver ${driver} VBIOS ${vbios}` : `reject ${reason}`;

/** What the entry does not say may be anything. */
function isExpected(found: NvidiaFinding, { verdict, driver, vbios }: NvidiaVerdict): boolean {
  return (
    found.verdict === verdict &&
    (driver === undefined || found.driver === driver) &&
    (vbios === undefined || found.vbios === vbios)
  );
}
