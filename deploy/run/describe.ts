import { artifacts } from "hardhat";
import { type Abi, type AbiParameter, type Address, decodeAbiParameters, decodeFunctionData, type Hex } from "viem";

/** Contracts that a deployment creates or calls. */
export const deployable = [
  ...(["AtomaToken", "LocalUsd", "AccessManager", "AtomaTimelock", "AtomaGovernor", "Treasury"] as const),
  ...(["NodeRegistry", "TaskRegistry", "DrandBeacon", "Disputes", "DcapCollateral", "DcapVerifier"] as const),
  ...(["TeeRegistry", "EscrowExtension", "RequestEscrow", "Emissions"] as const),
];

export type Build = { readonly name: string; readonly abi: Abi; readonly bytecode: Hex };

/** What the build made of them. Throws where it is missing. */
export async function loadBuilds(): Promise<readonly Build[]> {
  return Promise.all(
    deployable.map(async (name) => {
      const { abi, bytecode } = await artifacts.readArtifact(name);
      return { name, abi: abi as Abi, bytecode: bytecode as Hex };
    }),
  );
}

/** A transaction in words; `contract` is the name of what it creates or calls. */
export type Description = { readonly contract: string; readonly call: string };

/** Says what a transaction does. `names` are of the addresses that are known so far. */
export function describe(
  builds: readonly Build[],
  names: ReadonlyMap<string, string>,
  { to, data }: { readonly to?: Address | undefined; readonly data: Hex },
): Description {
  const show = (inputs: readonly AbiParameter[], values: readonly unknown[]) =>
    fields(inputs, values, names).join(", ");
  if (to === undefined) {
    const build = builds.find(({ bytecode }) => data.startsWith(bytecode));
    if (build === undefined) return { contract: "?", call: "new ?" };
    const inputs = constructorOf(build.abi);
    const values = inputs.length === 0 ? [] : decodeAbiParameters(inputs, `0x${data.slice(build.bytecode.length)}`);
    return { contract: build.name, call: `new ${build.name}(${show(inputs, values)})` };
  }
  const contract = names.get(to.toLowerCase()) ?? "?";
  const build = builds.find(({ name }) => name === contract);
  if (build === undefined) return { contract, call: `?(${data.slice(0, 10)}...)` };
  const { functionName, args = [] } = decodeFunctionData({ abi: build.abi, data });
  const item = build.abi.find((one) => one.type === "function" && one.name === functionName);
  const inputs = item?.type === "function" ? item.inputs : [];
  return { contract, call: `${functionName}(${show(inputs, args)})` };
}

export function constructorOf(abi: Abi): readonly AbiParameter[] {
  const item = abi.find((one) => one.type === "constructor");
  return item?.type === "constructor" ? item.inputs : [];
}

function fields(inputs: readonly AbiParameter[], values: readonly unknown[], names: ReadonlyMap<string, string>) {
  return inputs.map((input, i) => `${input.name ?? i}: ${shown(input, values[i], names)}`);
}

function shown(input: AbiParameter, value: unknown, names: ReadonlyMap<string, string>): string {
  if ("components" in input && typeof value === "object" && value !== null) {
    const inner = input.components.map(({ name }, i) =>
      Array.isArray(value) ? (value[i] as unknown) : (value as Record<string, unknown>)[name ?? ""],
    );
    return `{ ${fields(input.components, inner, names).join(", ")} }`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => named(String(item), names)).join(", ")}]`;
  return named(String(value), names);
}

function named(text: string, names: ReadonlyMap<string, string>): string {
  const name = names.get(text.toLowerCase());
  return name === undefined ? text : `${text} (${name})`;
}
