import { readFileSync } from "node:fs";
import { artifacts } from "hardhat";
import type { Abi, Hex } from "viem";

/** Where immutables stand in code, by the name of their variable. */
export type Places = Readonly<Record<string, readonly { readonly start: number; readonly length: number }[]>>;

/** What the build made of a contract. */
export type Built = {
  readonly abi: Abi;
  readonly creation: Hex;
  readonly runtime: Hex;
  readonly immutables: Places;
};

type Output = { readonly output: { readonly sources: Readonly<Record<string, { readonly ast: unknown }>> } };

/** Names of immutables by the compiler's ids, of each run of the compiler. */
const namesOf = new Map<string, Promise<ReadonlyMap<string, string>>>();

/** Reads a contract of the build. Throws where it is missing. */
export async function readBuilt(contract: string): Promise<Built> {
  const artifact = await artifacts.readArtifact(contract);
  const { abi, bytecode, deployedBytecode, immutableReferences = {}, buildInfoId } = artifact;
  if (Object.keys(artifact.linkReferences).length > 0) throw new Error(`${contract} is linked, which is not foreseen.`);
  const id = buildInfoId ?? "";
  const names = namesOf.get(id) ?? readNames(id);
  namesOf.set(id, names);
  const known = await names;
  const places = Object.entries(immutableReferences).map(([ast, at]) => [known.get(ast) ?? `immutable ${ast}`, at]);
  return {
    ...{ abi: abi as Abi, creation: bytecode as Hex, runtime: deployedBytecode as Hex },
    immutables: Object.fromEntries(places) as Places,
  };
}

async function readNames(buildInfoId: string): Promise<ReadonlyMap<string, string>> {
  const path = await artifacts.getBuildInfoOutputPath(buildInfoId);
  if (path === undefined) throw new Error(`The build has no output ${buildInfoId}: run "npm run build".`);
  const { output } = JSON.parse(readFileSync(path, "utf8")) as Output;
  const names = new Map<string, string>();
  for (const { ast } of Object.values(output.sources)) collect(ast, names);
  return names;
}

function collect(node: unknown, names: Map<string, string>): void {
  if (typeof node !== "object" || node === null) return;
  const { nodeType, mutability, id, name } = node as Record<string, unknown>;
  if (nodeType === "VariableDeclaration" && mutability === "immutable") names.set(String(id), String(name));
  for (const inner of Object.values(node)) collect(inner, names);
}
