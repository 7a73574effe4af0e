import type { Chance } from "./chance.ts";
import { statuses } from "./model.ts";

/** A JSON object as the tests change it. */
export type JsonObject = { [key: string]: unknown };

/** How a text is made. */
export type TextOptions = {
  /** Keys in random order, and fields that nobody knows. */
  readonly wild: boolean;
};

const advisories = ["INTEL-SA-00615", "INTEL-SA-00960", "INTEL-SA-01036"];

function isoTime(chance: Chance) {
  return new Date(1_000 * chance.below(2 ** 32)).toISOString().replace(".000", "");
}

/** A value of any kind, up to `depth` objects and arrays deep. */
export function anyValue(chance: Chance, depth: number): unknown {
  const kind = chance.below(depth > 0 ? 8 : 6);
  if (kind === 0) return chance.pick([true, false, null]);
  if (kind === 1) return chance.pick([0, -1, 7, 1.5, -0.25, 1e21, 3e-7, 2 ** 40]);
  if (kind < 6) return "x".repeat(chance.below(70)) + chance.pick(["", " ", "[{,:", "]}", "~!#%"]);
  const items = Array.from({ length: chance.below(4) }, () => anyValue(chance, depth - 1));
  return kind === 6
    ? items
    : Object.fromEntries(items.map((item, i) => [`${"k".repeat(chance.below(50))}.${i}`, item]));
}

/** With fields that nobody knows, and the keys in any order. */
function wildly(chance: Chance, object: JsonObject, { wild }: TextOptions): JsonObject {
  if (!wild) return object;
  const extra = chance.oneIn(3) ? [["new.field", anyValue(chance, 4)] as const] : [];
  return Object.fromEntries(chance.shuffle([...Object.entries(object), ...extra]));
}

function component(chance: Chance, svn: number, options: TextOptions): JsonObject {
  if (!chance.oneIn(4)) return { svn };
  return wildly(chance, { svn, category: "BIOS", ...(chance.oneIn(2) ? { type: "SEAMLDR ACM" } : {}) }, options);
}

/** SVNs are mostly of one digit, as in real texts, so that levels and platforms meet often. */
export function svn(chance: Chance): number {
  return chance.oneIn(6) ? chance.below(256) : chance.below(4);
}

const components = (chance: Chance, options: TextOptions) =>
  Array.from({ length: 16 }, () => component(chance, chance.oneIn(2) ? 0 : svn(chance), options));

function level(chance: Chance, tcb: JsonObject, options: TextOptions): JsonObject {
  const tail = chance.oneIn(2) ? { advisoryIDs: advisories.slice(chance.below(3)) } : {};
  const tcbStatus = chance.pick(statuses.slice(1));
  return wildly(chance, { tcb: wildly(chance, tcb, options), tcbDate: isoTime(chance), tcbStatus, ...tail }, options);
}

const enclaveLevels = (chance: Chance, options: TextOptions) =>
  Array.from({ length: 1 + chance.below(4) }, () => level(chance, { isvsvn: svn(chance) }, options));

const measurement = (chance: Chance) => ({
  mrsigner: chance.hex(48),
  attributes: chance.hex(8),
  attributesMask: chance.pick(["FFFFFFFFFFFFFFFF", "0000000000000000", chance.hex(8)]),
});

/** A TCB info for SGX or TDX with random values. */
export function tcbInfoOf(chance: Chance, id: "SGX" | "TDX", options: TextOptions): JsonObject {
  const isTdx = id === "TDX";
  const base = measurement(chance);
  const ids = chance.shuffle(["TDX_01", "TDX_03", "TDX_0A", "tdx_fe".toUpperCase()]).slice(chance.below(4));
  const identities = ids.map((name) =>
    wildly(
      chance,
      { id: name, ...(chance.oneIn(2) ? base : measurement(chance)), tcbLevels: enclaveLevels(chance, options) },
      options,
    ),
  );
  const tcb = () => ({
    sgxtcbcomponents: components(chance, options),
    pcesvn: chance.below(chance.pick([4, 20, 65_536])),
    ...(isTdx ? { tdxtcbcomponents: components(chance, options) } : {}),
  });
  const text = {
    id,
    version: 3,
    issueDate: isoTime(chance),
    nextUpdate: isoTime(chance),
    fmspc: chance.hex(6),
    pceId: chance.hex(2),
    tcbType: 0,
    tcbEvaluationDataNumber: chance.below(chance.pick([30, 2 ** 32])),
    ...(isTdx ? { tdxModule: wildly(chance, base, options) } : {}),
    ...(isTdx && chance.below(5) > 0 ? { tdxModuleIdentities: identities } : {}),
    tcbLevels: Array.from({ length: 1 + chance.below(6) }, () => level(chance, tcb(), options)),
  };
  return wildly(chance, text, options);
}

/** The identity of a quoting enclave with random values. */
export function qeIdentityOf(chance: Chance, id: "QE" | "TD_QE", options: TextOptions): JsonObject {
  const text = {
    id,
    version: 2,
    issueDate: isoTime(chance),
    nextUpdate: isoTime(chance),
    tcbEvaluationDataNumber: chance.below(30),
    miscselect: chance.hex(4),
    miscselectMask: chance.pick(["FFFFFFFF", chance.hex(4)]),
    attributes: chance.hex(16),
    attributesMask: chance.pick(["FBFFFFFFFFFFFFFF0000000000000000", chance.hex(16)]),
    mrsigner: chance.hex(32),
    isvprodid: chance.below(65_536),
    tcbLevels: enclaveLevels(chance, options),
  };
  return wildly(chance, text, options);
}
