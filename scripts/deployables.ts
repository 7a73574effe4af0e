// The contracts that are put on a chain, as the compiler left them in artifacts/.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonFragment } from "ethers";

/** A contract that is deployed. Sizes in bytes: of what stays on the chain, and of what the creating transaction carries. */
export type Deployable = {
  readonly name: string;
  readonly source: string;
  readonly abi: readonly JsonFragment[];
  readonly runtimeBytes: number;
  readonly creationBytes: number;
  readonly layout: StorageLayout;
};

/** solc's `storageLayout`. */
export type StorageLayout = {
  readonly storage: readonly StorageItem[];
  readonly types: Readonly<Record<string, StorageType>> | null;
};
export type StorageItem = {
  readonly label: string;
  readonly slot: string;
  readonly offset: number;
  readonly type: string;
};
export type StorageType = { readonly label: string; readonly members?: readonly StorageItem[] };

type Artifact = {
  readonly contractName: string;
  readonly sourceName: string;
  readonly inputSourceName: string;
  readonly buildInfoId: string;
  readonly abi: readonly JsonFragment[];
  readonly bytecode: string;
  readonly deployedBytecode: string;
};
type BuildInfo = {
  readonly output: {
    readonly contracts: Readonly<Record<string, Readonly<Record<string, { storageLayout?: StorageLayout }>>>>;
  };
};

const artifacts = "artifacts";
/** Deployed as they come, though they are not of this project. */
const foreign = ["@openzeppelin/contracts/access/manager/AccessManager.sol/AccessManager.json"];
/** Folders of contracts/ whose contracts are never deployed. */
const notDeployed = /^(mocks|interfaces|types|libraries)\//;

/** Every deployable contract, by name. Throws, with what to do, where nothing is compiled. */
export function deployables(): readonly Deployable[] {
  const own = join(artifacts, "contracts");
  if (!existsSync(own)) throw new Error('No compiled contracts. Run "npm run build".');
  const files = readdirSync(own, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json") && !notDeployed.test(file))
    .map((file) => join(own, file));
  const builds = new Map<string, BuildInfo>();
  return [...files, ...foreign.map((file) => join(artifacts, file))]
    .map((file) => JSON.parse(readFileSync(file, "utf8")) as Artifact)
    .filter(isDeployable)
    .map((artifact) => deployableOf(artifact, builds))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Abstract contracts have no code, and libraries whose functions are all internal have no functions to call. */
function isDeployable({ abi, deployedBytecode }: Artifact): boolean {
  return deployedBytecode.length > 2 && abi.some(({ type }) => type === "function");
}

function deployableOf(artifact: Artifact, builds: Map<string, BuildInfo>): Deployable {
  const bytesOf = (code: string) => (code.length - 2) / 2;
  return {
    name: artifact.contractName,
    source: artifact.sourceName,
    abi: artifact.abi,
    runtimeBytes: bytesOf(artifact.deployedBytecode),
    creationBytes: bytesOf(artifact.bytecode),
    layout: layoutOf(artifact, builds),
  };
}

/** Throws where the compiler was not asked for layouts. */
function layoutOf({ contractName, inputSourceName, buildInfoId }: Artifact, builds: Map<string, BuildInfo>) {
  const path = join(artifacts, "build-info", `${buildInfoId}.output.json`);
  const build = builds.get(path) ?? (JSON.parse(readFileSync(path, "utf8")) as BuildInfo);
  builds.set(path, build);
  const layout = build.output.contracts[inputSourceName]?.[contractName]?.storageLayout;
  if (layout === undefined)
    throw new Error(`No storage layout of ${contractName}: see outputSelection in hardhat.config.ts.`);
  return layout;
}
