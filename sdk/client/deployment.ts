import { type Address, getAddress, isAddress } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";

/** Where an instance of the network is. `deployedAtBlock` is a block not after its deployment. */
export type Deployment = {
  readonly chainId: bigint;
  readonly escrow: Address;
  readonly nodeRegistry: Address;
  readonly taskRegistry: Address;
  readonly beacon: Address;
  /** The payment token. */
  readonly token: Address;
  /** The stake and governance token. */
  readonly atoma: Address;
  /** Access manager of the parameters. */
  readonly authority: Address;
  readonly deployedAtBlock: bigint;
};

const addressFields = ["escrow", "nodeRegistry", "taskRegistry", "beacon", "token", "atoma", "authority"] as const;

/**
 * Reads a deployment record, as JSON holds it: addresses, and numbers as numbers or decimal strings. Throws
 * InvalidValueError that names the first field that is missing or wrong.
 */
export function parseDeployment(record: unknown): Deployment {
  if (typeof record !== "object" || record === null) throw new InvalidValueError("deployment", "it is not an object.");
  const fields = record as Readonly<Record<string, unknown>>;
  const addresses = addressFields.map((name) => [name, parseAddress(name, fields[name])] as const);
  const chainId = parseInteger("chainId", fields["chainId"]);
  if (chainId === 0n) throw new InvalidValueError("chainId", "it is 0.");
  const deployedAtBlock = parseInteger("deployedAtBlock", fields["deployedAtBlock"]);
  // one entry per name of the list
  return {
    ...(Object.fromEntries(addresses) as Pick<Deployment, (typeof addressFields)[number]>),
    chainId,
    deployedAtBlock,
  };
}

function parseAddress(name: string, value: unknown): Address {
  if (typeof value === "string" && isAddress(value)) return getAddress(value);
  throw new InvalidValueError(name, `${String(value)} is not an address with a right checksum.`);
}

function parseInteger(name: string, value: unknown): bigint {
  if (typeof value === "bigint" && value >= 0n) return value;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return BigInt(value);
  if (typeof value === "string" && /^(0|[1-9][0-9]*)$/.test(value)) return BigInt(value);
  throw new InvalidValueError(name, `${String(value)} is not a whole number.`);
}
