import { domainSeparator, encodeAbiParameters, type Hex, keccak256, numberToHex, pad, size, stringToHex } from "viem";
import type { AbiParameter, Address } from "viem";
import type { ContractName } from "../run/record.ts";
import { escrowConfig, type Subject } from "./subject.ts";

/** Values of immutables by the name of their variable, as the 32 bytes that stand in code. */
export type Immutables = Readonly<Record<string, Hex>>;

const number = (value: bigint | number): Hex => numberToHex(value, { size: 32 });
const addressWord = (value: Address): Hex => pad(value, { size: 32 }).toLowerCase() as Hex;
/** OpenZeppelin's short string: its bytes on the left, its length in the last byte. */
const shortString = (text: string): Hex =>
  `${pad(stringToHex(text), { size: 31, dir: "right" })}${size(stringToHex(text)).toString(16).padStart(2, "0")}`;

/** Names of EIP-712 domains; all have version 1. */
const domains: Readonly<Partial<Record<ContractName, string>>> = {
  atoma: "Atoma",
  governor: "Atoma",
  escrow: "Atoma",
  extension: "Atoma",
  nodeRegistry: "Atoma Nodes",
  teeRegistry: "Atoma TEE",
};

function domainOf(name: string, chainId: number, verifyingContract: Address): Immutables {
  return {
    _cachedDomainSeparator: domainSeparator({ domain: { name, version: "1", chainId, verifyingContract } }),
    _cachedChainId: number(chainId),
    _cachedThis: addressWord(verifyingContract),
    _hashedName: keccak256(stringToHex(name)),
    _hashedVersion: keccak256(stringToHex("1")),
    _name: shortString(name),
    _version: shortString("1"),
  };
}

export type Circumstances = {
  /** Whether the chain has P256VERIFY. */
  readonly hasP256: boolean;
  /** Time of the block that made the contract, in Unix seconds. */
  readonly madeAtS: bigint;
  readonly decimals: number;
  /** The escrow's config struct. */
  readonly configType: AbiParameter;
};

/** What the immutables of a contract must be. Names without a value here are a fault of their own. */
export function expectedImmutables(subject: Subject, name: ContractName, at: Circumstances): Immutables {
  const { file, record: r } = subject;
  const domain = domains[name];
  const own = ownImmutables(subject, at);
  return {
    ...instanceImmutables(subject, at),
    ...(domain === undefined ? {} : domainOf(domain, file.chainId, r[name])),
    ...own,
  };
}

function instanceImmutables({ file, record: r }: Subject, at: Circumstances): Immutables {
  const { instance } = file;
  const [x1, x0, y1, y0] = instance.beaconPublicKey.map(number);
  const key = { keyX1: x1 ?? "0x", keyX0: x0 ?? "0x", keyY1: y1 ?? "0x", keyY0: y0 ?? "0x" };
  const root = instance.attestationRoot;
  return {
    ...{ TOKEN: addressWord(r.token), ATOMA: addressWord(r.atoma), _token: addressWord(r.atoma) },
    ...{ TREASURY: addressWord(r.treasury), NODE_REGISTRY: addressWord(r.nodeRegistry) },
    ...{ TASK_REGISTRY: addressWord(r.taskRegistry), BEACON: addressWord(r.beacon) },
    ...{ DISPUTES: addressWord(r.disputes), TEE_REGISTRY: addressWord(r.teeRegistry) },
    ...{ ESCROW: addressWord(r.escrow), EXTENSION: addressWord(r.extension), VERIFIER: addressWord(r.quoteVerifier) },
    ...{ collateral: addressWord(r.collateral), _deployer: addressWord(r.deployer), deployer: addressWord(r.deployer) },
    ...{ GENESIS: number(instance.beaconGenesis), PERIOD: number(instance.beaconPeriod) },
    ...{ genesis: number(instance.beaconGenesis), period: number(instance.beaconPeriod), ...key },
    ...{ _rootX: root.x, _rootY: root.y, _rootName: root.name },
    MICRO: number(10n ** BigInt(at.decimals - 6)),
    LEAST_BEACON_DELAY: number(instance.parameters.beaconDelay),
    LEAST_CHAIN_PHASE: number(instance.parameters.chainPhase),
    _hasP256Precompile: number(at.hasP256 ? 1 : 0),
  };
}

function ownImmutables(subject: Subject, { madeAtS, configType }: Circumstances): Immutables {
  const { governance, emissions } = subject.file;
  return {
    LEAST_DELAY: number(governance.timelockDelay),
    LEAST_VOTING_TIME: number(governance.leastVotingTime),
    EPOCH: number(emissions.epochLength),
    MOST_BUDGET: number(emissions.mostBudget),
    START: number(madeAtS),
    configHash: keccak256(encodeAbiParameters([configType], [escrowConfig(subject)])),
  };
}
