import { keccak256 } from "viem";
import { DeploymentError } from "../parameters/network-file.ts";
import { contractNames } from "../run/record.ts";
import { proveCode } from "./code.ts";
import { proveHistory } from "./history.ts";
import { proveParameters } from "./parameters.ts";
import { type Proof, proof, proofOf } from "./proof.ts";
import { proveRoles } from "./roles.ts";
import type { Subject } from "./subject.ts";
import { proveWiring } from "./wiring.ts";

/**
 * Proves a deployment from what its chain says: code, creation, immutables, roles, wiring, keys and parameters. The chain is
 * what the RPC says it is; nothing else is trusted. Throws DeploymentError where there is nothing to prove.
 */
export async function verifyDeployment(subject: Subject): Promise<Proof[]> {
  const { chain, file, record } = subject;
  const chainId = await chain.getChainId();
  if (chainId !== file.chainId || record.chainId !== file.chainId)
    throw new DeploymentError("These do not belong together:", [
      `the RPC serves chain ${chainId}, the file is for ${file.chainId}, and the record of ${record.chainId}.`,
    ]);
  const parts = [proveRecord, proveCode, proveRoles, proveHistory, proveWiring, proveParameters];
  const proofs: Proof[] = [];
  for (const prove of parts) proofs.push(...(await attempted(prove, subject)));
  return proofs;
}

/** A contract that does not even answer is a failure of its part, and no end of the others. */
async function attempted(prove: (subject: Subject) => Promise<Proof[]>, subject: Subject): Promise<Proof[]> {
  try {
    return await prove(subject);
  } catch (error) {
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    return [proof(prove.name, false, `it could not be read: ${why}`)];
  }
}

/** The record itself: each contract named once, and its code as it was when the record was written. */
async function proveRecord({ chain, record, file }: Subject): Promise<Proof[]> {
  const faults = await Promise.all(
    contractNames.map(async (name) => {
      const entry = record.contracts[name];
      if (entry === undefined || entry.address !== record[name]) return [`contracts.${name} is not ${record[name]}`];
      const hash = keccak256((await chain.getCode({ address: record[name] })) ?? "0x");
      return hash === entry.codeHash ? [] : [`the code of ${name} is not what it was`];
    }),
  );
  const isToken = file.paymentToken === "deploy" || file.paymentToken.address === record.token;
  return [
    proofOf(`record: ${contractNames.length} contracts, with the code that they had`, faults.flat()),
    proof("record: the payment token is the file's", isToken, `it is ${record.token}`),
  ];
}
