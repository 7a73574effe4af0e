import { contentOf, DerError, type DerElement, derTag, parseDer, sequenceOf } from "./der.ts";
import { booleanOf, enumeratedOf, oidOf, smallIntegerOf } from "./der-values.ts";
import { demand } from "./evidence-error.ts";
import { parsing } from "./x509.ts";

const base = "1.2.840.113741.1.13.1";
const tcb = `${base}.2`;

/** Number of security version numbers of a platform. */
export const componentCount = 16;

/** Of which kind a machine is: one processor, or one or several with keys for the whole platform. */
const sgxTypes = ["standard", "scalable", "scalable with integrity"] as const;

/** What Intel certifies about a machine in the PCK certificate. */
export type SgxExtension = {
  /** Names the machine; the same after every update. */
  readonly ppid: Uint8Array;
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: Uint8Array;
  readonly pceId: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly type: (typeof sgxTypes)[number] | "unknown";
};

/** Parses the value of the certificate's extension 1.2.840.113741.1.13.1. Throws an EvidenceError. */
export function parseSgxExtension(value: Uint8Array | undefined, what: string): SgxExtension {
  demand(value !== undefined, "sgx-extension", `${what} has no SGX extension.`);
  return parsing("sgx-extension", `The SGX extension of ${what}`, () => {
    const fields = fieldsOf(parseDer(value));
    const tcbFields = fieldsOf(fields.get(tcb));
    if (tcbFields.size !== componentCount + 2) throw new DerError(`Its TCB has ${tcbFields.size} fields.`);
    checkOptional(fields);
    return {
      ppid: octets(fields.get(`${base}.1`), 16),
      components: Array.from({ length: componentCount }, (_, i) =>
        smallIntegerOf(tcbFields.get(`${tcb}.${i + 1}`), 255),
      ),
      pceSvn: smallIntegerOf(tcbFields.get(`${tcb}.17`), 65_535),
      cpuSvn: octets(tcbFields.get(`${tcb}.18`), 16),
      pceId: octets(fields.get(`${base}.3`), 2),
      fmspc: octets(fields.get(`${base}.4`), 6),
      type: sgxTypes[enumeratedOf(fields.get(`${base}.5`), 255)] ?? "unknown",
    };
  });
}

/** Of the Platform CA: 6 instance of the platform, 7 flags. Nothing else is known. */
function checkOptional(fields: Map<string, DerElement>): void {
  refuseOthers(fields, base, 7);
  const [instance, flags] = [fields.get(`${base}.6`), fields.get(`${base}.7`)];
  if (instance !== undefined) octets(instance, 16);
  if (flags === undefined) return;
  const flagFields = fieldsOf(flags);
  refuseOthers(flagFields, `${base}.7`, 3);
  for (const flag of flagFields.values()) booleanOf(flag);
}

/** Throws a DerError if there are other fields than `prefix.1` to `prefix.last`. */
function refuseOthers(fields: Map<string, DerElement>, prefix: string, last: number): void {
  const known = Array.from({ length: last }, (_, i) => `${prefix}.${i + 1}`);
  for (const oid of fields.keys()) if (!known.includes(oid)) throw new DerError(`Field ${oid} is not known.`);
}

/** SEQUENCE OF SEQUENCE { object identifier, value } as a map. Throws a DerError if an identifier comes twice. */
function fieldsOf(list: DerElement | undefined): Map<string, DerElement> {
  const fields = new Map<string, DerElement>();
  for (const field of sequenceOf(list)) {
    const [name, value, ...rest] = sequenceOf(field);
    const oid = oidOf(name);
    if (value === undefined || rest.length > 0) throw new DerError(`Field ${oid} is not one value.`);
    if (fields.has(oid)) throw new DerError(`Field ${oid} comes twice.`);
    fields.set(oid, value);
  }
  return fields;
}

function octets(element: DerElement | undefined, length: number): Uint8Array {
  const content = contentOf(element, derTag.octetString);
  if (content.length !== length) throw new DerError(`${content.length} bytes are in the place of ${length}.`);
  return content;
}
