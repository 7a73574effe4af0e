/** Random damage to evidence. */
import { concat } from "../../../keepers/attestation/dev/bytes.ts";
import type { Random } from "../../../keepers/attestation/dev/random.ts";

/** One to three random changes: a byte replaced, bytes left out, put in or repeated, the end cut off. */
export const mutate = (random: Random, bytes: Uint8Array): Uint8Array => {
  let changed = bytes;
  for (let left = random.integer(1, 3); left > 0; left--) changed = mutateOnce(random, changed);
  return changed;
};

const mutateOnce = (random: Random, bytes: Uint8Array): Uint8Array => {
  const at = random.integer(0, Math.max(0, bytes.length - 1));
  const to = at + random.integer(1, 8);
  const edges = Uint8Array.of(0, 1, 0x7f, 0x80, 0x81, 0x82, 0xff, 0x30);
  switch (random.integer(0, 5)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return concat(bytes.slice(0, at), bytes.slice(to));
    case 2:
      return concat(bytes.slice(0, at), random.bytes(random.integer(1, 8)), bytes.slice(at));
    case 3:
      return concat(bytes.slice(0, to), bytes.slice(at));
    case 4:
      return concat(bytes.slice(0, at), edges.slice(random.integer(0, 7)).slice(0, 1), bytes.slice(at + 1));
    default:
      return concat(bytes.slice(0, at), random.bytes(1), bytes.slice(at + 1));
  }
};
