/**
 * Configuration: one YAML file, overridden by the environment. The only place that reads the environment. All errors are
 * reported together, one sentence each.
 */
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { isRaw, type ownSections, type placeNames, type Raw, splitInstances } from "./instances.ts";
import { environmentPrefix as prefix, problemsAcross } from "./settings-checks.ts";
import {
  filePaths,
  type JobName,
  listFilePaths,
  secretPaths,
  type Settings,
  type SettingsInput,
  settingsSchema,
} from "./settings.ts";

/** The configuration cannot be used; `problems` has one sentence for each thing that is wrong. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `The configuration has ${problems.length === 1 ? "a problem" : `${problems.length} problems`}:\n  ${problems.join("\n  ")}`,
    );
    this.problems = problems;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

const snake = (name: string): string => name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();

const objectOf = (schema: unknown): z.ZodObject | undefined => {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return objectOf(schema.def.innerType);
  return undefined;
};

/** The environment variable of every setting, with its path. */
export const environmentNames: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(settingsSchema.shape).flatMap(([section, schema]): (readonly [string, readonly string[]])[] => {
    const fields = objectOf(schema);
    if (fields === undefined) return [[prefix + snake(section), [section]]];
    return Object.keys(fields.shape).map((name) => [`${prefix}${snake(section)}_${snake(name)}`, [section, name]]);
  }),
);

/** The file's content with every scalar as text, so that no address or key is ever taken for a number. */
const parseYaml = (yaml: string): Raw => {
  let raw: unknown;
  try {
    raw = parse(yaml, { schema: "failsafe", maxAliasCount: 0 });
  } catch (error) {
    throw new ConfigError([
      `The file is not YAML: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`,
    ]);
  }
  if (raw === null || raw === undefined || raw === "") return {};
  if (!isRaw(raw)) throw new ConfigError(["The file must hold settings by name, such as `chain:`."]);
  return raw;
};

const secretsInFile = (raw: Raw): string[] =>
  secretPaths.flatMap(([section, name]) => {
    const holders = [raw, ...(Array.isArray(raw["instances"]) ? (raw["instances"] as unknown[]) : [])].filter(isRaw);
    const isThere = ({ [section]: fields }: Raw): boolean => isRaw(fields) && fields[name] !== undefined;
    if (!holders.some(isThere)) return [];
    return [
      `${section}.${name} is a secret and must not be in the file: set ${prefix}${snake(section)}_${snake(name)}.`,
    ];
  });

const withPath = (raw: Raw, [section = "", name]: readonly string[], value: string): Raw => {
  if (name === undefined) return { ...raw, [section]: value };
  const fields = raw[section];
  return { ...raw, [section]: { ...(isRaw(fields) ? fields : {}), [name]: value } };
};

const withEnvironment = (raw: Raw, env: Environment): { raw: Raw; unknown: string[] } => {
  const set = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(prefix) && value !== undefined ? [[name, value] as const] : [],
  );
  const unknown = set.flatMap(([name]) =>
    environmentNames.has(name) ? [] : [`${name} is no setting: correct or unset it.`],
  );
  const merged = set.reduce((acc, [name, value]) => {
    const path = environmentNames.get(name);
    return path === undefined ? acc : withPath(acc, path, value);
  }, raw);
  return { raw: merged, unknown };
};

const isPath = (value: unknown): value is string =>
  typeof value === "string" && value.trim() !== "" && value !== ":memory:";

const withAbsolutePaths = (raw: Raw, folder: string): Raw => {
  const absolute = (fields: Raw, name: string): Raw => {
    const value = fields[name];
    return isPath(value) ? { ...fields, [name]: resolve(folder, value.trim()) } : fields;
  };
  const single = filePaths.reduce((acc, [section, name]) => {
    const fields = acc[section];
    return isRaw(fields) ? { ...acc, [section]: absolute(fields, name) } : acc;
  }, raw);
  return listFilePaths.reduce((acc, [section, name]) => {
    const items: unknown = acc[section];
    if (!Array.isArray(items)) return acc;
    return { ...acc, [section]: items.map((item: unknown) => (isRaw(item) ? absolute(item, name) : item)) };
  }, single);
};

type Issue = z.core.$ZodIssue;

/** A union reports every branch; the branch that the value was meant for says most. */
const sentencesOf = (issue: Issue, parent: readonly PropertyKey[] = []): string[] => {
  const path = [...parent, ...issue.path].map(String).join(".");
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((name) => `${path === "" ? name : `${path}.${name}`} is no setting: correct or remove it.`);
  const isMissing = issue.code === "invalid_type" && issue.input === undefined;
  const message = issue.message.startsWith("must ")
    ? issue.message
    : isMissing
      ? "is missing"
      : `is invalid (${issue.message})`;
  return [`${path} ${isMissing && message.startsWith("must ") ? `is missing: it ${message}` : message}.`];
};

type Parsed = { readonly settings?: Settings; readonly problems: readonly string[] };

const parseOne = (raw: unknown): Parsed => {
  const result = settingsSchema.safeParse(raw, { reportInput: true });
  if (!result.success) return { problems: result.error.issues.flatMap((issue) => sentencesOf(issue)) };
  const settings = result.data;
  return { settings, problems: problemsAcross(settings) };
};

/** What is wrong with all is said once; what is wrong with some, with their names. */
const problemsOf = (raws: readonly Raw[], all: readonly Parsed[]): string[] => {
  const nameOf = (i: number): string => String((raws[i]?.["chain"] as Raw | undefined)?.["instance"]);
  return [...new Set(all.flatMap(({ problems }) => problems))].map((problem) => {
    const ids = all.flatMap(({ problems }, i) => (problems.includes(problem) ? [i] : []));
    return ids.length === all.length ? problem : `In instance ${ids.map(nameOf).join(", ")}: ${problem}`;
  });
};

/** Settings of each instance, from raw values. Throws ConfigError with all problems at once. */
const parseSettings = (raws: readonly Raw[], already: readonly string[]): readonly Settings[] => {
  const all = raws.map(parseOne);
  const problems = [...already, ...problemsOf(raws, all)];
  if (problems.length > 0) throw new ConfigError(problems);
  return all.flatMap(({ settings }) => settings ?? []);
};

/** The settings of the one instance, or of the one with this name. Throws ConfigError, which names all. */
export const chooseSettings = (all: readonly Settings[], name?: string): Settings => {
  const names = all.flatMap(({ chain: { instance } }) => instance ?? []);
  const [first, ...others] = name === undefined ? all : all.filter(({ chain }) => chain.instance === name);
  if (first !== undefined && others.length === 0) return first;
  const which = name === undefined ? "The settings name several instances" : `The settings name no instance ${name}`;
  throw new ConfigError([
    names.length === 0
      ? `${which}: leave --instance and ATOMA_INSTANCE away.`
      : `${which}: choose one of ${names.join(", ")} by --instance.`,
  ]);
};

type ChainInput = SettingsInput["chain"];
/** Settings as they may be written for several instances. */
export type InstancesInput = Omit<SettingsInput, "jobs"> &
  Partial<Pick<SettingsInput, "jobs">> & {
    readonly instances: readonly ({ readonly name: string } & Partial<Pick<ChainInput, (typeof placeNames)[number]>> &
      Partial<Pick<SettingsInput, (typeof ownSections)[number]>>)[];
  };

/** Settings written in a program: the same checks, no file and no environment. */
export const settingsOf = (input: SettingsInput): Settings => chooseSettings(parseSettings([input], []));

/** The same for several instances. */
export const instancesOf = (input: InstancesInput): readonly Settings[] => {
  const { raws, problems } = splitInstances(input);
  return parseSettings(raws, problems);
};

type LoadOptions = { readonly env?: Environment; readonly jobs?: readonly JobName[] };

/**
 * Reads the file of settings and the environment, which overrides what stands outside of `instances`; `jobs` replace all
 * of theirs. Settings of each instance. Throws ConfigError. Relative paths are those of the file's folder.
 */
export const loadInstances = (file: string, { env = process.env, jobs }: LoadOptions = {}): readonly Settings[] => {
  let yaml: string;
  try {
    yaml = readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigError([
      `The file ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`,
    ]);
  }
  const fromFile = parseYaml(yaml);
  const { raw, unknown } = withEnvironment(fromFile, env);
  const { raws, problems } = splitInstances(raw);
  const chosen = raws.map((one) => (jobs === undefined || jobs.length === 0 ? one : { ...one, jobs: [...jobs] }));
  const folder = dirname(resolve(file));
  return parseSettings(
    chosen.map((one) => withAbsolutePaths(one, folder)),
    [...secretsInFile(fromFile), ...unknown, ...problems],
  );
};

/** The same for one instance: the only one, or the one with this name. */
export const loadSettings = (file: string, options: LoadOptions & { readonly instance?: string } = {}): Settings =>
  chooseSettings(loadInstances(file, options), options.instance);

/** What the program `atoma` takes from the environment. Empty text counts as unset. */
export type CliEnvironment = {
  readonly rpc: string | undefined;
  readonly deployment: string | undefined;
  /** Which of the instances that the deployment file names. */
  readonly instance: string | undefined;
  readonly keystore: string | undefined;
  readonly passwordFile: string | undefined;
  readonly privateKey: string | undefined;
  /** Of a node's hot key, for its consent. */
  readonly signerPrivateKey: string | undefined;
  /** Folder of caches. */
  readonly cacheHome: string;
};

/** Reads the environment of the program `atoma`. */
export const readCliEnvironment = (env: Environment = process.env): CliEnvironment => {
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  return {
    rpc: text("ATOMA_RPC"),
    deployment: text("ATOMA_DEPLOYMENT"),
    instance: text("ATOMA_INSTANCE"),
    keystore: text("ATOMA_KEYSTORE"),
    passwordFile: text("ATOMA_PASSWORD_FILE"),
    privateKey: text("ATOMA_PRIVATE_KEY"),
    signerPrivateKey: text("ATOMA_SIGNER_PRIVATE_KEY"),
    cacheHome: text("XDG_CACHE_HOME") ?? resolve(homedir(), ".cache"),
  };
};
