import { network } from "hardhat";
import type { NetworkConnection } from "hardhat/types/network";
import {
  type Address,
  BaseError,
  ContractFunctionRevertedError,
  createPublicClient,
  custom,
  getAddress,
  type Hex,
  type PublicClient,
} from "viem";
import { hardhat } from "viem/chains";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import {
  calldataOf,
  chainEvidenceOf,
  type QuoteWords,
  type RegistrationCall,
  type RevocationCall,
  revocationCallsOf,
} from "../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../sdk/attestation/collateral.ts";
import { EvidenceError } from "../../sdk/attestation/evidence-error.ts";
import { type Status, statuses } from "../../sdk/attestation/status.ts";
import { rootOf } from "../parameters/parameters.ts";
import { type Wallet, walletOf } from "./world.ts";

/** A chain with the contracts that verify evidence under one root. */
export type Verifiers = {
  readonly connection: NetworkConnection<"l1">;
  readonly chain: PublicClient;
  readonly wallet: Wallet;
  readonly collateral: Address;
  readonly verifier: Address;
};

/** A raw quote and its collateral. */
export type Evidence = { readonly quote: Uint8Array; readonly collateral: Collateral };

/** What the chain says: a status, or the error that it reverts with. */
export type ChainVerdict =
  | { readonly status: Status; readonly tee: number; readonly ppid: Hex; readonly validUntil: number }
  | { readonly error: string };

const setUpS = 3_600;
/** Of both, as errors of the collateral come through the verifier. */
const abi = [...dcapVerifierAbi, ...dcapCollateralAbi] as const;

/** Deploys the contracts on a chain of their own an hour before `at`, pinned to the key (x || y), and waits until then. */
export async function deployVerifiers(rootKey: Uint8Array, at: number, hardfork = "osaka"): Promise<Verifiers> {
  const initialDate = new Date((at - setUpS) * 1_000).toISOString();
  const connection = await network.create({
    network: "default",
    chainType: "l1",
    override: { initialDate, hardfork },
  });
  const { ethers, networkHelpers, provider } = connection;
  const collateral = await ethers.deployContract("DcapCollateral", [rootOf(rootKey)]);
  const verifier = await ethers.deployContract("DcapVerifier", [collateral]);
  await networkHelpers.time.increaseTo(at);
  const [account] = await ethers.getSigners();
  if (account === undefined) throw new Error("The local chain has no unlocked accounts.");
  return {
    connection,
    chain: createPublicClient({ chain: hardhat, transport: custom(provider, { retryCount: 0 }), cacheTime: 0 }),
    wallet: walletOf(connection, getAddress(account.address)),
    collateral: getAddress(await collateral.getAddress()),
    verifier: getAddress(await verifier.getAddress()),
  };
}

/** Sends one call. Returns the gas of its transaction; throws with the contract's error if it is refused. */
export async function register(on: Verifiers, call: RegistrationCall | RevocationCall): Promise<bigint> {
  const { chain, wallet, collateral, verifier } = on;
  const target = { address: call.to === "collateral" ? collateral : verifier, abi };
  const { functionName, args } = call;
  // the two ABIs hold all of these functions with these arguments
  const request = { ...target, functionName, args, account: wallet.account } as Parameters<
    typeof chain.simulateContract
  >[0];
  await chain.simulateContract(request);
  const hash = await wallet.sendTransaction({ to: target.address, data: calldataOf(call) });
  return (await chain.getTransactionReceipt({ hash })).gasUsed;
}

/** What `verifyQuote` says of these words by the collateral of an evaluation. */
export async function judge(on: Verifiers, quote: QuoteWords, evaluation: number): Promise<ChainVerdict> {
  return named(async () => {
    const { tee, status, ppid, validUntil } = await on.chain.readContract({
      address: on.verifier,
      abi,
      functionName: "verifyQuote",
      args: [quote, evaluation],
    });
    const name = statuses[status - 1];
    if (name === undefined) throw new Error(`The chain says status ${status}.`);
    return { status: name, tee, ppid, validUntil };
  });
}

/** Registers all that comes before the quote and proves what is revoked, then asks for a verdict. */
export async function verdictOnChain(on: Verifiers, { quote, collateral }: Evidence): Promise<ChainVerdict> {
  return named(async () => {
    const evidence = chainEvidenceOf(quote, collateral);
    const calls = [...evidence.collateral, ...evidence.machine, ...revocationCallsOf(quote, collateral)];
    for (const call of calls) await register(on, call);
    const { tcbEvaluationDataNumber } = JSON.parse(collateral.tcb_info) as { tcbEvaluationDataNumber: number };
    return judge(on, evidence.quote, tcbEvaluationDataNumber);
  });
}

/** What a check says, or the name of the error that refuses the evidence: a contract's, or the reason code of the sdk. */
export async function named<T>(check: () => Promise<T>): Promise<T | { readonly error: string }> {
  try {
    return await check();
  } catch (error) {
    if (error instanceof EvidenceError) return { error: error.code };
    const reverted =
      error instanceof BaseError ? error.walk((cause) => cause instanceof ContractFunctionRevertedError) : null;
    if (!(reverted instanceof ContractFunctionRevertedError) || reverted.data === undefined) throw error;
    return { error: reverted.data.errorName };
  }
}
