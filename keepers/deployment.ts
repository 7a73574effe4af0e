/** Where the instance is: from the settings, or from a deployment record that they name. */
import { readFileSync } from "node:fs";
import { getAddress, isAddress } from "viem";
import { z } from "zod";
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

/** Reads a deployment record; `name` says in errors where the path is from. Throws ConfigError. */
export const readDeployment = (path: string, name = "chain.deploymentFile"): Deployment => {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConfigError([
      `${name} ${path} cannot be read as JSON: ${error instanceof Error ? error.message : String(error)}.`,
    ]);
  }
  const parsed = record.safeParse(json);
  if (parsed.success) return { ...parsed.data, escrow: getAddress(parsed.data.escrow) };
  const names = parsed.error.issues.map(({ path: at }) => at.join(".")).join(", ");
  throw new ConfigError([`${name} ${path} is no deployment record: check ${names}.`]);
};

/** The deployment. Throws ConfigError for a record that cannot be used, or is of another chain. */
export const deploymentOf = ({ chain }: Pick<Settings, "chain">): Deployment => {
  if (chain.escrow !== undefined && chain.startBlock !== undefined)
    return { chainId: chain.id, escrow: chain.escrow, startBlock: BigInt(chain.startBlock) };
  if (chain.deploymentFile === undefined) throw new ConfigError(["chain.deploymentFile or chain.escrow is missing."]);
  const { chainId, escrow, startBlock } = readDeployment(chain.deploymentFile);
  if (chainId !== chain.id)
    throw new ConfigError([`chain.id is ${chain.id}, but the deployment record is of chain ${chainId}.`]);
  return { chainId, escrow, startBlock };
};
