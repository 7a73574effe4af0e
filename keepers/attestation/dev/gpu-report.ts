/** Reports of GPUs: SPDM 1.1 GET_MEASUREMENTS and MEASUREMENTS, in NVIDIA's layout, signed whatever they hold. */
import { bytesOf, concat, littleEndian, textBytes, u16 } from "./bytes.ts";
import { sign, type KeyPair, type SChoice } from "./key.ts";

export type GpuReportOptions = {
  /** P-384 key of the leaf certificate. */
  readonly key: KeyPair;
  /** 32 bytes each: of the request, and of the GPU's own. */
  readonly nonce: Uint8Array;
  readonly ownNonce: Uint8Array;
  readonly blocks: readonly Uint8Array[];
  readonly opaque: readonly Uint8Array[];
  /** All below is as it must be unless given. */
  readonly requestHead?: Uint8Array;
  readonly slot?: number;
  readonly responseHead?: Uint8Array;
  readonly blockCount?: number;
  readonly recordLength?: number;
  readonly opaqueLength?: number;
  readonly s?: SChoice;
};

/** Ways for a block to lie about itself. */
export type BlockOptions = {
  readonly specification?: number;
  readonly type?: number;
  readonly size?: number;
  readonly valueSize?: number;
};

/** One measurement in DMTF's layout: of type 1, mutable firmware, unless another is given. */
export const measurementBlock = (index: number, value: Uint8Array, options: BlockOptions = {}): Uint8Array => {
  const { specification = 1, type = 1, size = value.length + 3, valueSize = value.length } = options;
  return concat(Uint8Array.of(index, specification), u16(size), Uint8Array.of(type), u16(valueSize), value);
};

/** One of NVIDIA's opaque values; its length is its own unless given. */
export const opaqueValue = (type: number, value: Uint8Array, length = value.length): Uint8Array =>
  concat(u16(type), u16(length), value);

/** A text as NVIDIA's opaque values have it. */
export const opaqueText = (type: number, text: string): Uint8Array => opaqueValue(type, textBytes(`${text}\0`));

export const mintGpuReport = (options: GpuReportOptions): Uint8Array => {
  const { slot = 0, requestHead = bytesOf("11e001ff"), responseHead = Uint8Array.of(0x11, 0x60, 0, slot) } = options;
  const [record, opaque] = [concat(...options.blocks), concat(...options.opaque)];
  const signed = concat(
    ...[requestHead, options.nonce, Uint8Array.of(slot), responseHead],
    Uint8Array.of(options.blockCount ?? options.blocks.length),
    ...[littleEndian(options.recordLength ?? record.length, 3), record, options.ownNonce],
    ...[u16(options.opaqueLength ?? opaque.length), opaque],
  );
  return concat(signed, sign(signed, options.key, options.s));
};
