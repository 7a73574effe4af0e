import { network } from "hardhat";
import { type Hex, numberToHex, sha256 } from "viem";
import { verifyBeacon } from "../../sdk/drand/bls.ts";
import type { DrandNetwork } from "../../sdk/drand/types.ts";
import { packWord, randomnessOf } from "../../sdk/drand/word.ts";
import { type DrandVector, type DrandVectors, readDrandVectors } from "./drand-file.ts";
import type { VectorResult, VectorSuite } from "./suite.ts";

type Connection = Awaited<ReturnType<typeof network.create>>;
type Source = { readonly label: string; readonly path: string };

/** drand beacons: from the project's fixture, and from the file at `extraPath` where there is one. */
export function makeDrandSuite(fixturePath: string, extraPath: string | undefined): VectorSuite {
  return {
    name: "drand",
    async *run(say) {
      if (extraPath === undefined) say("ATOMA_DRAND_VECTORS is not set: only the project's own beacons are verified.");
      const sources: Source[] = [{ label: "fixture", path: fixturePath }];
      if (extraPath !== undefined) sources.push({ label: "ATOMA_DRAND_VECTORS", path: extraPath });
      const connection = await network.create();
      try {
        for (const { label, path } of sources) yield* verifyAll(connection, label, await readDrandVectors(path));
      } finally {
        await connection.close();
      }
    },
  };
}

async function* verifyAll(connection: Connection, label: string, { network: drand, vectors }: DrandVectors) {
  for (const [index, vector] of vectors.entries()) {
    const onChain = await checkOnChain(connection, drand, vector);
    const inTypeScript = checkInTypeScript(drand, vector);
    const changed = differByOneBit(vector, index);
    const result: VectorResult = {
      name: `drand ${label} ${index + 1}/${vectors.length} round ${vector.round}`,
      checks: {
        "on chain": onChain,
        TypeScript: inTypeScript,
        "changed signature and round refused on chain": await areRefusedOnChain(connection, drand, changed),
        "in TypeScript": changed.every((other) => !verifyBeacon({ ...other, publicKey: drand.publicKey })),
      },
    };
    yield result;
  }
}

function checkInTypeScript({ publicKey }: DrandNetwork, { round, signature, randomness }: DrandVector): boolean {
  return verifyBeacon({ publicKey, round, signature }) && sha256(signature) === randomness;
}

/** The vector with one bit of its signature changed, another bit for each index, and with one bit of its round changed. */
function differByOneBit({ round, signature, randomness }: DrandVector, index: number): DrandVector[] {
  const bit = 1n << BigInt((index * 101) % 512);
  return [
    { round, randomness, signature: numberToHex(BigInt(signature) ^ bit, { size: 64 }) },
    { round: round === 1n ? 3n : round ^ 1n, randomness, signature },
  ];
}

/** Whether a new beacon accepts the round and stores exactly the expected word. */
async function checkOnChain(connection: Connection, drand: DrandNetwork, vector: DrandVector): Promise<boolean> {
  const beacon = await deployBeacon(connection, drand);
  if ((await refusalOf(beacon, vector)) !== undefined) return false;
  const transaction = await beacon.getFunction("submit").send(vector.round, vector.signature);
  const block = await (await transaction.wait())?.getBlock();
  if (block === undefined) return false;
  const postedAtS = BigInt(block.timestamp);
  const expected = packWord({ randomness: BigInt.asUintN(216, BigInt(vector.randomness)), postedAtS });
  const stored: unknown = await beacon.getFunction("word").staticCall(vector.round);
  return stored === expected && stored === packWord({ randomness: randomnessOf(vector.signature), postedAtS });
}

/** Whether a new beacon names the signature as the reason to refuse each of these. */
async function areRefusedOnChain(connection: Connection, drand: DrandNetwork, changed: DrandVector[]) {
  const beacon = await deployBeacon(connection, drand);
  const refusals = await Promise.all(changed.map((vector) => refusalOf(beacon, vector)));
  return refusals.every((name) => name === "SignatureInvalid" || name === "SignatureNotOnCurve");
}

type Deployed = Awaited<ReturnType<typeof deployBeacon>>;

/** The named error with which the beacon refuses, or undefined if it accepts. Throws on any other failure. */
async function refusalOf(beacon: Deployed, { round, signature }: { round: bigint; signature: Hex }) {
  try {
    await beacon.getFunction("submit").staticCall(round, signature);
    return undefined;
  } catch (error) {
    const { data } = error as { data?: unknown };
    const named = typeof data === "string" ? beacon.interface.parseError(data) : null;
    if (named === null) throw error;
    return named.name;
  }
}

async function deployBeacon({ ethers }: Connection, { genesisS, periodS, publicKey }: DrandNetwork) {
  const beacon = await ethers.deployContract("DrandBeacon", [genesisS, periodS, [...publicKey]]);
  const sink = await ethers.deployContract("RoundSink", [await beacon.getAddress()]);
  await (await beacon.getFunction("connect").send(await sink.getAddress())).wait();
  return beacon;
}
