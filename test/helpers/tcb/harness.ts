import type { network } from "hardhat";
import { type Hex, size, stringToHex } from "viem";
import type { TcbHarness } from "../../../types/contracts/mocks/TcbHarness.js";

type Connection = Awaited<ReturnType<typeof network.create>>;

/** What came of one text: fields of the parsed text, or the name and the arguments of the error. */
export type Outcome = {
  readonly fields?: readonly unknown[];
  readonly error?: string;
  readonly args?: readonly unknown[];
  readonly gasUsed: bigint;
};

/** The harness with a signer's key, which only posting needs. */
export async function deployHarness({ ethers }: Connection, x: Hex = "0x", y: Hex = "0x"): Promise<TcbHarness> {
  const harness = await ethers.deployContract("TcbHarness", [ethers.zeroPadValue(x, 32), ethers.zeroPadValue(y, 32)]);
  return harness;
}

/** Which of Intel's texts. */
export type Kind = "tcbInfo" | "qeIdentity";

/** Parses each text in a call of its own, some hundred calls in one request. */
export async function parseAll(harness: TcbHarness, kind: Kind, texts: readonly string[]): Promise<Outcome[]> {
  const data = texts.map((text) => stringToHex(text));
  const tryAll = kind === "tcbInfo" ? harness.tryTcbInfos : harness.tryQeIdentities;
  const attempts = [];
  for (const batch of batchesOf(data)) attempts.push(...(await tryAll(batch)));
  return attempts.map(({ parsed, answer, gasUsed }) => {
    if (parsed) {
      const [fields] =
        kind === "tcbInfo"
          ? harness.interface.decodeFunctionResult("parseTcbInfo", answer)
          : harness.interface.decodeFunctionResult("parseQeIdentity", answer);
      return { fields: [...fields], gasUsed };
    }
    const error = harness.interface.parseError(answer);
    return { error: error?.name ?? answer, args: [...(error?.args ?? [])], gasUsed };
  });
}

/** So many bytes, and so many texts, fit the gas of one call with room. */
const mostBytes = 100_000;
const mostTexts = 50;

function batchesOf(data: readonly Hex[]): Hex[][] {
  const batches: Hex[][] = [];
  let [batch, bytes]: [Hex[], number] = [[], 0];
  for (const text of data) {
    if (batch.length === mostTexts || (batch.length > 0 && bytes + size(text) > mostBytes)) {
      batches.push(batch);
      [batch, bytes] = [[], 0];
    }
    batch.push(text);
    bytes += size(text);
  }
  return batch.length > 0 ? [...batches, batch] : batches;
}

/** Parses one text. */
export async function parseOne(harness: TcbHarness, kind: Kind, text: string): Promise<Outcome> {
  const [outcome] = await parseAll(harness, kind, [text]);
  if (outcome === undefined) throw new Error("no outcome");
  return outcome;
}
