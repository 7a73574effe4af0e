/** Builds proposals from what people write on a command line. */
import { type Address, encodeFunctionData, type Hex } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { changeCalls, checkBounds } from "../../sdk/governance/changes.ts";
import { guardianRole, roleCalls } from "../../sdk/governance/guarded.ts";
import { parameterOf, parameters, valueIn } from "../../sdk/governance/parameters.ts";
import { formatValue, parseValue } from "../../sdk/governance/values.ts";
import { UsageError } from "../commands/usage-error.ts";
import { endStreamStep, grantStep, one, type Step, streamStep } from "./build-treasury.ts";
import type { Governance } from "./contracts.ts";
import type { Holding } from "./facts.ts";
import type { GovernedSettings } from "./settings.ts";

/** What was asked for, as text. */
export type Asked = {
  readonly set?: readonly string[];
  readonly grant?: readonly string[];
  readonly stream?: readonly string[];
  readonly endStream?: bigint;
  readonly revokeWorkload?: Hex;
  readonly setGuardian?: Address;
  readonly setPauser?: Address;
  readonly roles?: boolean;
};

const splitSet = (text: string): readonly [name: string, value: string] => {
  const [, name, value] = /^([A-Za-z]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`--set must be NAME=VALUE, such as protocolFee=500. It is "${text}".`);
  return [name, value];
};

const changeSteps = (
  { addresses, payment }: Governance,
  { limits }: GovernedSettings,
  asked: readonly string[],
): Step => {
  const changes = new Map<string, bigint>();
  const says = asked.map((text) => {
    const [name, written] = splitSet(text);
    const parameter = parameterOf(name);
    if (parameter === undefined)
      throw new UsageError(
        `There is no parameter ${name}. There are ${parameters.map((each) => each.name).join(", ")}.`,
      );
    if (changes.has(name)) throw new UsageError(`--set names ${name} twice.`);
    const value = parseValue(name, parameter.unit, written, payment);
    if (!limits.values.has(name))
      throw new UsageError(`${name} cannot be set: the record names no ${parameter.contract}.`);
    checkBounds(parameter, value, limits, payment);
    const current = valueIn(limits.values, name);
    if (current === value)
      throw new UsageError(`${name} is ${formatValue(parameter.unit, value, payment)} already: leave it out.`);
    changes.set(name, value);
    return `${name}: ${formatValue(parameter.unit, current, payment)} -> ${formatValue(parameter.unit, value, payment)}`;
  });
  return { calls: changeCalls(addresses, changes, limits.values), says };
};

const revokeStep = ({ addresses }: Governance, workloadId: Hex): Step =>
  one(
    addresses.teeRegistry,
    encodeFunctionData({ abi: teeRegistryAbi, functionName: "revokeWorkload", args: [workloadId] }),
    `The workload ${workloadId} is revoked, for good.`,
  );

const guardianStep = ({ addresses }: Governance, guardian: Address): Step =>
  one(
    addresses.governor,
    encodeFunctionData({ abi: atomaGovernorAbi, functionName: "setProposalGuardian", args: [guardian] }),
    `${guardian} becomes the guardian who can cancel proposals.`,
  );

/** Gives the role, and takes it from everybody else. */
const pauserStep = ({ addresses }: Governance, roles: readonly Holding[], pauser: Address): Step => {
  const others = roles.filter(
    ({ contract, role, account }) => contract === "authority" && role === "guardian" && account !== pauser,
  );
  const grant = encodeFunctionData({
    abi: accessManagerAbi,
    functionName: "grantRole",
    args: [guardianRole, pauser, 0],
  });
  const revokes = others.map(({ account }) =>
    encodeFunctionData({ abi: accessManagerAbi, functionName: "revokeRole", args: [guardianRole, account] }),
  );
  return {
    calls: [grant, ...revokes].map((data) => ({ target: addresses.authority, value: 0n, data })),
    says: [
      `${pauser} becomes the guardian who can pause.`,
      ...others.map(({ account }) => `${account} can pause no more.`),
    ],
  };
};

/** Everything asked for, in a fixed order. Throws UsageError or InvalidValueError for what cannot be. */
export const buildSteps = (
  governance: Governance,
  settings: GovernedSettings,
  roles: readonly Holding[],
  asked: Asked,
): readonly Step[] => [
  ...(asked.set === undefined ? [] : [changeSteps(governance, settings, asked.set)]),
  ...(asked.grant ?? []).map((text) => grantStep(governance, text)),
  ...(asked.stream ?? []).map((text) => streamStep(governance, text)),
  ...(asked.endStream === undefined ? [] : [endStreamStep(governance, asked.endStream)]),
  ...(asked.revokeWorkload === undefined ? [] : [revokeStep(governance, asked.revokeWorkload)]),
  ...(asked.setGuardian === undefined ? [] : [guardianStep(governance, asked.setGuardian)]),
  ...(asked.setPauser === undefined ? [] : [pauserStep(governance, roles, asked.setPauser)]),
  ...(asked.roles === true
    ? [
        {
          calls: roleCalls(governance.addresses),
          says: [`The guardian may pause the instance of the escrow ${governance.addresses.escrow}.`],
        },
      ]
    : []),
];
