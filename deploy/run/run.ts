import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Address } from "viem";
import { DeploymentError } from "../parameters/network-file.ts";
import { type Contracts, runModule } from "./engine.ts";
import { jsonText, replaceFile } from "./files.ts";
import { mendJournal } from "./mend.ts";
import { openOutbox } from "./outbox.ts";
import type { Provider } from "./rpc.ts";
import { type Deployer, signingProvider } from "./signing-provider.ts";
import type { Step } from "./steps.ts";

export type RunInput = {
  readonly steps: readonly Step[];
  readonly provider: Provider;
  readonly deployer: Deployer;
  readonly chainId: number;
  /** Everything of this deployment: journals, what was signed, and later its record. */
  readonly folder: string;
  /** What must not change between two runs, by name. */
  readonly terms: Readonly<Record<string, unknown>>;
  readonly confirmations: number;
  readonly pollMs: number;
  readonly say: (line: string) => void;
  /** Most wei for a unit of gas that is signed; any, if absent. */
  readonly mostFeeWei?: bigint;
  /** Where the provider holds the deployer's key itself, nothing is signed here. */
  readonly sendsItself?: boolean;
};

/** Deploys, or goes on with what an earlier run began in the same folder. Returns all contracts by name. */
export async function runSteps(input: RunInput): Promise<Contracts> {
  const { steps, provider, deployer, folder, confirmations, pollMs, say } = input;
  keepTerms(folder, input.terms);
  const outbox = openOutbox(folder);
  const signing =
    input.sendsItself === true ? withAccount(provider, deployer.address) : signingProvider({ ...input, outbox });
  let contracts: Contracts = {};
  for (const { module, parametersOf } of steps) {
    const journal = join(folder, module.id);
    for (const line of await mendJournal({ folder: journal, outbox, provider: signing, deployer: deployer.address }))
      say(line);
    const parameters = { [module.id]: parametersOf(contracts) };
    const options = { provider: signing, deployer: deployer.address, folder: journal, confirmations, pollMs };
    contracts = { ...contracts, ...(await runModule({ module, parameters, ...options })) };
  }
  return contracts;
}

const withAccount = (provider: Provider, account: Address): Provider => ({
  request: ({ method, params = [] }) =>
    method === "eth_accounts" ? Promise.resolve([account]) : provider.request({ method, params }),
});

const termsPath = (folder: string): string => join(folder, "terms.json");

/** Writes down the terms that a deployment began under, or refuses others. Throws DeploymentError. */
export function keepTerms(folder: string, terms: RunInput["terms"]): void {
  checkTerms(folder, terms);
  if (existsSync(termsPath(folder))) return;
  mkdirSync(folder, { recursive: true });
  replaceFile(termsPath(folder), jsonText(terms));
}

/** Throws DeploymentError where a deployment was begun in this folder under other terms. Writes nothing. */
export function checkTerms(folder: string, terms: RunInput["terms"]): void {
  if (!existsSync(termsPath(folder))) return;
  const begun = JSON.parse(readFileSync(termsPath(folder), "utf8")) as unknown;
  const changed = differences(begun, JSON.parse(jsonText(terms)), "");
  if (changed.length === 0) return;
  throw new DeploymentError(
    `A deployment was begun in ${folder} under other terms. Give them back their values and run this again, or name another folder with --deployments:`,
    changed,
  );
}

function differences(begun: unknown, now: unknown, path: string): string[] {
  if (begun === now) return [];
  if (!isObject(begun) || !isObject(now)) return [`${path} was ${shown(begun)} and is ${shown(now)}.`];
  const names = [...new Set([...Object.keys(begun), ...Object.keys(now)])];
  return names.flatMap((name) => differences(begun[name], now[name], path === "" ? name : `${path}.${name}`));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const shown = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
