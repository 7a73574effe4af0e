import { concat, type Hex, numberToHex, size } from "viem";
import { z } from "zod";

/** Statuses by their numbers on chain. */
export const statuses = [
  "",
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

const whole = (most: number) => z.number().int().nonnegative().max(most);
const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-fA-F]{${2 * bytes}}$`))
    .transform((digits): Hex => `0x${digits.toLowerCase()}`);
const isTime = (text: string) => {
  const date = new Date(text);
  return date.getTime() >= 0 && date.toISOString() === text.replace("Z", ".000Z"); // the time of no date is no number
};
const time = z
  .string()
  .refine((text) => /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(text) && isTime(text))
  .transform((text) => Date.parse(text) / 1_000);
const status = z
  .string()
  .transform((name) => statuses.findIndex((known) => known === name))
  .refine((number) => number > 0);
const components = z
  .array(z.object({ svn: whole(255) }))
  .length(16)
  .transform((items) => items.map((item) => item.svn));

const sgxTcb = z.object({ sgxtcbcomponents: components, pcesvn: whole(65_535) });
const none = z.undefined().optional();
const sgxLevel = z.object({ tcb: sgxTcb.extend({ isvsvn: none, tdxtcbcomponents: none }), tcbStatus: status });
const tdxLevel = z.object({ tcb: sgxTcb.extend({ isvsvn: none, tdxtcbcomponents: components }), tcbStatus: status });
const enclaveLevel = z.object({
  tcb: z.object({ isvsvn: whole(65_535), sgxtcbcomponents: none, tdxtcbcomponents: none, pcesvn: none }),
  tcbStatus: status,
});
const enclaveLevels = z.array(enclaveLevel).min(1).max(32);
const measurement = z.object({ mrsigner: hexOf(48), attributes: hexOf(8), attributesMask: hexOf(8) });
const identity = measurement.extend({
  id: z
    .string()
    .regex(/^TDX_[0-9a-fA-F]{2}$/)
    .transform((id) => parseInt(id.slice(4), 16)),
  tcbLevels: enclaveLevels,
});
const dates = { issueDate: time, nextUpdate: time, tcbEvaluationDataNumber: whole(2 ** 32 - 1) };
const common = { version: z.literal(3), fmspc: hexOf(6), pceId: hexOf(2), tcbType: z.literal(0), ...dates };

/** A TCB info as JSON.parse gives it. What a level, a module or an identity has beside the known fields is dropped. */
export const tcbInfoSchema = z.discriminatedUnion("id", [
  z.object({
    ...common,
    id: z.literal("SGX"),
    tcbLevels: z.array(sgxLevel).min(1).max(64),
    tdxModule: none,
    tdxModuleIdentities: none,
  }),
  z.object({
    ...common,
    id: z.literal("TDX"),
    tcbLevels: z.array(tdxLevel).min(1).max(64),
    tdxModule: measurement.extend({ id: none, tcbLevels: none }),
    tdxModuleIdentities: z
      .array(identity)
      .min(1)
      .max(16)
      .refine((items) => new Set(items.map((item) => item.id)).size === items.length)
      .optional(),
  }),
]);

/** The identity of a quoting enclave as JSON.parse gives it. */
export const qeIdentitySchema = z.object({
  ...dates,
  id: z.enum(["QE", "TD_QE"]),
  version: z.literal(2),
  miscselect: hexOf(4),
  miscselectMask: hexOf(4),
  attributes: hexOf(16),
  attributesMask: hexOf(16),
  mrsigner: hexOf(32),
  isvprodid: whole(65_535),
  tcbLevels: enclaveLevels,
});

export type TcbInfo = z.infer<typeof tcbInfoSchema>;
export type PlatformLevel = TcbInfo["tcbLevels"][number];
export type QeIdentity = z.infer<typeof qeIdentitySchema>;
export type EnclaveLevel = z.infer<typeof enclaveLevel>;
type Measurement = z.infer<typeof measurement>;

const int = (value: number, bytes: number) => numberToHex(value, { size: bytes });
const bytesOf = (values: readonly number[]) => concat(values.map((value) => int(value, 1)));
const packEnclave = (levels: readonly EnclaveLevel[]) =>
  concat(levels.map((level) => concat([int(level.tcb.isvsvn, 2), int(level.tcbStatus, 1)])));
const packMeasurement = (m: Measurement) => concat([m.mrsigner, m.attributes, m.attributesMask]);

function packPlatform(info: TcbInfo) {
  const levels = info.tcbLevels.map(({ tcb, tcbStatus }) =>
    concat([
      bytesOf(tcb.sgxtcbcomponents),
      ...(tcb.tdxtcbcomponents === undefined ? [] : [bytesOf(tcb.tdxtcbcomponents)]),
      int(tcb.pcesvn, 2),
      int(tcbStatus, 1),
    ]),
  );
  return concat(levels);
}

/** Identities packed from the offset `place` on; `base` is where tdxModule is, if it is packed already. */
function packIdentities(info: TcbInfo, place: number, base: number | undefined) {
  const packed: Hex[] = [];
  for (const identity of info.tdxModuleIdentities ?? []) {
    const levels = packEnclave(identity.tcbLevels);
    const own = packMeasurement(identity);
    const shared = base !== undefined && info.tdxModule !== undefined && own === packMeasurement(info.tdxModule);
    const behindLevels = place + 6 + size(levels);
    const next = behindLevels + (shared ? 0 : 64);
    const head = [int(identity.id, 1), int(identity.tcbLevels.length, 1), int(shared ? base : behindLevels, 2)];
    packed.push(...head, int(next, 2), levels, ...(shared ? [] : [own]));
    place = next;
  }
  return concat(packed);
}

/** The record that the contract makes of a TCB info whose keys come in the order `keys`. */
export function packTcbInfo(info: TcbInfo, keys: readonly string[]): Hex {
  const place = { tcbLevels: 0, tdxModule: 0, tdxModuleIdentities: 0 };
  let body: Hex = "0x";
  for (const key of keys) {
    if (!(key in place)) continue;
    const end = 9 + size(body);
    if (key === "tcbLevels") body = concat([body, packPlatform(info)]);
    else if (key === "tdxModule" && info.tdxModule !== undefined)
      body = concat([body, packMeasurement(info.tdxModule)]);
    else body = concat([body, packIdentities(info, end, place.tdxModule || undefined)]);
    place[key as keyof typeof place] = end;
  }
  const counts = [int(info.tcbLevels.length, 1), int(info.tdxModuleIdentities?.length ?? 0, 1)] as const;
  const places = [int(place.tcbLevels, 2), int(place.tdxModule, 2), int(place.tdxModuleIdentities, 2)] as const;
  return concat(["0x00", places[0], counts[0], places[1], places[2], counts[1], body]);
}

/** The record that the contract makes of an identity. */
export function packQeIdentity(qe: QeIdentity): Hex {
  const fields = [qe.miscselect, qe.miscselectMask, qe.attributes, qe.attributesMask, qe.mrsigner] as const;
  return concat(["0x00", int(qe.tcbLevels.length, 1), ...fields, int(qe.isvprodid, 2), packEnclave(qe.tcbLevels)]);
}
