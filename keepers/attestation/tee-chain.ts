/** What the chain knows of workloads, keys, certificates and collateral: read when asked; cached only where it never changes. */
import { type Address, BaseError, concat, ContractFunctionRevertedError, type Hex, hexToBytes } from "viem";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import type { QuoteWords } from "../../sdk/attestation/chain-calls.ts";
import type { Tee } from "../../sdk/attestation/quote.ts";
import type { BoundKey } from "../chain/evidence.ts";
import type { Instance } from "../chain/instance.ts";
import type { PckCa } from "./collateral/urls.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { makePublicClient } from "../runtime/viem-client.ts";

/** As `Workload` of the contract. */
export type Workload = {
  readonly owner: Address;
  readonly tee: number;
  readonly parts: number;
  /** Allowed statuses, bit n for status n; zero: revoked. */
  readonly statuses: number;
  readonly minEvaluation: number;
  /** Seconds. */
  readonly maxAge: number;
};

/** As `Binding` of the contract; `until` in Unix seconds, inclusive, zero if there is none. */
export type Binding = {
  readonly nodeId: number;
  readonly until: number;
  readonly evaluation: number;
  readonly challengeBlock: number;
  readonly revoked: boolean;
};

/** A signed text that is kept, in Unix seconds; all zero if none is. */
export type KeptText = { readonly issueDate: number; readonly nextUpdate: number };
/** `areDistrusted`: a signer was revoked since, and they may be its; they count no more. */
export type KeptTexts = {
  readonly tcbInfo: KeptText;
  readonly qeIdentity: KeptText;
  readonly areDistrusted: boolean;
};
/** Which texts: of a kind of machines, in one evaluation of Intel's. */
export type TextsKey = { readonly tee: Tee; readonly fmspc: Hex; readonly evaluation: number };

/** A registered certificate, as far as keepers need it. */
export type KeptPck = { readonly fmspc: Hex; readonly notAfter: number; readonly revoked: boolean };

export type TeeChain = {
  /** x || y of the pinned root. */
  rootKey(): Promise<Uint8Array>;
  /** Zero if the task names none. */
  workloadIdOf(taskId: bigint): Promise<Hex>;
  /** Undefined if none has this id. */
  workload(workloadId: Hex): Promise<Workload | undefined>;
  /** From when the measurement is allowed, Unix seconds; zero if it is not. */
  measurementActiveAt(workloadId: Hex, measurement: Hex): Promise<bigint>;
  binding(workloadId: Hex, signer: Address): Promise<Binding>;
  isLiveIssuer(issuerId: Hex): Promise<boolean>;
  /** Undefined for what is no registered authority. */
  caOf(issuerId: Hex): Promise<PckCa | undefined>;
  texts(key: TextsKey): Promise<KeptTexts>;
  /** Undefined if it is not registered. */
  pck(pckId: Hex): Promise<KeptPck | undefined>;
  /** The node that a machine backs, and until when, Unix seconds. */
  machineOf(ppid: Hex): Promise<{ readonly nodeId: number; readonly untilS: number }>;
  /** The error that refuses the quote under this evaluation; undefined if it verifies. */
  quoteError(quote: QuoteWords, evaluation: number): Promise<string | undefined>;
  /** Whether the binding has lost what it was made by. */
  canEnd(key: Pick<BoundKey, "workloadId" | "signer" | "pckId" | "measurement">): Promise<boolean>;
};

/** `IssuerKind` of the contract. */
const caKinds: ReadonlyMap<number, PckCa> = new Map([
  [1, "platform"],
  [2, "processor"],
]);

/** TEE type of a quote's header. */
export const teeTypeOf = (tee: Tee): number => (tee === "TDX" ? 0x81 : 0);

/** The name of the custom error that a call reverted with; undefined if it failed otherwise. */
const errorNameOf = (error: unknown): string | undefined => {
  const reverted =
    error instanceof BaseError ? error.walk((one) => one instanceof ContractFunctionRevertedError) : null;
  return reverted instanceof ContractFunctionRevertedError ? reverted.data?.errorName : undefined;
};

/** The same; throws what failed otherwise. */
const errorNameOr = (error: unknown): string => {
  const name = errorNameOf(error);
  if (name === undefined) throw error;
  return name;
};

/** Undefined where the contract says by this error that there is none. */
const unless = async <T>(name: string, read: Promise<T>): Promise<T | undefined> => {
  try {
    return await read;
  } catch (error) {
    if (errorNameOf(error) === name) return undefined;
    throw error;
  }
};

/** Reads the contracts of an instance. */
export const makeTeeChain = (rpc: Rpc, instance: Instance): TeeChain => {
  const client = makePublicClient(rpc, instance.chainId);
  const registry = { address: instance.teeRegistry, abi: teeRegistryAbi } as const;
  const collateral = { address: instance.collateral, abi: dcapCollateralAbi } as const;
  // errors of the collateral come through the verifier
  const verifier = { address: instance.quoteVerifier, abi: [...dcapVerifierAbi, ...dcapCollateralAbi] } as const;
  const tasks = { address: instance.taskRegistry, abi: taskRegistryAbi } as const;
  const workloadIds = new Map<bigint, Hex>(); // a task never changes it
  const cas = new Map<Hex, PckCa>(); // nor does an issuer what it is
  return {
    rootKey: async () => {
      const [x, y] = await client.readContract({ ...collateral, functionName: "root" });
      return hexToBytes(concat([x, y]));
    },
    workloadIdOf: async (taskId) => {
      const args = [Number(taskId)] as const;
      const id = workloadIds.get(taskId) ?? (await client.readContract({ ...tasks, functionName: "workloadOf", args }));
      workloadIds.set(taskId, id);
      return id;
    },
    workload: (workloadId) =>
      unless("UnknownWorkload", client.readContract({ ...registry, functionName: "workloadOf", args: [workloadId] })),
    measurementActiveAt: (workloadId, measurement) =>
      client.readContract({ ...registry, functionName: "measurementActiveAt", args: [workloadId, measurement] }),
    binding: (workloadId, signer) =>
      client.readContract({ ...registry, functionName: "bindingOf", args: [workloadId, signer] }),
    isLiveIssuer: (issuerId) => client.readContract({ ...collateral, functionName: "isLiveIssuer", args: [issuerId] }),
    caOf: async (issuerId) => {
      const known = cas.get(issuerId);
      if (known !== undefined) return known;
      const read = client.readContract({ ...collateral, functionName: "issuer", args: [issuerId] });
      const ca = caKinds.get((await unless("UnknownIssuer", read))?.kind ?? 0);
      if (ca !== undefined) cas.set(issuerId, ca);
      return ca;
    },
    texts: async ({ tee, fmspc, evaluation }) => {
      const type = teeTypeOf(tee);
      const [tcbInfo, qeIdentity] = await Promise.all([
        client.readContract({ ...collateral, functionName: "tcbInfo", args: [type, fmspc, evaluation] }),
        client.readContract({ ...collateral, functionName: "qeIdentity", args: [type, evaluation] }),
      ]);
      const read = client.readContract({
        ...collateral,
        functionName: "collateralOf",
        args: [type, fmspc, evaluation],
      });
      const error = await read.then(() => undefined, errorNameOr);
      return { tcbInfo, qeIdentity, areDistrusted: error === "TcbTextDistrusted" };
    },
    pck: (pckId) => unless("UnknownPck", client.readContract({ ...verifier, functionName: "pck", args: [pckId] })),
    machineOf: async (ppid) => {
      const [nodeId, until] = await client.readContract({ ...registry, functionName: "machineOf", args: [ppid] });
      return { nodeId, untilS: Number(until) }; // 40 bits on chain
    },
    quoteError: async (quote, evaluation) => {
      try {
        await client.readContract({ ...verifier, functionName: "verifyQuote", args: [quote, evaluation] });
        return undefined;
      } catch (error) {
        return errorNameOr(error);
      }
    },
    canEnd: async ({ workloadId, signer, pckId, measurement }) => {
      const args = [workloadId, signer, pckId, measurement] as const;
      try {
        await client.simulateContract({ ...registry, functionName: "endBinding", args });
        return true;
      } catch (error) {
        if (errorNameOf(error) === undefined) throw error;
        return false;
      }
    },
  };
};
