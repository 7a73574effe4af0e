import { atomaConsumerAbi } from "../../sdk/abi/atoma-consumer.ts";
import { atomaTokenAbi } from "../../sdk/abi/atoma-token.ts";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { foldConsumerAbi } from "../../sdk/abi/fold-consumer.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { rateConsumerAbi } from "../../sdk/abi/rate-consumer.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";

type Abi = readonly { readonly type: string; readonly name?: string; readonly stateMutability?: string }[];

/** The contracts of an instance, by the prefix that their functions have in the campaign's table. */
const contracts: readonly (readonly [prefix: string, abi: Abi])[] = [
  ["", requestEscrowAbi],
  ["NodeRegistry.", nodeRegistryAbi],
  ["TaskRegistry.", taskRegistryAbi],
  ["Disputes.", disputesAbi],
  ["DrandBeacon.", drandBeaconAbi],
  ["AtomaToken.", atomaTokenAbi],
  ["AtomaConsumer.", atomaConsumerAbi],
  ["FoldConsumer.", foldConsumerAbi],
  ["RateConsumer.", rateConsumerAbi],
];

/** Functions that no handler needs to make succeed, and why. */
export const exceptions: ReadonlyMap<string, string> = new Map([
  ["NodeRegistry.connect", "succeeds once, as the instance is set up; outsiders try it"],
  ["TaskRegistry.connect", "succeeds once, as the instance is set up; outsiders try it"],
  ["Disputes.connect", "succeeds once, as the instance is set up; outsiders try it"],
  ["DrandBeacon.connect", "succeeds once, as the instance is set up"],
  [
    "DrandBeacon.submit",
    "a BLS signature cannot be made in the EVM: `Beacon.submit` of a beacon of hashes stands for it",
  ],
  ["AtomaConsumer.onAtomaResult", "the consumers that inherit it are called"],
  ["AtomaToken.approve", "OpenZeppelin's token"],
  ["AtomaToken.delegate", "OpenZeppelin's token"],
  ["AtomaToken.delegateBySig", "OpenZeppelin's token"],
  ["AtomaToken.permit", "OpenZeppelin's token"],
  ["AtomaToken.transfer", "OpenZeppelin's token"],
  ["AtomaToken.transferFrom", "OpenZeppelin's token"],
]);

function changesState(item: Abi[number]): boolean {
  return item.type === "function" && item.stateMutability !== "view" && item.stateMutability !== "pure";
}

/** Every state-changing function of every contract, under the name that the campaign counts it by. */
export function stateChangingFunctions(): readonly string[] {
  const names = contracts.flatMap(([prefix, abi]) =>
    abi.filter(changesState).map(({ name }) => `${prefix}${name ?? ""}`),
  );
  return [...new Set(names)].sort();
}

/** Those without an exception that are not among the names, alone or as pushed by another contract. */
export function functionsMissingFrom(names: ReadonlySet<string>): readonly string[] {
  const isCovered = (name: string) => names.has(name) || names.has(`${name} (pushed)`) || exceptions.has(name);
  return stateChangingFunctions().filter((name) => !isCovered(name));
}
