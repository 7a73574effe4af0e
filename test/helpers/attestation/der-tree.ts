/** Generic view of DER: a tree that can be dumped as a shape, and written again with one part changed. */
import { concat, hexOf, numberOf } from "../../../keepers/attestation/dev/bytes.ts";
import { lengthBytes } from "../../../keepers/attestation/dev/der.ts";

export type DerNode = {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Elements inside; undefined where the content is plain bytes. */
  readonly children: readonly DerNode[] | undefined;
};

const readHeader = (bytes: Uint8Array, at: number): { tag: number; start: number; end: number } => {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined) throw new RangeError(`DER ends at byte ${at}`);
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  const start = at + 2 + (first & 0x7f);
  return { tag, start, end: start + Number(numberOf(bytes.subarray(at + 2, start))) };
};

const readAll = (bytes: Uint8Array): DerNode[] => {
  const nodes: DerNode[] = [];
  for (let at = 0; at < bytes.length;) {
    const { tag, start, end } = readHeader(bytes, at);
    if (end > bytes.length) throw new RangeError(`the element at byte ${at} ends behind its parent`);
    const content = bytes.slice(start, end);
    nodes.push({ tag, content, children: (tag & 0x20) === 0 ? undefined : readAll(content) });
    at = end;
  }
  return nodes;
};

/** The one element that these bytes are. */
export const readDer = (bytes: Uint8Array): DerNode => {
  const [node, ...others] = readAll(bytes);
  if (node === undefined || others.length > 0) throw new RangeError(`${others.length + 1} elements instead of one`);
  return node;
};

export const writeDer = (node: DerNode): Uint8Array => {
  const content = node.children === undefined ? node.content : concat(...node.children.map(writeDer));
  return concat(Uint8Array.of(node.tag), lengthBytes(content.length), content);
};

/** The element at a path of child indices. */
export const elementAt = (der: Uint8Array, path: readonly number[]): Uint8Array => {
  let node = readDer(der);
  for (const index of path) {
    const child = node.children?.[index];
    if (child === undefined) throw new RangeError(`no element at path ${path.join(".")}`);
    node = child;
  }
  return writeDer(node);
};

/** The same bytes with the element at a path replaced by any bytes; lengths around it follow. */
export const replaceAt = (
  der: Uint8Array,
  path: readonly number[],
  change: (element: Uint8Array) => Uint8Array,
): Uint8Array => {
  const [index, ...rest] = path;
  if (index === undefined) return change(der);
  const { tag, children = [] } = readDer(der);
  if (children[index] === undefined) throw new RangeError(`no element at path ${path.join(".")}`);
  const parts = children.map((child, i) => (i === index ? replaceAt(writeDer(child), rest, change) : writeDer(child)));
  const content = concat(...parts);
  return concat(Uint8Array.of(tag), lengthBytes(content.length), content);
};

/** Tags whose bytes are part of the shape: two certificates of one kind carry the same. */
const fixedTags = new Set([0x01, 0x06, 0x0a, 0x0c, 0x13]);

const nested = (node: DerNode): DerNode | undefined => {
  if (node.tag !== 0x04) return undefined;
  try {
    return readDer(node.content);
  } catch {
    return undefined;
  }
};

/**
 * One line for each element: depth, tag, and the bytes of identifiers, names, booleans. Looks into octet strings, but not
 * into those within: random bytes there may look like DER.
 */
export const shapeOf = (der: Uint8Array): string[] => {
  const lines: string[] = [];
  const visit = (node: DerNode, depth: number, isNested: boolean): void => {
    const tag = node.tag.toString(16).padStart(2, "0");
    lines.push(`${" ".repeat(depth)}${tag}${fixedTags.has(node.tag) ? ` ${hexOf(node.content)}` : ""}`);
    const inner = isNested ? undefined : nested(node);
    if (inner !== undefined) visit(inner, depth + 1, true);
    for (const child of node.children ?? []) visit(child, depth + 1, isNested);
  };
  visit(readDer(der), 0, false);
  return lines;
};
