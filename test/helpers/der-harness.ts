/** Many inputs to one parser of DER on chain at a time. */
import { network } from "hardhat";
import { decodeFunctionResult, encodeFunctionData, type Hex, parseAbi, toFunctionSelector } from "viem";
import type { Parser } from "./der-verdicts.ts";
import { hexBytes } from "./certificate-store.ts";

/** An input; `entryOffset` is where a list is asked for a revocation. */
export type DerInput = { readonly bytes: Uint8Array; readonly entryOffset?: number };

/**
 * Gas that a parser may use: so much, and so much for each byte of its input. Of a list each entry is walked over, and an entry
 * is two bytes at least.
 */
export const gasCaps: Readonly<Record<Parser, { readonly base: number; readonly perByte: number }>> = {
  certificate: { base: 45_000, perByte: 2 },
  list: { base: 25_000, perByte: 160 },
  extension: { base: 30_000, perByte: 1 },
};

/** What came of one input: the hash of what was read, or the name of the error. */
export type DerOutcome = { readonly gasUsed: number } & (
  { readonly hash: Hex; readonly error?: undefined } | { readonly error: string; readonly hash?: undefined }
);

const abi = parseAbi([
  "function run(uint8 parser, bytes[] inputs, uint256[] entryOffsets, uint256 gasBase, uint256 gasPerByte) view returns (bytes32[] answers, uint256[] gasUsed)",
]);
const parsers: readonly Parser[] = ["certificate", "list", "extension"];
/** Bytes of one call: enough that calls are few, and little enough that they are answered at once. */
const bytesPerCall = 200_000;
const noData: Hex = `0x${"0".repeat(8)}`;

/** Errors that no parser may end with. */
export const forbiddenErrors = ["Panic", "Error", "out of gas, or without data"] as const;

/** The harness on a chain whose calls are as large as they have to be. */
export async function openDerHarness() {
  const { ethers, provider } = await network.create({
    network: "default",
    chainType: "l1",
    override: { blockGasLimit: 10_000_000_000n, transactionGasCap: false },
  });
  const harness = await ethers.deployContract("DerHarness");
  const names = new Map<string, string>([
    [noData, "out of gas, or without data"],
    [toFunctionSelector("function Panic(uint256)"), "Panic"],
    [toFunctionSelector("function Error(string)"), "Error"],
  ]);
  harness.interface.forEachError(({ selector, name }) => void names.set(selector, name));
  const to = await harness.getAddress();

  const outcomeOf = (answer: Hex, gasUsed: bigint): DerOutcome => {
    if (answer.endsWith("01")) return { gasUsed: Number(gasUsed), hash: answer };
    const selector = answer.slice(0, 10);
    return { gasUsed: Number(gasUsed), error: names.get(selector) ?? `unknown error ${selector}` };
  };

  const call = async (parser: Parser, inputs: readonly DerInput[]): Promise<DerOutcome[]> => {
    const args = [
      parsers.indexOf(parser),
      inputs.map(({ bytes }) => hexBytes(bytes)),
      inputs.map(({ entryOffset = 0 }) => BigInt(entryOffset)),
      BigInt(gasCaps[parser].base),
      BigInt(gasCaps[parser].perByte),
    ] as const;
    const data = encodeFunctionData({ abi, functionName: "run", args });
    const answer = (await provider.request({ method: "eth_call", params: [{ to, data }] })) as Hex;
    const [answers, gasUsed] = decodeFunctionResult({ abi, functionName: "run", data: answer });
    return answers.map((one, i) => outcomeOf(one, gasUsed[i] ?? 0n));
  };

  return {
    /** What the parser says of each input. */
    async run(parser: Parser, inputs: readonly DerInput[]): Promise<DerOutcome[]> {
      const outcomes: DerOutcome[] = [];
      for (let from = 0, to = 0; from < inputs.length; from = to) {
        let size = 0;
        while (to < inputs.length && (to === from || size < bytesPerCall)) size += inputs[to++]?.bytes.length ?? 0;
        outcomes.push(...(await call(parser, inputs.slice(from, to))));
      }
      return outcomes;
    },
  };
}
