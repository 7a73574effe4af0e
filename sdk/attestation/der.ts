/** Bytes that are no strict DER, or not the DER that was expected. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** One value of DER: its tag, what it holds, and all its bytes with tag and length. */
export type DerElement = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array };

/** Tags that X.509 uses. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
  context3: 0xa3,
} as const;

/** The one element that the bytes are, with nothing after it. Throws a DerError. */
export function parseDer(bytes: Uint8Array): DerElement {
  const { element, end } = readElement(bytes, 0);
  if (end !== bytes.length) throw new DerError(`${bytes.length - end} bytes follow the end.`);
  return element;
}

/** The elements of which the content consists. Throws a DerError. */
export function elementsOf(content: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let offset = 0; offset < content.length;) {
    const { element, end } = readElement(content, offset);
    elements.push(element);
    offset = end;
  }
  return elements;
}

/** The elements of a sequence. Throws a DerError. */
export function sequenceOf(element: DerElement | undefined): DerElement[] {
  return elementsOf(contentOf(element, derTag.sequence));
}

/** What an element of this tag holds. Throws a DerError if there is none or it has another tag. */
export function contentOf(element: DerElement | undefined, tag: number): Uint8Array {
  if (element === undefined) throw new DerError("An element is missing.");
  if (element.tag !== tag) throw new DerError(`Tag 0x${hex(element.tag)} is in the place of 0x${hex(tag)}.`);
  return element.content;
}

function readElement(bytes: Uint8Array, start: number): { element: DerElement; end: number } {
  const tag = byteAt(bytes, start);
  if ((tag & 0x1f) === 0x1f) throw new DerError("It has a tag of several bytes.");
  const { length, contentStart } = readLength(bytes, start + 1);
  const end = contentStart + length;
  if (end > bytes.length) throw new DerError("It is cut off.");
  const element = { tag, content: bytes.subarray(contentStart, end), whole: bytes.subarray(start, end) };
  return { element, end };
}

/** Definite lengths in as few bytes as possible, below 2^24. */
function readLength(bytes: Uint8Array, offset: number): { length: number; contentStart: number } {
  const first = byteAt(bytes, offset);
  if (first < 0x80) return { length: first, contentStart: offset + 1 };
  const size = first - 0x80;
  if (size < 1 || size > 3) throw new DerError("A length is indefinite or too long.");
  let length = 0;
  for (let i = 1; i <= size; i++) length = 256 * length + byteAt(bytes, offset + i);
  if (length < 0x80 || length < 256 ** (size - 1)) throw new DerError("A length is not in its shortest form.");
  return { length, contentStart: offset + 1 + size };
}

function byteAt(bytes: Uint8Array, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw new DerError("It is cut off.");
  return byte;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");
