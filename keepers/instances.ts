/** Settings of a keeper that serves several instances: what each has of its own, laid over what all share. Pure. */
import { isInstanceName } from "../sdk/client/instances.ts";

/** Settings as they were written, by name. */
export type Raw = Record<string, unknown>;

export const isRaw = (value: unknown): value is Raw =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Where an instance is: the settings of `chain` that differ from one to the next. */
export const placeNames = ["deploymentFile", "escrow", "startBlock"] as const;
/** Sections that an instance may have of its own. All others are of the process, its key or its machine. */
export const ownSections = ["jobs", "settler", "beacon", "janitor", "watchtower", "attest", "collateral"] as const;

const rawOf = (value: unknown): Raw => (isRaw(value) ? value : {});
const pick = (from: Raw, names: readonly string[]): Raw =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]] as const])));

/** An instance's own section: each of its settings replaces that of all. */
const laidOver = (base: unknown, own: unknown): unknown => (isRaw(base) && isRaw(own) ? { ...base, ...own } : own);

const settingsOfOne = (base: Raw, entry: Raw): Raw => {
  const sections = Object.entries(pick(entry, ownSections)).map(([name, own]) => [name, laidOver(base[name], own)]);
  const { deploymentFile, ...chain } = rawOf(base["chain"]);
  const ofAll = deploymentFile === undefined || entry["escrow"] !== undefined ? {} : { deploymentFile };
  const place = { ...ofAll, ...pick(entry, placeNames), instance: entry["name"] };
  return { ...base, ...Object.fromEntries(sections), chain: { ...chain, ...place } };
};

const known: readonly string[] = ["name", ...placeNames, ...ownSections];

const problemsIn = (base: Raw, entry: unknown, at: number): string[] => {
  if (!isRaw(entry)) return [`instances.${at} must hold settings by name, such as \`name:\`.`];
  const { name } = entry;
  const isNamed = typeof name === "string" && isInstanceName(name);
  const called = isNamed ? `instances.${name}` : `instances.${at}`;
  const foreign = Object.keys(entry).filter((key) => !known.includes(key));
  return [
    ...(isNamed ? [] : [`${called}.name must be 1 to 32 of a-z, 0-9, dot and hyphen.`]),
    ...foreign.map((key) =>
      base[key] === undefined
        ? `${called}.${key} is no setting of an instance: correct or remove it.`
        : `${called}.${key} is shared by all instances: set it outside of instances.`,
    ),
  ];
};

const isOfOne = (name: string): string => `chain.${name} is of one instance: set it in instances.`;

/** The settings of each instance, and what is wrong with the list. Settings without a list are those of one. */
export const splitInstances = (raw: Raw): { readonly raws: readonly Raw[]; readonly problems: readonly string[] } => {
  const { instances, ...base } = raw;
  if (instances === undefined) return { raws: [raw], problems: [] };
  if (!Array.isArray(instances) || instances.length === 0)
    return { raws: [], problems: ["instances must be a list that names at least one."] };
  const entries = instances as readonly unknown[];
  const names = entries.flatMap((entry) => (isRaw(entry) && typeof entry["name"] === "string" ? [entry["name"]] : []));
  const twice = new Set(names.filter((name, i) => names.indexOf(name) !== i));
  const problems = [
    ...["escrow", "startBlock", "instance"].flatMap((name) =>
      rawOf(base["chain"])[name] === undefined ? [] : [isOfOne(name)],
    ),
    ...entries.flatMap((entry, i) => problemsIn(base, entry, i)),
    ...[...twice].map((name) => `instances: ${name} is there twice.`),
  ];
  return { raws: entries.filter(isRaw).map((entry) => settingsOfOne(base, entry)), problems };
};
