import { contentOf, DerError, type DerElement, derTag, parseDer, sequenceOf } from "./der.ts";
import { enumeratedOf, oidOf, smallIntegerOf } from "./der-values.ts";
import { demand } from "./evidence-error.ts";
import { parsing } from "./x509.ts";

const base = "1.2.840.113741.1.13.1";
const tcb = `${base}.2`;

/** Number of security version numbers of a platform. */
export const componentCount = 16;

/** Of which kind a machine is: one processor, or one or several with keys for the whole platform. */
export const sgxTypes = ["standard", "scalable", "scalable with integrity"] as const;

/** What Intel certifies about a machine in the PCK certificate. */
export type SgxExtension = {
  /** Names the machine; the same after every update. */
  readonly ppid: Uint8Array;
  readonly components: readonly number[];
  readonly pceSvn: number;
  readonly cpuSvn: Uint8Array;
  readonly pceId: Uint8Array;
  readonly fmspc: Uint8Array;
  readonly type: (typeof sgxTypes)[number];
};

/** Parses the value of the certificate's extension 1.2.840.113741.1.13.1. Throws an EvidenceError. */
export function parseSgxExtension(value: Uint8Array | undefined, what: string): SgxExtension {
  demand(value !== undefined, "sgx-extension", `${what} has no SGX extension.`);
  return parsing("sgx-extension", `The SGX extension of ${what}`, () => {
    const fields = fieldsOf(parseDer(value));
    const tcbFields = fieldsOf(fields.get(tcb));
    if (tcbFields.size !== componentCount + 2) throw new DerError(`Its TCB has ${tcbFields.size} fields.`);
    const type = sgxTypes[enumeratedOf(fields.get(`${base}.5`), sgxTypes.length - 1)];
    return {
      ppid: octets(fields.get(`${base}.1`), 16),
      components: Array.from({ length: componentCount }, (_, i) =>
        smallIntegerOf(tcbFields.get(`${tcb}.${i + 1}`), 255),
      ),
      pceSvn: smallIntegerOf(tcbFields.get(`${tcb}.17`), 65_535),
      cpuSvn: octets(tcbFields.get(`${tcb}.18`), 16),
      pceId: octets(fields.get(`${base}.3`), 2),
      fmspc: octets(fields.get(`${base}.4`), 6),
      type: type ?? "standard", // enumeratedOf lets no other index through
    };
  });
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
