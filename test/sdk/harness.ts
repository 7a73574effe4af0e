import { expect } from "chai";
import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  createPublicClient,
  custom,
  decodeFunctionResult,
  encodeFunctionData,
  type Hex,
  type PublicClient,
} from "viem";

/** Least number of cases per function. */
export const fuzzCases = 10_000;
/** Gas of a block, and so of a call: not what is measured here. */
const unlimited = 1_000_000_000_000n;

/**
 * A network without limits of gas and code size, and the harness on it. `read` returns what a function of the harness returns;
 * it decodes with viem, because the results of ethers are too slow for lists of this length.
 */
export async function deployHarness() {
  const { ethers, provider } = await network.create({
    network: "default",
    override: { allowUnlimitedContractSize: true, blockGasLimit: unlimited, transactionGasCap: false },
  });
  const harness = await ethers.deployContract("ProtocolHarness");
  const address = (await harness.getAddress()) as Address;
  const client = createPublicClient({ transport: custom(provider), cacheTime: 0 });
  /** The views of a contract; `rows` gives the results of a batch in rows of `columns`. */
  const at = async (name: string, address: Address) => {
    const { abi } = (await artifacts.readArtifact(name)) as { abi: Abi };
    const read = async <T>(functionName: string, args: readonly unknown[]): Promise<T> =>
      simulate<T>(client, { address, abi, functionName, args });
    const rows = async (functionName: string, columns: number, ...args: readonly unknown[]) =>
      rowsOf(await read<readonly bigint[]>(functionName, args), columns);
    return { read, rows };
  };
  const publish = async (code: Hex): Promise<Address> => {
    const snapshot = await harness.publish.staticCall(code);
    await harness.publish(code);
    return snapshot as Address;
  };
  return { address, at, client, ethers, publish, ...(await at("ProtocolHarness", address)) };
}

export type Harness = Awaited<ReturnType<typeof deployHarness>>;

type Call = { address: Address; abi: Abi; functionName: string; args: readonly unknown[] };

/** What a function would return; it may be one that changes state. */
async function simulate<T>(client: PublicClient, { address, ...call }: Call): Promise<T> {
  const { data } = await client.call({ to: address, data: encodeFunctionData(call), gas: unlimited });
  return decodeFunctionResult({ ...call, data: data ?? "0x" }) as T;
}

/** `count` values by `make`. */
export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function rowsOf(flat: readonly bigint[], columns: number): bigint[][] {
  return times(flat.length / columns, (row) => flat.slice(row * columns, (row + 1) * columns));
}

/** Calls `read` for a thousand items at a time: the memory of one call over all of them would take most of the time. */
export async function inBatches<T, R>(
  items: readonly T[],
  read: (part: readonly T[]) => Promise<readonly R[]>,
): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += 1_000) results.push(...(await read(items.slice(from, from + 1_000))));
  return results;
}

/** Compares row by row, so that a failure names the case. */
export function expectRows(
  actual: readonly (readonly bigint[])[],
  expected: readonly (readonly bigint[])[],
  cases: readonly unknown[],
) {
  expect(actual.length).to.equal(cases.length);
  expect(expected.length).to.equal(cases.length);
  expected.forEach((row, index) => {
    const found = actual[index] ?? [];
    if (row.length === found.length && row.every((value, column) => value === found[column])) return;
    const shown = JSON.stringify(cases[index], (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value));
    expect(found, `case ${index}: ${shown}`).to.deep.equal(row);
  });
}
