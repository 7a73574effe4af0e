import { type AbiParameter, encodeFunctionData, getAbiItem } from "viem";
import { InvalidValueError } from "../errors/invalid-value.ts";
import { abiOf, type GovernedAddresses } from "./contracts.ts";
import { boundsOf, type Limits, type Parameter, parameters, valueIn, type Values } from "./parameters.ts";
import type { ProposalCall } from "./proposal.ts";
import { formatValue, type Payment } from "./values.ts";

/** Throws InvalidValueError, which names the bounds, for a value outside them. */
export function checkBounds(parameter: Parameter, value: bigint, limits: Limits, payment: Payment): void {
  const { least, most } = boundsOf(parameter, limits);
  if (value >= least && value <= most) return;
  const show = (amount: bigint): string => formatValue(parameter.unit, amount, payment);
  throw new InvalidValueError(
    parameter.name,
    `${show(value)} is outside its bounds, ${show(least)} to ${show(most)}; it is ${show(valueIn(limits.values, parameter.name))} now.`,
  );
}

const setterOf = ({ contract, setter }: Parameter): string => `${contract}.${setter}`;

/** The setter's argument: a struct of all of its parameters, or the value alone. */
function argumentOf(input: AbiParameter, group: readonly Parameter[], values: Values): unknown {
  const of = (argument: string): bigint => {
    const parameter = group.find((one) => one.argument === argument);
    if (parameter === undefined) throw new Error(`No parameter is the argument ${argument} of its setter.`);
    return valueIn(values, parameter.name);
  };
  if (!("components" in input)) return of(input.name ?? "");
  return Object.fromEntries(input.components.map(({ name = "" }) => [name, of(name)]));
}

function callOf(addresses: GovernedAddresses, group: readonly Parameter[], values: Values): ProposalCall {
  const [{ contract, setter } = { contract: "escrow" as const, setter: "" }] = group;
  const target = addresses[contract];
  if (target === undefined) throw new InvalidValueError(setter, "this network has no emissions.");
  const abi = abiOf(contract);
  const item = getAbiItem({ abi, name: setter });
  const inputs = item?.type === "function" ? item.inputs : [];
  const args = inputs.map((input) => argumentOf(input, group, values));
  return { target, value: 0n, data: encodeFunctionData({ abi, functionName: setter, args }) };
}

/**
 * The calls that change the named values and leave all others as they are: one for each setter concerned. Throws
 * InvalidValueError for a name that is none.
 */
export function changeCalls(addresses: GovernedAddresses, changes: Values, values: Values): readonly ProposalCall[] {
  const unknown = [...changes.keys()].find((name) => !parameters.some((one) => one.name === name));
  if (unknown !== undefined) throw new InvalidValueError(unknown, "there is no such parameter.");
  const changed: Values = new Map([...values, ...changes]);
  const setters = [...new Set(parameters.filter(({ name }) => changes.has(name)).map(setterOf))];
  const isUnbonding = (setter: string): boolean => setter === "nodeRegistry.setUnbonding";
  // last: it may shrink with the times that it must exceed; where they grow, it has to have grown three days before
  const ordered = setters.toSorted((a, b) => Number(isUnbonding(a)) - Number(isUnbonding(b)));
  return ordered.map((setter) =>
    callOf(
      addresses,
      parameters.filter((one) => setterOf(one) === setter),
      changed,
    ),
  );
}
