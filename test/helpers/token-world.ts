import type { NetworkConnection } from "hardhat/types/network";
import { createPublicClient, custom, getAddress } from "viem";
import { hardhat } from "viem/chains";
import { deployAtoma } from "../../deploy/deploy.ts";
import { localEvidenceSeed, walletOf, type World, type WorldOptions } from "../../deploy/local/world.ts";
import { devRoot } from "../../keepers/attestation/dev/network.ts";
import { local, rootOf } from "../../deploy/parameters/parameters.ts";
import { publicKeyOf, signRound } from "../../sdk/drand/bls.ts";

/** Moods of the token, in the order of its contract. */
export const tokenMoods = {
  standard: 0,
  takingFee: 1,
  givingBonus: 2,
  returningFalse: 3,
  returningNothing: 4,
  reverting: 5,
  reentering: 6,
} as const;

/** A world whose payment token has `decimals` and can be told to misbehave; it behaves at first. */
export function worldOfEvilToken(decimals: number) {
  return async (connection: NetworkConnection<"l1">, options: WorldOptions = {}): Promise<World> => {
    const { adjust = (parameters) => parameters } = options;
    const { ethers } = connection;
    const chain = createPublicClient({
      chain: hardhat,
      transport: custom(connection.provider),
      cacheTime: 0,
      pollingInterval: 50,
    });
    const [deployer, treasury] = await ethers.getSigners();
    if (deployer === undefined || treasury === undefined) throw new Error("The local chain has no unlocked accounts.");
    const secret = 0xe711n;
    const { timestamp } = await chain.getBlock();
    const beacon = {
      genesisS: timestamp - 86_400n,
      periodS: 1n,
      publicKey: publicKeyOf(secret),
      sign: (round: bigint) => signRound(secret, round),
    };
    const drand = { beaconGenesis: beacon.genesisS, beaconPeriod: beacon.periodS, beaconPublicKey: beacon.publicKey };
    const parameters = adjust(local({ ...drand, attestationRoot: rootOf(devRoot(localEvidenceSeed).point) }));
    const token = await ethers.deployContract("EvilToken", [decimals]);
    const supply = 10n ** 27n;
    const atoma = await ethers.deployContract("AtomaToken", [deployer.address, supply]);
    const addresses = {
      paymentToken: getAddress(await token.getAddress()),
      atoma: getAddress(await atoma.getAddress()),
      treasury: getAddress(treasury.address),
    };
    const instance = await deployAtoma({ ignition: connection.ignition, ...addresses, parameters, isPublic: false });
    return {
      connection,
      chain,
      deployer: walletOf(connection, getAddress(deployer.address)),
      instance,
      beacon,
      parameters,
      ...addresses,
    };
  };
}
