import { lengthBytes } from "../../keepers/attestation/dev/der.ts";
import { elementAt, readDer, writeDer } from "./attestation/der-tree.ts";

const headerLength = (content: number): number => 1 + lengthBytes(content).length;
const entriesIndex = 5;

/** Where each entry of a revocation list begins, from the start of the list; none if the form is not that of a list. */
export function entryOffsets(crl: Uint8Array): number[] {
  try {
    const [whole, signed, entries] = [
      readDer(crl),
      readDer(elementAt(crl, [0])),
      readDer(elementAt(crl, [0, entriesIndex])),
    ];
    if (entries.tag !== 0x30) return [];
    const before = (signed.children ?? []).slice(0, entriesIndex).map((child) => writeDer(child).length);
    let offset = headerLength(whole.content.length) + headerLength(signed.content.length);
    offset += before.reduce((sum, length) => sum + length, 0) + headerLength(entries.content.length);
    return (entries.children ?? []).map((entry) => {
      const start = offset;
      offset += writeDer(entry).length;
      return start;
    });
  } catch {
    return [];
  }
}
