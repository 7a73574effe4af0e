import { hexToBigInt, type Hex, slice } from "viem";
import { z } from "zod";
import { isPublicKey } from "../../sdk/drand/bls.ts";
import { evmnet } from "../../sdk/drand/evmnet.ts";
import { type DrandNetwork, type DrandPublicKey, maxRound } from "../../sdk/drand/types.ts";
import { readJson } from "./files.ts";
import { VectorFileError } from "./suite.ts";

/** A round as the network published it. `randomness` is all 32 bytes of sha256(signature). */
export type DrandVector = { readonly round: bigint; readonly signature: Hex; readonly randomness: Hex };

/** The vectors of one file, and the network they are of. */
export type DrandVectors = { readonly network: DrandNetwork; readonly vectors: readonly DrandVector[] };

const hexOf = (bytes: number) =>
  z
    .string()
    .regex(new RegExp(`^(0x)?[0-9a-fA-F]{${2 * bytes}}$`), `must be ${bytes} bytes in hex`)
    .transform((text): Hex => `0x${text.replace(/^0x/, "").toLowerCase()}`);

const integer = z
  .union([z.number().int().nonnegative(), z.string().regex(/^[0-9]{1,20}$/)], "must be a whole number")
  .transform(BigInt);

const positive = integer.refine((value) => value >= 1n && value <= maxRound, "must be within 1..2^64-1");

const beacon = z.object({
  round: positive,
  sig: hexOf(64),
  randomness: hexOf(32),
});
const beacons = z.array(beacon).min(1, "holds no beacon");
const key = hexOf(128).optional();
const described = z.object({
  beacons,
  genesis: positive.optional(),
  periodSeconds: positive.optional(),
  publicKey: key,
  publicKeyG2_x1_x0_y1_y0: key,
});
const file = z.object({
  evmnet: z.preprocess((value) => (Array.isArray(value) ? { beacons: value } : value), described),
});

/**
 * Reads drand vectors: JSON `{evmnet: [{round, sig, randomness}, ...]}` or `{evmnet: {beacons: [...], publicKey, ...}}`,
 * where what is not said of the network is that of evmnet. Throws a VectorFileError that says what is wrong with the file.
 */
export async function readDrandVectors(path: string): Promise<DrandVectors> {
  const parsed = file.safeParse(await readJson(path));
  if (!parsed.success) {
    throw new VectorFileError(
      `${path} is not of the form {"evmnet": [{"round", "sig", "randomness"}, ...]}:\n${z.prettifyError(parsed.error)}`,
    );
  }
  const { beacons: list, ...network } = parsed.data.evmnet;
  const key = network.publicKey ?? network.publicKeyG2_x1_x0_y1_y0;
  const publicKey: DrandPublicKey =
    key === undefined ? evmnet.publicKey : [word(key, 0), word(key, 1), word(key, 2), word(key, 3)];
  if (!isPublicKey(publicKey)) throw new VectorFileError(`${path} has a public key that is no point of BN254's G2.`);
  return {
    network: {
      genesisS: network.genesis ?? evmnet.genesisS,
      periodS: network.periodSeconds ?? evmnet.periodS,
      publicKey,
    },
    vectors: list.map(({ round, sig, randomness }) => ({ round, signature: sig, randomness })),
  };
}

function word(bytes: Hex, index: number): bigint {
  return hexToBigInt(slice(bytes, 32 * index, 32 * (index + 1)));
}
