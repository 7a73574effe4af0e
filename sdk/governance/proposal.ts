import {
  type Address,
  encodeAbiParameters,
  getAddress,
  hexToBigInt,
  type Hex,
  isAddress,
  keccak256,
  stringToBytes,
} from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";

/** A proposal as `AtomaGovernor.propose` takes it. */
export type Proposal = {
  readonly targets: readonly Address[];
  readonly values: readonly bigint[];
  readonly calldatas: readonly Hex[];
  readonly description: string;
  /** The bytes of a description that was made and is no plain text: its id is made of them. Absent elsewhere. */
  readonly descriptionBytes?: Hex;
};

/** One call of a proposal. */
export type ProposalCall = { readonly target: Address; readonly value: bigint; readonly data: Hex };

const mostCalls = 100;
const mostText = 100_000;

/** The calls of a proposal, in the order in which they are executed. */
export const callsIn = ({ targets, values, calldatas }: Proposal): readonly ProposalCall[] =>
  targets.map((target, i) => ({ target, value: values[i] ?? 0n, data: calldatas[i] ?? "0x" }));

/** A proposal of calls. */
export const proposalOf = (description: string, calls: readonly ProposalCall[]): Proposal => ({
  targets: calls.map(({ target }) => target),
  values: calls.map(({ value }) => value),
  calldatas: calls.map(({ data }) => data),
  description,
});

/** keccak256 of the description: what later steps name it by. */
export const descriptionHash = ({
  description,
  descriptionBytes,
}: Pick<Proposal, "description" | "descriptionBytes">): Hex =>
  keccak256(descriptionBytes ?? stringToBytes(description));

const idParameters = [{ type: "address[]" }, { type: "uint256[]" }, { type: "bytes[]" }, { type: "bytes32" }] as const;

/** The governor's id of a proposal. Equals `AtomaGovernor.getProposalId`. */
export function proposalIdOf(proposal: Proposal): bigint {
  const { targets, values, calldatas } = proposal;
  return hexToBigInt(
    keccak256(encodeAbiParameters(idParameters, [targets, values, calldatas, descriptionHash(proposal)])),
  );
}

/** The proposal as JSON holds it, with values as decimal text. */
export const proposalJson = ({ targets, values, calldatas, description }: Proposal): string =>
  `${JSON.stringify({ targets, values: values.map(String), calldatas, description }, null, 2)}\n`;

function list(fields: Readonly<Record<string, unknown>>, name: string): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new InvalidValueError(name, "it is not a list.");
  return value as readonly unknown[];
}

function targetIn(value: unknown, i: number): Address {
  if (typeof value === "string" && isAddress(value)) return getAddress(value);
  throw new InvalidValueError(`targets[${i}]`, `${String(value)} is not an address with a right checksum.`);
}

function valueIn(value: unknown, i: number): bigint {
  const text = typeof value === "number" && Number.isSafeInteger(value) ? `${value}` : value;
  if (typeof text === "string" && /^(0|[1-9][0-9]{0,76})$/.test(text)) return BigInt(text);
  throw new InvalidValueError(`values[${i}]`, `${String(value)} is not a whole number of wei.`);
}

function calldataIn(value: unknown, i: number): Hex {
  if (typeof value === "string" && /^0x([0-9a-fA-F]{2})*$/.test(value)) return value.toLowerCase() as Hex;
  throw new InvalidValueError(`calldatas[${i}]`, "it is not hex of whole bytes.");
}

/** Reads a proposal out of parsed JSON. Throws InvalidValueError that names the first field that is missing or wrong. */
export function parseProposal(json: unknown): Proposal {
  if (typeof json !== "object" || json === null) throw new InvalidValueError("proposal", "it is not an object.");
  const fields = json as Readonly<Record<string, unknown>>;
  const targets = list(fields, "targets").map(targetIn);
  const values = list(fields, "values").map(valueIn);
  const calldatas = list(fields, "calldatas").map(calldataIn);
  const { description } = fields;
  if (typeof description !== "string" || description.length > mostText)
    throw new InvalidValueError("description", `it is not a text of at most ${mostText} characters.`);
  if (targets.length !== values.length || targets.length !== calldatas.length)
    throw new InvalidValueError("targets", "targets, values and calldatas must have one entry for each call.");
  if (targets.length === 0 || targets.length > mostCalls)
    throw new InvalidValueError("targets", `a proposal has 1 to ${mostCalls} calls, this one ${targets.length}.`);
  return { targets, values, calldatas, description };
}

/** Who alone may propose it, where the description ends with `#proposer=ADDRESS`, as the governor reads it. */
export function proposerIn(description: string): Address | undefined {
  const [, address = ""] = /#proposer=(0x[0-9a-fA-F]{40})$/.exec(description) ?? [];
  return isAddress(address, { strict: false }) ? getAddress(address) : undefined;
}
