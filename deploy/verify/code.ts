import { type AbiParameter, encodeAbiParameters, type Hex, isAddressEqual, type PublicClient } from "viem";
import { hasP256 } from "../run/chain-faults.ts";
import { constructorOf } from "../run/describe.ts";
import { type ContractName, contractNames } from "../run/record.ts";
import { type Built, type Places, readBuilt } from "./build.ts";
import { expectedImmutables } from "./immutables.ts";
import { type Proof, proof, proofOf } from "./proof.ts";
import { constructorArguments, contractOf, type Subject } from "./subject.ts";

/** Proves of every contract that its code is the build's, its immutables are right, and its creation was the build's too. */
export async function proveCode(subject: Subject): Promise<Proof[]> {
  const ours = contractNames.filter((name) => name !== "atoma" || !("address" in subject.file.atoma));
  const config = constructorOf((await readBuilt("EscrowExtension")).abi)[0];
  if (config === undefined) throw new Error("The extension's constructor takes no config.");
  const proofs: Proof[] = "address" in subject.file.atoma ? [foreignAtoma(subject)] : [];
  for (const name of ours) proofs.push(...(await proveContract(subject, name, config)));
  return proofs;
}

/** A token that this deployment did not make is the file's word, and says so. */
const foreignAtoma = ({ record, file: { atoma } }: Subject): Proof =>
  proof(
    `atoma ${record.atoma}: it is the file's`,
    "address" in atoma && isAddressEqual(atoma.address, record.atoma),
    "the file names another",
    "NOT looked at: its code. Whoever can mint it, or move it, decides",
  );

async function proveContract(subject: Subject, name: ContractName, configType: AbiParameter): Promise<Proof[]> {
  const { chain, record } = subject;
  const built = await readBuilt(contractOf[name]);
  const code = (await chain.getCode({ address: record[name] })) ?? "0x";
  const title = `${name} ${record[name]}`;
  if (code === "0x") return [proof(`${title} has code`, false, "there is no code")];
  const isBuild = masked(code, built.immutables) === masked(built.runtime, built.immutables);
  const runtime = proof(`${title}: its code is the build's ${contractOf[name]}`, isBuild, "the code differs");
  const creation = await proveCreation(subject, name, built);
  if (!isBuild) return [runtime, creation];
  return [runtime, ...(await proveImmutables(subject, name, { built, code, configType })), creation];
}

/** Code with zeros where immutables stand. */
function masked(code: Hex, places: Places): string {
  const bytes = Buffer.from(code.slice(2), "hex");
  for (const { start, length } of Object.values(places).flat()) bytes.fill(0, start, start + length);
  return bytes.toString("hex");
}

type Found = { readonly built: Built; readonly code: Hex; readonly configType: AbiParameter };

async function proveImmutables(subject: Subject, name: ContractName, found: Found): Promise<Proof[]> {
  const { built, code, configType } = found;
  const { chain, file, record } = subject;
  const names = Object.keys(built.immutables);
  if (names.length === 0) return [];
  const block = record.contracts[name]?.block;
  const madeAtS = block === undefined ? 0n : (await chain.getBlock({ blockNumber: BigInt(block) })).timestamp;
  const decimals = file.paymentToken === "deploy" ? 6 : file.paymentToken.decimals;
  const at = { hasP256: await hasP256(chain), madeAtS, decimals, configType };
  const expected = expectedImmutables(subject, name, at);
  const bytes = Buffer.from(code.slice(2), "hex");
  const faults = names.flatMap((variable) => {
    const wanted = expected[variable];
    if (wanted === undefined) return [`nothing says what ${variable} must be`];
    const values = (built.immutables[variable] ?? []).map(
      ({ start, length }) => `0x${bytes.subarray(start, start + length).toString("hex")}`,
    );
    const wrong = values.find((value) => value !== wanted);
    return wrong === undefined ? [] : [`${variable} is ${wrong} and must be ${wanted}`];
  });
  return [proofOf(`${name}: ${names.length} immutables are what they must be`, faults)];
}

/** A constructor could leave anything in storage: what made the contract must be the build's, with the arguments of the file. */
async function proveCreation({ chain, record, file }: Subject, name: ContractName, built: Built): Promise<Proof> {
  const title = `${name}: made by the build's constructor with the file's values`;
  const hash = record.contracts[name]?.transaction;
  if (hash === undefined) return proof(title, false, "the record names no transaction");
  const made = await readCreation(chain, hash);
  if (made === undefined) return proof(title, false, `the chain has no transaction ${hash}`);
  if (made.contract == null || !isAddressEqual(made.contract, record[name]))
    return proof(title, false, `transaction ${hash} did not make it`);
  const values = constructorArguments({ chain, record, file })[name];
  const wanted = `${built.creation}${encodeAbiParameters(constructorOf(built.abi), values).slice(2)}`;
  if (!made.input.startsWith(built.creation)) return proof(title, false, "its creation code differs");
  return proof(title, made.input === wanted, "its constructor was given other values");
}

async function readCreation(chain: PublicClient, hash: Hex) {
  const found = await Promise.all([chain.getTransaction({ hash }), chain.getTransactionReceipt({ hash })]).catch(
    () => undefined,
  );
  if (found === undefined) return undefined;
  const [{ input }, { contractAddress, status }] = found;
  return { input, contract: status === "success" ? contractAddress : undefined };
}
