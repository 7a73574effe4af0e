import { type Address, type Hex, type PublicClient, isAddressEqual, parseAbi } from "viem";
import { p256 } from "@noble/curves/nist.js";
import { supplyFaults } from "../parameters/faults.ts";
import type { NetworkFile } from "../parameters/schema.ts";

/** What a chain says about a file: `faults` end everything, `notes` are for whoever reviews. */
export type ChainCheck = { readonly faults: readonly string[]; readonly notes: readonly string[] };

const tokenAbi = parseAbi([
  "function decimals() view returns (uint8)",
  "function symbol() view returns (string)",
  "function totalSupply() view returns (uint256)",
  "function CLOCK_MODE() view returns (string)",
]);

const none: ChainCheck = { faults: [], notes: [] };
const fault = (sentence: string): ChainCheck => ({ faults: [sentence], notes: [] });
const note = (sentence: string): ChainCheck => ({ faults: [], notes: [sentence] });

/** Compares a file with the chain that it is for. Sends nothing. */
export async function checkChain(chain: PublicClient, file: NetworkFile, deployer: Address): Promise<ChainCheck> {
  const chainId = await chain.getChainId();
  if (chainId !== file.chainId) return fault(`the RPC serves chain ${chainId}, and the file is for ${file.chainId}.`);
  const checks = await Promise.all([
    checkPaymentToken(chain, file),
    checkAtoma(chain, file),
    checkGuardian(chain, file, deployer),
    checkRules(chain),
    checkDeployer(chain, file, deployer),
  ]);
  return { faults: checks.flatMap(({ faults }) => faults), notes: checks.flatMap(({ notes }) => notes) };
}

async function hasCode(chain: PublicClient, address: Address): Promise<boolean> {
  return ((await chain.getCode({ address })) ?? "0x") !== "0x";
}

async function checkPaymentToken(chain: PublicClient, { paymentToken }: NetworkFile): Promise<ChainCheck> {
  if (paymentToken === "deploy") return none;
  const { address, decimals } = paymentToken;
  if (!(await hasCode(chain, address))) return fault(`there is no contract at paymentToken.address ${address}.`);
  const found = await chain.readContract({ address, abi: tokenAbi, functionName: "decimals" }).catch(() => undefined);
  if (found === undefined) return fault(`the contract at paymentToken.address ${address} is no ERC-20 with decimals.`);
  if (found !== decimals)
    return fault(`the payment token has ${found} decimals, and paymentToken.decimals is ${decimals}.`);
  const symbol = await chain.readContract({ address, abi: tokenAbi, functionName: "symbol" }).catch(() => "?");
  return note(`The payment token ${address} calls itself ${JSON.stringify(symbol.slice(0, 32))}.`);
}

async function checkAtoma(chain: PublicClient, file: NetworkFile): Promise<ChainCheck> {
  if (!("address" in file.atoma)) return none;
  const token = { address: file.atoma.address, abi: tokenAbi } as const;
  if (!(await hasCode(chain, token.address))) return fault(`there is no contract at atoma.address ${token.address}.`);
  const read = await Promise.all([
    chain.readContract({ ...token, functionName: "totalSupply" }),
    chain.readContract({ ...token, functionName: "CLOCK_MODE" }),
  ]).catch(() => undefined);
  if (read === undefined || read[1] !== "mode=timestamp")
    return fault(`the contract at atoma.address ${token.address} does not count votes by time (ERC-6372).`);
  return { faults: supplyFaults(file, read[0]), notes: [] };
}

async function checkGuardian(chain: PublicClient, { guardian }: NetworkFile, deployer: Address): Promise<ChainCheck> {
  if (isAddressEqual(guardian, deployer)) return fault("guardian cannot be the deployer: it must hold nothing.");
  if (await hasCode(chain, guardian)) return none;
  return note(`The guardian ${guardian} has no code: a single key can pause what is new and cancel proposals.`);
}

/** Returns what CLZ makes of zero, 256: the contracts are compiled for Osaka's rules. */
const clzProbe: Hex = "0x5f1e5f5260205ff3";
const p256Precompile: Address = "0x0000000000000000000000000000000000000100";

async function checkRules(chain: PublicClient): Promise<ChainCheck> {
  const { data } = await chain.call({ data: clzProbe }).catch(() => ({ data: undefined }));
  if (data === undefined || data === "0x" || BigInt(data) !== 256n)
    return fault("the chain has no CLZ instruction: the contracts need Osaka's rules (EIP-7939).");
  if (await hasP256(chain)) return none;
  return note("The chain has no P256VERIFY at 0x100: TEE evidence costs ten times as much (EIP-7951).");
}

/** Whether the chain has P256VERIFY (EIP-7951). */
export async function hasP256(chain: PublicClient): Promise<boolean> {
  const { data } = await chain.call({ to: p256Precompile, data: p256Probe() }).catch(() => ({ data: undefined }));
  return data !== undefined && data !== "0x" && BigInt(data) === 1n;
}

/** A signature that the precompile must accept. */
function p256Probe(): Hex {
  const secret = new Uint8Array(32).fill(7);
  const hash = new Uint8Array(32).fill(9);
  const signature = p256.sign(hash, secret, { prehash: false });
  const key = p256.getPublicKey(secret, false).subarray(1);
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
  return `0x${hex(hash)}${hex(signature)}${hex(key)}`;
}

async function checkDeployer(chain: PublicClient, { kind }: NetworkFile, deployer: Address): Promise<ChainCheck> {
  if (kind === "public" && (await hasCode(chain, deployer)))
    return fault(`the deployer ${deployer} has code: use a plain account that is used for nothing else.`);
  return none;
}
