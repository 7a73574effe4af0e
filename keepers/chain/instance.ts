/** The instance of the network that a keeper serves: one escrow address, from which everything else follows. */
import { type Address, BaseError, getAddress, isAddressEqual, type PublicClient, zeroAddress } from "viem";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import type { DrandNetwork } from "../../sdk/drand/types.ts";
import { WrongChainError } from "../runtime/errors.ts";
import { isRevert } from "../runtime/reverts.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { makePublicClient, rpcErrorIn } from "../runtime/viem-client.ts";

/** Where an instance is; `startBlock` is a block not after its deployment. */
export type Deployment = {
  readonly chainId: number;
  readonly escrow: Address;
  readonly startBlock: bigint;
  /** Of records that say what governs the instance, and a block not after the first event of its access manager. */
  readonly governor?: Address | undefined;
  readonly emissions?: Address | undefined;
  readonly authorityBlock?: bigint | undefined;
};

/** An instance with what its escrow names, all of it fixed for good. */
export type Instance = Deployment & {
  readonly nodeRegistry: Address;
  readonly taskRegistry: Address;
  readonly beacon: Address;
  readonly treasury: Address;
  readonly disputes: Address;
  /** Whose keys live in TEEs. */
  readonly teeRegistry: Address;
  /** Verifies quotes; holds certificates of machines. */
  readonly quoteVerifier: Address;
  /** Holds what Intel signs about all machines. */
  readonly collateral: Address;
  /** Schedule and key of the beacon. */
  readonly drand: DrandNetwork;
};

/** The configured address does not answer as an escrow of this protocol. */
export class NotAnInstanceError extends Error {
  override readonly name = "NotAnInstanceError";
}

/** The RPC that is asked about the escrow does not answer. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
  constructor(escrow: Address, error: unknown) {
    super(`the escrow ${escrow} cannot be read: ask again, or use another RPC`, {
      cause: rpcErrorIn(error) ?? plain(error),
    });
  }
}

/** A client's error without the many lines that it prints. */
const plain = (error: unknown): unknown => (error instanceof BaseError ? new Error(error.shortMessage) : error);

/** Another chain answers: that is the error. Else nobody does. */
const unreadable = (escrow: Address, error: unknown): Error => {
  for (let at = error; at instanceof Error; at = at.cause) if (at instanceof WrongChainError) return at;
  return new UnreadableError(escrow, error);
};

const publicKeyOf = ([x1, x0, y1, y0]: readonly bigint[]): DrandNetwork["publicKey"] => [
  x1 ?? 0n,
  x0 ?? 0n,
  y1 ?? 0n,
  y0 ?? 0n,
];

/** What the escrow names, and what those name. */
const readNamed = async (client: PublicClient, escrow: Address): Promise<Omit<Instance, keyof Deployment>> => {
  const read = { address: escrow, abi: requestEscrowAbi } as const;
  const [nodeRegistry, taskRegistry, beacon, treasury] = await client.readContract({
    ...read,
    functionName: "instance",
  });
  if (isAddressEqual(beacon, zeroAddress)) throw new Error("its beacon is the zero address");
  const disputes = await client.readContract({ ...read, functionName: "disputes" });
  const teeRegistry = await client.readContract({ ...read, functionName: "teeRegistry" });
  const tee = { address: teeRegistry, abi: teeRegistryAbi } as const;
  const quoteVerifier = await client.readContract({ ...tee, functionName: "verifier" });
  const dcap = { address: quoteVerifier, abi: dcapVerifierAbi } as const;
  const collateral = await client.readContract({ ...dcap, functionName: "collateral" });
  const drand = await readBeacon(client, beacon);
  await checkOwned(client, escrow, { nodeRegistry, taskRegistry, disputes, beacon });
  return { nodeRegistry, taskRegistry, beacon, treasury, disputes, teeRegistry, quoteVerifier, collateral, drand };
};

/** Schedule and key of a beacon. */
const readBeacon = async (client: PublicClient, address: Address): Promise<DrandNetwork> => {
  const of = { address, abi: drandBeaconAbi } as const;
  const [genesisS, periodS, publicKey] = await Promise.all([
    client.readContract({ ...of, functionName: "genesis" }),
    client.readContract({ ...of, functionName: "period" }),
    client.readContract({ ...of, functionName: "publicKey" }),
  ]);
  return { genesisS, periodS, publicKey: publicKeyOf(publicKey) };
};

/** An escrow can name what it likes: contracts of another instance know another one. Throws Error. */
const checkOwned = async (
  client: PublicClient,
  escrow: Address,
  { beacon, ...others }: Pick<Instance, "nodeRegistry" | "taskRegistry" | "disputes" | "beacon">,
): Promise<void> => {
  const read = { abi: nodeRegistryAbi, functionName: "escrow" } as const; // it is called so in all three
  const owners = await Promise.all([
    ...Object.values(others).map((address) => client.readContract({ ...read, address })),
    client.readContract({ address: beacon, abi: drandBeaconAbi, functionName: "sink" }),
  ]);
  if (!owners.every((owner) => isAddressEqual(owner, escrow)))
    throw new Error("it names contracts that are of another instance");
};

/**
 * Reads the instance from its escrow. Throws NotAnInstanceError when there is no such contract, WrongChainError when another
 * chain answers, UnreadableError when nobody does.
 */
export const loadInstance = async (rpc: Rpc, deployment: Deployment): Promise<Instance> => {
  const escrow = getAddress(deployment.escrow);
  const client = makePublicClient(rpc, deployment.chainId);
  const code = await client.getCode({ address: escrow }).catch((error: unknown) => {
    throw unreadable(escrow, error);
  });
  if (code === undefined)
    throw new NotAnInstanceError(
      `there is no contract at ${escrow} on chain ${deployment.chainId}: check the deployment`,
    );
  try {
    return { ...deployment, escrow, ...(await readNamed(client, escrow)) };
  } catch (error) {
    const failure = rpcErrorIn(error);
    if (failure !== undefined && !isRevert(failure)) throw unreadable(escrow, error);
    throw new NotAnInstanceError(`the contract at ${escrow} does not answer as an escrow: check the deployment`, {
      cause: plain(error),
    });
  }
};
