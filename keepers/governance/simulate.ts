/** Executes a proposal on the chain as it is, without sending anything: as its calls will be made, one after the other. */
import {
  concatHex,
  encodeAbiParameters,
  encodeFunctionData,
  type Hex,
  keccak256,
  numberToHex,
  type StateOverride,
  zeroAddress,
  zeroHash,
} from "viem";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { explainError } from "../../sdk/errors/explain.ts";
import { revertDataOf } from "../../sdk/errors/revert-data.ts";
import { callsIn, type Proposal } from "../../sdk/governance/proposal.ts";
import { UsageError } from "../commands/usage-error.ts";
import { isRevert } from "../runtime/reverts.ts";
import { rpcErrorIn } from "../runtime/viem-client.ts";
import type { Governance } from "./contracts.ts";

/** The first call that would fail, counted from 0, and why. */
export type Failure = { readonly index: number; readonly why: string };

/** Places in the storage of OpenZeppelin's TimelockController and of AtomaGovernor, as their build says. */
const timestampsSlot = 1n;
const governanceCallSlot = 5n;
/** Any time that is past: the operation is due. */
const due = 2n;

const word = (value: bigint): Hex => numberToHex(value, { size: 32 });
const slotAt = (key: Hex, slot: bigint): Hex => keccak256(concatHex([key, word(slot)]));

/** What the timelock executes as one operation. */
const batchOf = (proposal: Proposal, count: number) =>
  [
    proposal.targets.slice(0, count),
    proposal.values.slice(0, count),
    proposal.calldatas.slice(0, count),
    zeroHash,
    zeroHash,
  ] as const;

const operationParameters = [
  { type: "address[]" },
  { type: "uint256[]" },
  { type: "bytes[]" },
  { type: "bytes32" },
  { type: "bytes32" },
] as const;

/** Calls of the governor to itself, which it expects in this order while it executes. */
const expectedCalls = ({ addresses }: Governance, proposal: Proposal): Hex[] =>
  callsIn(proposal).flatMap(({ target, data }) => (target === addresses.governor ? [keccak256(data)] : []));

/** As if the operation was due, and the governor executing it. */
const overrides = (governance: Governance, proposal: Proposal, count: number): StateOverride => {
  const { timelock, governor } = governance.addresses;
  const id = keccak256(encodeAbiParameters(operationParameters, batchOf(proposal, count)));
  const expected = expectedCalls(governance, proposal);
  const ends = { slot: word(governanceCallSlot), value: word(BigInt(expected.length) << 128n) };
  const entries = expected.map((value, i) => ({ slot: slotAt(word(BigInt(i)), governanceCallSlot + 1n), value }));
  return [
    { address: timelock, stateDiff: [{ slot: slotAt(id, timestampsSlot), value: word(due) }] },
    { address: governor, stateDiff: [ends, ...entries] },
  ];
};

const whyOf = (error: unknown): string => {
  const failure = rpcErrorIn(error);
  if (revertDataOf(error) !== undefined || failure === undefined || isRevert(failure)) return explainError(error);
  throw new UsageError("The RPC cannot simulate with changed storage (state overrides): use another RPC.", {
    cause: error,
  });
};

/** Why the first `count` calls would not execute, or undefined where they would. */
const tryFirst = async (governance: Governance, proposal: Proposal, count: number): Promise<string | undefined> => {
  const data = encodeFunctionData({
    abi: atomaTimelockAbi,
    functionName: "executeBatch",
    args: batchOf(proposal, count),
  });
  const call = { account: zeroAddress, to: governance.addresses.timelock, data } as const;
  const stateOverride = overrides(governance, proposal, count);
  return governance.session.context.publicClient.call({ ...call, stateOverride }).then(
    () => undefined,
    (error: unknown) => whyOf(error),
  );
};

/** Makes the calls from the timelock, in their order and each on top of those before, on the state of now. */
export const simulate = async (governance: Governance, proposal: Proposal): Promise<Failure | undefined> => {
  if ((await tryFirst(governance, proposal, proposal.targets.length)) === undefined) return undefined;
  for (let count = 1; count <= proposal.targets.length; count++) {
    const why = await tryFirst(governance, proposal, count);
    if (why !== undefined) return { index: count - 1, why };
  }
  return undefined;
};
