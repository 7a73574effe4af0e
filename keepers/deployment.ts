/** Where the instance is: from the settings, or from a deployment record that they name. */
import { readFileSync } from "node:fs";
import { getAddress, isAddress } from "viem";
import { z } from "zod";
import { instanceIn } from "../sdk/client/instances.ts";
import { InvalidValueError } from "../sdk/errors/invalid-value.ts";
import type { Deployment } from "./chain/instance.ts";
import { ConfigError } from "./config.ts";
import type { Settings } from "./settings.ts";

const address = z
  .string()
  .refine((value) => isAddress(value, { strict: false }))
  .transform((value) => getAddress(value));

const record = z.object({
  governor: address.optional(),
  emissions: address.optional(),
  authorityBlock: z.coerce.bigint().nonnegative().optional(),
  chainId: z.coerce.number().int().positive(),
  escrow: z.string().refine((value) => isAddress(value, { strict: false })),
  startBlock: z.coerce.bigint().nonnegative(),
});

type RecordOptions = {
  /** Where the path is from, for errors. */
  readonly from?: string;
  /** Which instance, where the file names several. */
  readonly instance?: string | undefined;
  /** The instance's name is the reader's own: a record of one instance that says none may be meant. */
  readonly isLabel?: boolean;
};

const isUnnamed = (json: unknown): boolean =>
  typeof json === "object" && json !== null && !("instances" in json) && !("instance" in json);

const pick = (json: unknown, at: string, { instance, isLabel = false }: RecordOptions): object => {
  try {
    const one = instanceIn(json, isLabel && isUnnamed(json) ? undefined : instance);
    return typeof one === "object" && one !== null ? one : {};
  } catch (error) {
    if (error instanceof InvalidValueError) throw new ConfigError([`${at}: ${error.message}`]);
    throw error;
  }
};

/** Reads a deployment record, of one instance or of several by name. Throws ConfigError. */
export const readDeployment = (path: string, options: RecordOptions = {}): Deployment => {
  const at = `${options.from ?? "chain.deploymentFile"} ${path}`;
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigError([`${at} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}.`]);
  }
  const one = pick(json, at, options);
  const parsed = record.safeParse("deployedAtBlock" in one ? { startBlock: one.deployedAtBlock, ...one } : one);
  if (parsed.success) return { ...parsed.data, escrow: getAddress(parsed.data.escrow) };
  const names = parsed.error.issues.map(({ path: where }) => where.join(".")).join(", ");
  throw new ConfigError([`${at} is no deployment record: check ${names}.`]);
};

/** The deployment. Throws ConfigError for a record that cannot be used, or is of another chain. */
export const deploymentOf = ({ chain }: Pick<Settings, "chain">): Deployment => {
  if (chain.escrow !== undefined && chain.startBlock !== undefined)
    return { chainId: chain.id, escrow: chain.escrow, startBlock: BigInt(chain.startBlock) };
  if (chain.deploymentFile === undefined) throw new ConfigError(["chain.deploymentFile or chain.escrow is missing."]);
  const { chainId, escrow, startBlock } = readDeployment(chain.deploymentFile, {
    instance: chain.instance,
    isLabel: true,
  });
  if (chainId !== chain.id)
    throw new ConfigError([`chain.id is ${chain.id}, but the deployment record is of chain ${chainId}.`]);
  return { chainId, escrow, startBlock };
};
