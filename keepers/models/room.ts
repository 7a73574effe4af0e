/** Which models have to go for another one to fit: a plan, made before anything is removed or downloaded. */

/** A model in the cache. */
export type Kept = {
  readonly digest: string;
  /** Unix milliseconds. */
  readonly usedMs: number;
  /** Pinned, or linked to from outside the cache: it stays. */
  readonly isFixed: boolean;
  /** sha256 of its files. */
  readonly files: readonly string[];
};

export type RoomInput = {
  /** The model to come: length of each file by its sha256. */
  readonly wanted: ReadonlyMap<string, number>;
  /** Bytes on the disk by sha256, of whole files and of parts. */
  readonly held: ReadonlyMap<string, number>;
  /** All others. */
  readonly models: readonly Kept[];
  readonly limitBytes: number;
  /** Free on the disk, beyond what must stay free. */
  readonly freeBytes: number;
};

export type Room =
  /** These models go, and these files with them. */
  | { readonly kind: "fits"; readonly evict: readonly string[]; readonly drop: readonly string[] }
  | {
      readonly kind: "tooSmall";
      readonly what: "limit" | "disk";
      readonly neededBytes: number;
      readonly haveBytes: number;
    };

const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

/** Plans the room. Files of no model go first, then models, the least recently used first, as few as will do. */
export const planRoom = ({ wanted, held, models, limitBytes, freeBytes }: RoomInput): Room => {
  const wantedBytes = sum(wanted.values());
  const missingBytes = wantedBytes - sum([...wanted].map(([sha256, bytes]) => Math.min(held.get(sha256) ?? 0, bytes)));
  const others = [...held].filter(([sha256]) => !wanted.has(sha256));
  const allBytes = sum(others.map(([, bytes]) => bytes));

  if (wantedBytes + allBytes <= limitBytes && missingBytes <= freeBytes) return { kind: "fits", evict: [], drop: [] };

  const staying = [...models].sort((a, b) => Number(b.isFixed) - Number(a.isFixed) || b.usedMs - a.usedMs);
  const evict: string[] = [];
  for (;;) {
    const kept = new Set(staying.flatMap(({ files }) => files));
    const keptBytes = sum(others.flatMap(([name, bytes]) => (kept.has(name) ? [bytes] : [])));
    const limitLeft = limitBytes - keptBytes;
    const diskLeft = freeBytes + allBytes - keptBytes;
    if (wantedBytes <= limitLeft && missingBytes <= diskLeft)
      return { kind: "fits", evict, drop: others.flatMap(([name]) => (kept.has(name) ? [] : [name])) };
    const last = staying.pop();
    if (last !== undefined && !last.isFixed) evict.push(last.digest);
    else if (wantedBytes > limitLeft)
      return { kind: "tooSmall", what: "limit", neededBytes: wantedBytes, haveBytes: limitLeft };
    else return { kind: "tooSmall", what: "disk", neededBytes: missingBytes, haveBytes: diskLeft };
  }
};
