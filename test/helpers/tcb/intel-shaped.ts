import type { JsonObject } from "./texts.ts";

/** Dates of a text, Unix seconds. */
export type Dates = { readonly issueDate: number; readonly nextUpdate: number };

const iso = (timeS: number) => new Date(1_000 * timeS).toISOString().replace(".000", "");
const advisories = (count: number) => Array.from({ length: count }, (_, i) => `INTEL-SA-${10_000 + i}`);
const plain = (svns: readonly number[]): JsonObject[] => Array.from({ length: 16 }, (_, i) => ({ svn: svns[i] ?? 0 }));

/** Components with the names that Intel gives to some of them. */
function named(svns: readonly number[], names: readonly (readonly [category: string, type?: string] | undefined)[]) {
  return plain(svns).map((component, i) => {
    const [category, type] = names[i] ?? [];
    return { ...component, ...(category ? { category } : {}), ...(type ? { type } : {}) };
  });
}

const common = (id: string, { issueDate, nextUpdate }: Dates) => ({
  id,
  version: 3,
  issueDate: iso(issueDate),
  nextUpdate: iso(nextUpdate),
  fmspc: "00806f050000",
  pceId: "0000",
  tcbType: 0,
  tcbEvaluationDataNumber: 17,
});

const ending = (tcbStatus: string, count: number) => ({
  tcbDate: "2024-03-13T00:00:00Z",
  tcbStatus,
  ...(count > 0 ? { advisoryIDs: advisories(count) } : {}),
});

/** A TCB info for SGX of the size and form that Intel's has: 11 levels. */
export function intelSgx(dates: Dates): JsonObject {
  const tcbLevels = [1, 2, 3, 3, 5, 5, 7, 7, 7, 8, 20].map((count, i) => ({
    tcb: { sgxtcbcomponents: plain([21 - i, 21 - i, 2, 2, 255, 1, i % 2 === 0 ? 12 : 0]), pcesvn: 13 },
    ...ending(i === 0 ? "SWHardeningNeeded" : "OutOfDateConfigurationNeeded", count),
  }));
  return { ...common("SGX", dates), tcbLevels };
}

/** A TCB info for TDX of the size and form that Intel's has: 4 levels, 2 module identities with 4 levels. */
export function intelTdx(dates: Dates): JsonObject {
  const sgxNames = [
    ["BIOS", "Early Microcode Update"],
    ["OS/VMM", "SGX Late Microcode Update"],
    ["OS/VMM", "TXT SINIT"],
    ["BIOS"],
    ["BIOS"],
    ["BIOS"],
    undefined,
    ["OS/VMM", "SEAMLDR ACM"],
  ] as const;
  const tdxNames = [
    ["OS/VMM", "TDX Module"],
    ["OS/VMM", "TDX Module"],
    ["OS/VMM", "TDX Late Microcode Update"],
  ] as const;
  const module = { mrsigner: "0".repeat(96), attributes: "0".repeat(16), attributesMask: "F".repeat(16) };
  const moduleLevel = (isvsvn: number, count: number) => ({
    tcb: { isvsvn },
    ...ending(count > 0 ? "OutOfDate" : "UpToDate", count),
  });
  const tcbLevels = [0, 6, 7, 19].map((count, i) => ({
    tcb: {
      sgxtcbcomponents: named([7 - i, 7 - i, 2, 2, 3, 1, 0, 3], sgxNames),
      pcesvn: 11,
      tdxtcbcomponents: named([5, 0, 7 - i], tdxNames),
    },
    ...ending(count > 0 ? "OutOfDate" : "UpToDate", count),
  }));
  const tdxModuleIdentities = [
    { id: "TDX_03", ...module, tcbLevels: [moduleLevel(3, 0)] },
    { id: "TDX_01", ...module, tcbLevels: [moduleLevel(4, 0), moduleLevel(2, 2)] },
  ];
  return { ...common("TDX", dates), tdxModule: module, tdxModuleIdentities, tcbLevels };
}

/** The identity of a quoting enclave in the form that Intel's has: 6 levels for SGX, 1 for TDX. */
export function intelQe(id: "QE" | "TD_QE", { issueDate, nextUpdate }: Dates): JsonObject {
  const counts = id === "QE" ? [0, 1, 2, 3, 5, 6] : [0];
  return {
    id,
    version: 2,
    issueDate: iso(issueDate),
    nextUpdate: iso(nextUpdate),
    tcbEvaluationDataNumber: 17,
    miscselect: "00000000",
    miscselectMask: "FFFFFFFF",
    attributes: "11000000000000000000000000000000",
    attributesMask: "FBFFFFFFFFFFFFFF0000000000000000",
    mrsigner: "DC9E2A7C6F948F17474E34A7FC43ED030F7C1563F1BABDDF6340C82E0E54A8C5",
    isvprodid: 2,
    tcbLevels: counts.map((count, i) => ({
      tcb: { isvsvn: 8 - i },
      ...ending(count > 0 ? "OutOfDate" : "UpToDate", count),
    })),
  };
}
