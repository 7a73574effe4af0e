import type { Hex } from "viem";
import { toHex } from "../../sdk/attestation/bytes.ts";
import { intelRootKey, intelRootName } from "../../sdk/attestation/intel-root.ts";
import { evmnet } from "../../sdk/drand/evmnet.ts";
import l2 from "../networks/l2.json" with { type: "json" };
import localNetwork from "../networks/local.json" with { type: "json" };
import { instanceSchema } from "./schema.ts";
import { leastUnbondingS } from "./unbonding.ts";

/** Whose signature makes TEE evidence genuine: a key on P-256, and keccak256 of the DER Name that its certificates hold as their issuer. */
export type AttestationRoot = { readonly x: Hex; readonly y: Hex; readonly name: Hex };

const intelRoot: AttestationRoot = rootOf(intelRootKey);

/** A root with a key (x || y) and the name of Intel's. */
export function rootOf(key: Uint8Array): AttestationRoot {
  return { x: toHex(key.subarray(0, 32)), y: toHex(key.subarray(32)), name: intelRootName };
}

/** The values that a deployment chooses. Times in seconds, rates in basis points, floors in millionths of the payment token. */
export type InstanceParameters = {
  /** Unbonding time of stake: longer than `leastUnbondingS`, as the contracts check, and at most sixty days. */
  readonly unbonding: number;
  readonly taskSettings: {
    readonly activationDelay: number;
    readonly maxSnapshotAge: number;
    /** Of a task's stake per node, for a proven no-show, in basis points. */
    readonly noShowSlash: number;
    /** ATOMA per task, in units of 10^-18. */
    readonly publisherBond: bigint;
  };
  /** Units of the payment token per ATOMA: conservative, for it bounds requests by the stake behind them. */
  readonly stakePrice: bigint;
  readonly beaconGenesis: bigint;
  readonly beaconPeriod: bigint;
  /** G2 point x1, x0, y1, y0. */
  readonly beaconPublicKey: readonly bigint[];
  readonly attestationRoot: AttestationRoot;
  readonly parameters: {
    readonly protocolFee: number;
    readonly fallbackDelay: number;
    readonly chainPhase: number;
    readonly beaconDelay: number;
    readonly expireDelay: number;
    readonly beaconTimeout: number;
    readonly disputeWindow: number;
    readonly reputationFloor: number;
    readonly tipFloor: number;
  };
  readonly disputeParameters: {
    readonly panelMin: number;
    readonly panelWindow: number;
    readonly appealWindow: number;
    readonly punishWindow: number;
    readonly jurorSlash: number;
  };
};

/** Defaults of a public network on an L2 with blocks of about two seconds and a payment token of six decimals. */
export const production: InstanceParameters = instanceSchema.parse(l2.instance);

/**
 * A private network: all times but unbonding are seconds, the beacon has a single key of the operator's own, and so may the root
 * of TEE evidence. A fallback delay of 14 s is after the second root, 13 s after commits end, and while turns of absent members pass.
 *
 * @param keys genesis and period in seconds, and the public key of whoever signs the rounds
 */
export function local(
  keys: Pick<InstanceParameters, "beaconGenesis" | "beaconPeriod" | "beaconPublicKey" | "attestationRoot">,
): InstanceParameters {
  return { ...instanceSchema.parse(localNetwork.instance), ...keys };
}

/**
 * What must hold of a public network besides the bounds that the contracts check themselves.
 *
 * @throws Error that names every fault
 */
export function assertPublic(p: InstanceParameters): void {
  const faults = publicFaults(p);
  if (faults.length > 0) throw new Error(`Not fit for a public network: ${faults.join("; ")}.`);
}

/** The faults that `assertPublic` names. */
export function publicFaults(p: InstanceParameters): string[] {
  return [
    isEvmnet(p) ? [] : ["the beacon is not drand's evmnet: a single key could choose every committee"],
    isIntels(p.attestationRoot)
      ? []
      : ["the root of TEE evidence is not Intel's: whoever has its key makes up evidence"],
    p.unbonding > leastUnbondingS(p)
      ? []
      : [`unbonding is not longer than the ${leastUnbondingS(p)} s that a dispute can take`],
    p.disputeParameters.panelMin >= 21 ? [] : ["a first panel has fewer than 21 jurors"],
    p.parameters.chainPhase >= 60 ? [] : ["an on-chain phase is shorter than a minute"],
    p.parameters.beaconDelay >= 2 * Number(p.beaconPeriod) ? [] : ["the beacon delay is shorter than two periods"],
    p.parameters.disputeWindow >= 3_600 ? [] : ["the dispute window is shorter than an hour"],
    p.parameters.tipFloor > 0 ? [] : ["without a tip floor nobody has a reason to settle"],
  ].flat();
}

/** Whether the root is Intel's. */
export function isIntels({ x, y, name }: AttestationRoot): boolean {
  return x === intelRoot.x && y === intelRoot.y && name === intelRoot.name;
}

/** Whether key, genesis and period are those of drand's evmnet. */
export function isEvmnet(p: Pick<InstanceParameters, "beaconPublicKey" | "beaconGenesis" | "beaconPeriod">): boolean {
  const key = p.beaconPublicKey.every((coordinate, i) => coordinate === evmnet.publicKey[i]);
  return key && p.beaconGenesis === evmnet.genesisS && p.beaconPeriod === evmnet.periodS;
}
