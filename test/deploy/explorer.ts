import { createHash } from "node:crypto";
import { artifacts } from "hardhat";
import solc from "solc";
import type { Hex, PublicClient } from "viem";
import { bodyOf, startLocalServer } from "../../scripts/demo/local-server.ts";

/** A request to verify, by the names of Blockscout's interface. */
export type Form = Readonly<Record<string, string>>;

type Code = { readonly object: string; readonly immutableReferences?: Readonly<Record<string, readonly Place[]>> };
type Place = { readonly start: number; readonly length: number };
type Compiled = {
  readonly metadata: string;
  readonly evm?: { readonly bytecode: Code; readonly deployedBytecode: Code };
};
type Output = {
  readonly contracts?: Readonly<Record<string, Readonly<Record<string, Compiled>>>>;
  readonly errors?: readonly { readonly severity: string; readonly message: string }[];
};
type Input = { readonly settings: object };

/** A small contract, which is compiled to the last byte; of the others the compiler makes the metadata. */
const small = "DrandBeacon";

/**
 * A block explorer that speaks Blockscout's interface, on 127.0.0.1, and really checks. It compiles what it is given with the
 * pinned compiler. The hash of the metadata, which covers every source and all settings, must be the one at the end of the
 * chain's code; the code must be the chain's, but for immutables; and the transaction that made the contract must hold the
 * creation code and the constructor arguments. Like Blockscout it does not say why it refuses: `refusals` does.
 */
export async function startExplorer(chain: PublicClient) {
  const shown = new Map<string, Form>();
  const refusals: string[] = [];
  const keys = new Set<string | null>();
  const decided = new Map<string, boolean>();
  const verify = async (form: Form): Promise<string> => {
    const fault = await faultOf(chain, form).catch((error: unknown) => String(error));
    if (fault === undefined) shown.set((form["contractaddress"] ?? "").toLowerCase(), form);
    else refusals.push(fault);
    const guid = String(decided.size);
    decided.set(guid, fault === undefined);
    return guid;
  };
  const server = await startLocalServer(async (request, response) => {
    const { searchParams: asked } = new URL(request.url ?? "/", "http://127.0.0.1");
    keys.add(asked.get("apikey"));
    const form = Object.fromEntries(new URLSearchParams((await bodyOf(request)).toString()));
    const guid = decided.get(asked.get("guid") ?? "");
    const answers: Readonly<Record<string, () => unknown>> = {
      getsourcecode: () => [{ SourceCode: shown.get((asked.get("address") ?? "").toLowerCase())?.["sourceCode"] }],
      verifysourcecode: () => verify(form),
      checkverifystatus: () => (guid === true ? "Pass - Verified" : "Fail - Unable to verify"),
    };
    const result = await answers[asked.get("action") ?? ""]?.();
    const isKnown = asked.get("module") === "contract" && result !== undefined;
    const answer = isKnown ? { status: "1", message: "OK", result } : { status: "0", message: "NOTOK", result: "?" };
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
  });
  return { ...server, url: `${server.url}/api`, shown, refusals, keys };
}

/** Why what was submitted is not what is on the chain, if it is not. */
async function faultOf(chain: PublicClient, form: Form): Promise<string | undefined> {
  const [path = "", name = ""] = (form["contractname"] ?? "").split(":");
  if (form["codeformat"] !== "solidity-standard-json-input") return "not a standard JSON input";
  if (!`v${solc.version()}`.startsWith(`${form["compilerversion"] ?? "?"}.`)) return "another compiler";
  const address = form["contractaddress"] as Hex;
  const code = ((await chain.getCode({ address })) ?? "0x").slice(2);
  const compiled = compile(form["sourceCode"] ?? "", path, name);
  if (typeof compiled === "string") return compiled;
  if (!code.includes(ipfsHash(compiled.metadata))) return `${name}: other sources or settings`;
  const { creation, runtime } = compiled.evm === undefined ? await built(name) : codesOf(compiled.evm);
  if (masked(code, runtime) !== masked(runtime.object, runtime)) return `${name}: the code differs`;
  const made = await creationOf(chain, address);
  return made === `0x${creation}${form["constructorArguments"] ?? ""}`
    ? undefined
    : `${name}: other constructor arguments`;
}

/** What the compiler makes of a contract, or what it says. */
function compile(source: string, path: string, name: string): Compiled | string {
  const input = JSON.parse(source) as Input;
  const wanted = name === small ? ["metadata", "evm.bytecode", "evm.deployedBytecode"] : ["metadata"];
  const settings = { ...input.settings, outputSelection: { [path]: { [name]: wanted } } };
  const { contracts, errors = [] } = JSON.parse(solc.compile(JSON.stringify({ ...input, settings }))) as Output;
  return (
    contracts?.[path]?.[name] ?? errors.find(({ severity }) => severity === "error")?.message ?? "no such contract"
  );
}

const codesOf = ({ bytecode, deployedBytecode }: { bytecode: Code; deployedBytecode: Code }) => ({
  creation: bytecode.object,
  runtime: deployedBytecode,
});

/** The same of the build, where compiling takes long. */
async function built(name: string) {
  const { bytecode, deployedBytecode, immutableReferences = {} } = await artifacts.readArtifact(name);
  return { creation: bytecode.slice(2), runtime: { object: deployedBytecode.slice(2), immutableReferences } };
}

/** Code with zeros where immutables stand. */
function masked(code: string, { immutableReferences = {} }: Code): string {
  const bytes = Buffer.from(code, "hex");
  for (const { start, length } of Object.values(immutableReferences).flat()) bytes.fill(0, start, start + length);
  return bytes.toString("hex");
}

/** What a contract was made with: an explorer has read all blocks. */
async function creationOf(chain: PublicClient, address: Hex): Promise<Hex | undefined> {
  for (let blockNumber = await chain.getBlockNumber(); blockNumber > 0n; blockNumber -= 1n) {
    const { transactions } = await chain.getBlock({ blockNumber, includeTransactions: true });
    for (const { hash, input, to } of transactions) {
      if (to !== null) continue;
      const { contractAddress } = await chain.getTransactionReceipt({ hash });
      if (contractAddress?.toLowerCase() === address.toLowerCase()) return input;
    }
  }
  return undefined;
}

/** Hash by which IPFS knows a file of one block, as the compiler puts it at the end of code: a multihash of its node. */
function ipfsHash(text: string): string {
  const content = Buffer.from(text);
  const length = varint(content.length);
  const file = Buffer.concat([Buffer.from("080212", "hex"), length, content, Buffer.from([0x18]), length]);
  const node = Buffer.concat([Buffer.from([0x0a]), varint(file.length), file]);
  return `1220${createHash("sha256").update(node).digest("hex")}`;
}

const varint = (value: number): Buffer =>
  value < 128 ? Buffer.from([value]) : Buffer.concat([Buffer.from([(value & 127) | 128]), varint(value >> 7)]);
