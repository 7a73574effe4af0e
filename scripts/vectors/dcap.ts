import { deployVerifiers, verdictOnChain } from "../../deploy/local/verifiers.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { intelRootKey } from "../../sdk/attestation/intel-root.ts";
import { verifyQuote } from "../../sdk/attestation/verify-quote.ts";
import type { AttestationFolder } from "./attestation-folder.ts";
import { type DcapEntry, type DcapVerdict, readDcapManifest } from "./dcap-file.ts";
import type { VectorResult, VectorSuite } from "./suite.ts";

/** One way to verify a quote; each is a column of the report. What it does not find out it leaves out. */
export type DcapVerifier = {
  readonly name: string;
  readonly verify: (entry: DcapEntry) => Promise<Partial<DcapVerdict> & Pick<DcapVerdict, "verdict">>;
};

/** The verifier of the sdk. */
export const typeScriptVerifier: DcapVerifier = {
  name: "TypeScript",
  verify: async (entry) => verifyQuote(entry),
};

/** The contracts, pinned to Intel's root. They know no advisories. */
export const chainVerifier: DcapVerifier = {
  name: "on chain",
  verify: async ({ quote, collateral, at }) => {
    const on = await deployVerifiers(intelRootKey, at);
    const found = await verdictOnChain(on, { quote, collateral: collateral as Collateral });
    if ("error" in found) return { verdict: "reject", status: null };
    return { verdict: found.status === "UpToDate" ? "accept" : "reject", status: found.status };
  },
};

/** Real quotes of a folder: a line for each, with what every verifier says. */
export function makeDcapSuite(folder: AttestationFolder, verifiers: readonly DcapVerifier[]): VectorSuite {
  return {
    name: "dcap",
    async *run(say) {
      if (folder.path === undefined) return say(folder.absent);
      for (const entry of await readDcapManifest(folder.path)) yield await checkEntry(entry, verifiers);
    },
  };
}

async function checkEntry(entry: DcapEntry, verifiers: readonly DcapVerifier[]): Promise<VectorResult> {
  const checks: Record<string, boolean> = {};
  for (const { name, verify } of verifiers) {
    const found = await verify(entry);
    checks[`${name} ${wordsOf(found)}`] = isExpected(found, entry);
  }
  return { name: `dcap ${entry.name}`, checks };
}

const wordsOf = ({ verdict, status }: Partial<DcapVerdict>): string =>
  [verdict, ...(status === undefined ? [] : [status ?? "no status"])].join(" ");

/** Advisories are a set: their order says nothing. */
function isExpected({ verdict, status, advisories }: Partial<DcapVerdict>, entry: DcapEntry): boolean {
  const sorted = (list: readonly string[]): string => [...list].sort().join(" ");
  return (
    verdict === entry.verdict &&
    (status === undefined || status === entry.status) &&
    (advisories === undefined || sorted(advisories) === sorted(entry.advisories))
  );
}
