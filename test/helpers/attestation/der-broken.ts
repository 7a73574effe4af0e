/** DER spoiled in one way each, for tests of what a strict parser refuses. */
import { concat } from "../../../keepers/attestation/dev/bytes.ts";
import { lengthBytes } from "../../../keepers/attestation/dev/der.ts";
import { readDer } from "./der-tree.ts";

const split = (der: Uint8Array): { tag: Uint8Array; content: Uint8Array } => {
  const { content } = readDer(der);
  return { tag: der.slice(0, 1), content };
};

/** The same element with its length in a long form of `width` bytes, whether that is needed or not. */
export const withLongLength = (der: Uint8Array, width: number): Uint8Array => {
  const { tag, content } = split(der);
  return concat(tag, lengthBytes(content.length, width), content);
};

/** The length says `difference` more (or fewer) bytes than there are. */
export const withWrongLength = (der: Uint8Array, difference: number): Uint8Array => {
  const { tag, content } = split(der);
  return concat(tag, lengthBytes(Math.max(0, content.length + difference)), content);
};

/** BER's indefinite form, which DER forbids. */
export const withIndefiniteLength = (der: Uint8Array): Uint8Array => {
  const { tag, content } = split(der);
  return concat(tag, Uint8Array.of(0x80), content, Uint8Array.of(0, 0));
};

/** Bytes put before the content, e.g. a needless zero before an integer. */
export const withPrefix = (der: Uint8Array, prefix: Uint8Array): Uint8Array => {
  const { tag, content } = split(der);
  return concat(tag, lengthBytes(content.length + prefix.length), prefix, content);
};

/** Bytes put after the content, inside the element. */
export const withSuffix = (der: Uint8Array, suffix: Uint8Array): Uint8Array => {
  const { tag, content } = split(der);
  return concat(tag, lengthBytes(content.length + suffix.length), content, suffix);
};

export const withTag = (der: Uint8Array, tag: number): Uint8Array => concat(Uint8Array.of(tag), der.slice(1));

export const withEmptyContent = (der: Uint8Array): Uint8Array => Uint8Array.of(der[0] ?? 0, 0);
