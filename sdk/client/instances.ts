import { type Deployment, parseDeployment } from "./deployment.ts";
import { InvalidValueError } from "../errors/invalid-value.ts";

/** A deployment record with the name of its instance, if it has one. */
export type NamedDeployment = { readonly name: string | undefined; readonly deployment: Deployment };

type Fields = Readonly<Record<string, unknown>>;

/** Names end up in options, file names, logs and metrics. */
const nameShape = /^[a-z0-9][a-z0-9.-]{0,31}$/;

/** Whether an instance can be called so: 1 to 32 of a-z, 0-9, dot and hyphen, a letter or a digit first. */
export const isInstanceName = (name: string): boolean => nameShape.test(name);

/** The instances that a record names under `instances`, or undefined where it is the record of one. Throws InvalidValueError. */
function namedIn(record: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof record !== "object" || record === null) throw new InvalidValueError("deployment", "it is not an object.");
  const { instances } = record as Fields;
  if (instances === undefined) return undefined;
  if (typeof instances !== "object" || instances === null || Array.isArray(instances))
    throw new InvalidValueError("instances", "it must hold records by name.");
  const named = new Map(Object.entries(instances));
  const wrong = [...named.keys()].find((name) => !isInstanceName(name));
  if (wrong !== undefined)
    throw new InvalidValueError("instances", `${JSON.stringify(wrong)} is no name: use a-z, 0-9, dot and hyphen.`);
  if (named.size === 0) throw new InvalidValueError("instances", "it names none.");
  return named;
}

/** A record of one instance may say its name, as `instance`; asked for another, it is not the one. */
function onlyIn(record: Fields, wanted: string | undefined): unknown {
  const { instance: name } = record;
  if (wanted === undefined || wanted === name) return record;
  const called = typeof name === "string" ? `it is called ${name}` : "it has no name";
  throw new InvalidValueError("instance", `the record is of one instance, and ${called}: ${wanted} is not there.`);
}

/**
 * The record of one instance out of what a deployment file holds: the record itself, or `{ instances: { NAME: record } }`.
 * Throws InvalidValueError for an unknown name, and where several are named and none is asked for.
 */
export function instanceIn(record: unknown, name?: string): unknown {
  const named = namedIn(record);
  if (named === undefined) return onlyIn(record as Fields, name);
  const names = [...named.keys()].join(", ");
  if (name !== undefined) {
    if (named.has(name)) return named.get(name);
    throw new InvalidValueError("instance", `${name} is not there: the record names ${names}.`);
  }
  const [first, ...others] = named.values();
  if (others.length === 0) return first;
  throw new InvalidValueError("instance", `the record names several: choose one of ${names}.`);
}

/** Every deployment of a record, in its order. Throws InvalidValueError where one is wrong, or is there twice. */
export function parseDeployments(record: unknown): readonly NamedDeployment[] {
  const names = namedIn(record)?.keys() ?? [nameOf(record as Fields)];
  const all = [...names].map((name) => ({ name, deployment: parseDeployment(instanceIn(record, name)) }));
  const seen = new Map<string, string | undefined>();
  for (const { name, deployment } of all) {
    const place = `${deployment.chainId} ${deployment.escrow}`;
    if (seen.has(place)) throw new InvalidValueError("instances", `${seen.get(place)} and ${name} have one escrow.`);
    seen.set(place, name);
  }
  return all;
}

function nameOf({ instance: name }: Fields): string | undefined {
  if (name === undefined) return undefined;
  if (typeof name === "string" && isInstanceName(name)) return name;
  throw new InvalidValueError("instance", `${JSON.stringify(name)} is no name: use a-z, 0-9, dot and hyphen.`);
}
