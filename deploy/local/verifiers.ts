import { network } from "hardhat";
import type { Hex } from "viem";
import { chainEvidenceOf, type RegistrationCall, type RevocationCall, revocationCallsOf } from "../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { type Status, statuses } from "../../sdk/attestation/status.ts";
import { rootOf } from "../parameters/parameters.ts";
import type { DcapCollateral, DcapVerifier } from "../../types/index.js";

/** A chain with the contracts of one root. */
export type Verifiers = {
  readonly connection: Awaited<ReturnType<typeof network.create>>;
  readonly collateral: DcapCollateral;
  readonly verifier: DcapVerifier;
};

/** Evidence, and the clock to look at it by. */
export type Evidence = { readonly quote: Uint8Array; readonly collateral: Collateral; readonly at: number };

/** What the chain says: a status, or the error that it reverts with. */
export type ChainVerdict =
  | { readonly status: Status; readonly tee: bigint; readonly ppid: Hex; readonly validUntil: bigint }
  | { readonly error: string };

const setUpS = 3_600;

/** Deploys the contracts that verify evidence, on a chain of their own, an hour before `at`, pinned to the key (x || y), and waits until then. */
export async function deployVerifiers(rootKey: Uint8Array, at: number, hardfork = "osaka"): Promise<Verifiers> {
  const initialDate = new Date((at - setUpS) * 1_000).toISOString();
  const connection = await network.create({ override: { initialDate, hardfork } });
  const { ethers, networkHelpers } = connection;
  const collateral = await ethers.deployContract("DcapCollateral", [rootOf(rootKey)]);
  const verifier = await ethers.deployContract("DcapVerifier", [collateral]);
  await networkHelpers.time.increaseTo(at);
  return { connection, collateral, verifier };
}

/** Sends one call. Returns the gas of the transaction. */
export async function register(on: Verifiers, { to, functionName, args }: RegistrationCall | RevocationCall): Promise<bigint> {
  const contract = to === "collateral" ? on.collateral : on.verifier;
  const sent = await contract.getFunction(functionName)(...args);
  const receipt = await sent.wait();
  return receipt.gasUsed;
}

/** Registers all that comes before the quote and proves what is revoked, then asks for a verdict. */
export async function verdictOnChain(on: Verifiers, { quote, collateral }: Evidence): Promise<ChainVerdict> {
  const { tcbEvaluationDataNumber } = JSON.parse(collateral.tcb_info) as { tcbEvaluationDataNumber: number };
  try {
    const evidence = chainEvidenceOf(quote, collateral);
    const calls = [...evidence.collateral, ...evidence.machine, ...revocationCallsOf(quote, collateral)];
    for (const call of calls) await register(on, call);
    const { tee, status, ppid, validUntil } = await on.verifier.verifyQuote(evidence.quote, tcbEvaluationDataNumber);
    const name = statuses[Number(status) - 1];
    if (name === undefined) throw new Error(`The chain says status ${status}.`);
    return { status: name, tee, ppid: ppid as Hex, validUntil };
  } catch (error) {
    return { error: nameOf(on, error) };
  }
}

/** The name of the error that a call reverted with. Throws what is no revert with a named error. */
export function nameOf({ collateral, verifier }: Verifiers, error: unknown): string {
  const { data, name } = error as { data?: string; name?: string };
  if (name === "EvidenceError") return "EvidenceError";
  for (const contract of [collateral, verifier]) {
    const parsed = data === undefined ? null : contract.interface.parseError(data);
    if (parsed !== null) return parsed.name;
  }
  throw error;
}
