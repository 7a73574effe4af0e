/** Intel's extension of PCK certificates: which machine, which FMSPC, which TCB. */
import { boolean, enumerated, integer, octetString, oid, sequence } from "./der.ts";
import { extension } from "./extensions.ts";

export const sgxExtensionId = "1.2.840.113741.1.13.1";

export type SgxConfiguration = {
  readonly dynamicPlatform: boolean;
  readonly cachedKeys: boolean;
  readonly smtEnabled: boolean;
};

export type SgxExtension = {
  /** 16 bytes. */
  readonly ppid: Uint8Array;
  /** 16 numbers up to 255. */
  readonly components: readonly number[];
  readonly pceSvn: number;
  /** 16 bytes. */
  readonly cpuSvn: Uint8Array;
  /** 2 bytes. */
  readonly pceId: Uint8Array;
  /** 6 bytes. */
  readonly fmspc: Uint8Array;
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  readonly sgxType: number;
  /** 16 bytes; only certificates of the Platform CA have it. */
  readonly platformInstanceId?: Uint8Array;
  /** Only certificates of the Platform CA have it. */
  readonly configuration?: SgxConfiguration;
};

const entry = (suffix: string, value: Uint8Array): Uint8Array => sequence(oid(`${sgxExtensionId}.${suffix}`), value);

const tcb = ({ components, pceSvn, cpuSvn }: SgxExtension): Uint8Array =>
  sequence(
    ...components.map((svn, i) => entry(`2.${i + 1}`, integer(svn))),
    entry("2.17", integer(pceSvn)),
    entry("2.18", octetString(cpuSvn)),
  );

const configurationOf = ({ dynamicPlatform, cachedKeys, smtEnabled }: SgxConfiguration): Uint8Array =>
  sequence(
    entry("7.1", boolean(dynamicPlatform)),
    entry("7.2", boolean(cachedKeys)),
    entry("7.3", boolean(smtEnabled)),
  );

/** The list inside the extension. */
export const sgxExtensionValue = (fields: SgxExtension): Uint8Array =>
  sequence(
    entry("1", octetString(fields.ppid)),
    entry("2", tcb(fields)),
    entry("3", octetString(fields.pceId)),
    entry("4", octetString(fields.fmspc)),
    entry("5", enumerated(fields.sgxType)),
    ...(fields.platformInstanceId === undefined ? [] : [entry("6", octetString(fields.platformInstanceId))]),
    ...(fields.configuration === undefined ? [] : [entry("7", configurationOf(fields.configuration))]),
  );

export const sgxExtension = (fields: SgxExtension): Uint8Array => extension(sgxExtensionId, sgxExtensionValue(fields));
