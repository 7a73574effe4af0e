import type { NetworkConnection } from "hardhat/types/network";
import {
  type Account,
  type Address,
  type Chain,
  createPublicClient,
  createWalletClient,
  custom,
  getAddress,
  type Hex,
  keccak256,
  parseAbi,
  type PrivateKeyAccount,
  type PublicClient,
  stringToHex,
  type Transport,
  type WalletClient,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { hardhat } from "viem/chains";
import { devRoot } from "../../keepers/attestation/dev/network.ts";
import { erc20Abi } from "../../sdk/abi/erc20.ts";
import { publicKeyOf, signRound } from "../../sdk/drand/bls.ts";
import { type DrandNetwork } from "../../sdk/drand/types.ts";
import { deployAtoma, type Instance } from "../deploy.ts";
import LocalTokens from "../modules/Tokens.ts";
import { type InstanceParameters, local, rootOf } from "../parameters/parameters.ts";

/** A wallet that the local chain unlocks, or that signs by itself. */
export type Wallet = WalletClient<Transport, Chain, Account>;

/** A private network on a local chain: tokens, an instance, and a beacon whose key is known here. */
export type World = {
  readonly connection: NetworkConnection<"l1">;
  readonly chain: PublicClient<Transport, Chain>;
  readonly deployer: Wallet;
  readonly treasury: Address;
  readonly instance: Instance;
  readonly paymentToken: Address;
  readonly atoma: Address;
  readonly beacon: DrandNetwork & { readonly sign: (round: bigint) => Hex };
  readonly parameters: InstanceParameters;
};

export type WorldOptions = {
  /** Changes the local parameters. */
  readonly adjust?: (parameters: InstanceParameters) => InstanceParameters;
  readonly beaconSecret?: bigint;
  readonly beaconPeriodS?: bigint;
};

/** Chain id of Hardhat's networks. */
export const localChainId = BigInt(hardhat.id);

/** Deploys tokens and an instance through the deployment modules. The beacon's first round is due 30 days ago. */
export async function makeWorld(connection: NetworkConnection<"l1">, options: WorldOptions = {}): Promise<World> {
  const { beaconSecret = 0x5eedn, beaconPeriodS = 1n, adjust = (parameters) => parameters } = options;
  const chain = createPublicClient({
    chain: hardhat,
    transport: custom(connection.provider),
    cacheTime: 0,
    pollingInterval: 50,
  });
  const [deployer, treasury] = await unlockedAccounts(connection);
  if (deployer === undefined || treasury === undefined) throw new Error("The local chain has no unlocked accounts.");
  const { timestamp } = await chain.getBlock();
  const genesisS = timestamp - 30n * 86_400n;
  const publicKey = publicKeyOf(beaconSecret);
  const attestationRoot = rootOf(devRoot(localEvidenceSeed).point);
  const parameters = adjust(
    local({ beaconGenesis: genesisS, beaconPeriod: beaconPeriodS, beaconPublicKey: publicKey, attestationRoot }),
  );
  const tokens = await connection.ignition.deploy(LocalTokens);
  const paymentToken = getAddress(await tokens.paymentToken.getAddress());
  const atoma = getAddress(await tokens.atoma.getAddress());
  const instance = await deployAtoma({
    ignition: connection.ignition,
    paymentToken,
    atoma,
    treasury,
    parameters,
    isPublic: false,
  });
  const beacon = {
    genesisS,
    periodS: beaconPeriodS,
    publicKey,
    sign: (round: bigint) => signRound(beaconSecret, round),
  };
  const wallet = walletOf(connection, deployer);
  return { connection, chain, deployer: wallet, treasury, instance, paymentToken, atoma, beacon, parameters };
}

/** A second instance beside the first, on its chain: the same tokens, treasury and beacon key, contracts of its own. */
export async function makeWorldBeside(
  world: World,
  { adjust = (parameters) => parameters }: Pick<WorldOptions, "adjust"> = {},
): Promise<World> {
  const { connection, paymentToken, atoma, treasury } = world;
  const parameters = adjust(world.parameters);
  const { ignition } = connection;
  const instance = await deployAtoma({ ignition, paymentToken, atoma, treasury, parameters, isPublic: false });
  return { ...world, instance, parameters };
}

/** A wallet on a local chain: an unlocked account's address, or a key. */
export function walletOf(connection: NetworkConnection<"l1">, account: Address | PrivateKeyAccount): Wallet {
  return createWalletClient({ chain: hardhat, transport: custom(connection.provider), account });
}

async function unlockedAccounts(connection: NetworkConnection<"l1">): Promise<Address[]> {
  const accounts = (await connection.provider.request({ method: "eth_accounts" })) as Address[];
  return accounts.map((account) => getAddress(account));
}

/** A private key that a label determines: fit for local networks only. */
export function labelledSecret(label: string): Hex {
  return keccak256(stringToHex(`atoma local ${label}`));
}

/** What a local network's TEE evidence is made up from: anybody can forge it. */
export const localEvidenceSeed = "atoma local";

/** The account of `labelledSecret`. */
export function labelledKey(label: string): PrivateKeyAccount {
  return privateKeyToAccount(labelledSecret(label));
}

const mintAbi = parseAbi(["function mint(address to, uint256 amount)"]);

/** Mints payment tokens to an account; local networks only. */
export async function mint({ deployer, paymentToken }: World, to: Address, amount: bigint): Promise<void> {
  await deployer.writeContract({ address: paymentToken, abi: mintAbi, functionName: "mint", args: [to, amount] });
}

/** Approves a spender for everything. */
export async function approveAll(wallet: Wallet, token: Address, spender: Address): Promise<void> {
  await wallet.writeContract({
    address: token,
    abi: erc20Abi,
    functionName: "approve",
    args: [spender, 2n ** 256n - 1n],
  });
}
