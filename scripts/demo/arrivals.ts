import { type Address, decodeAbiParameters, encodeAbiParameters, type Hex, parseAbi, parseAbiParameters } from "viem";
import type { World } from "../../deploy/local/world.ts";
import { foldConsumerAbi } from "../../sdk/abi/fold-consumer.ts";
import { rateConsumerAbi } from "../../sdk/abi/rate-consumer.ts";

/** Whether a contract has received this output for this request, as its own storage or events tell. */
export type HasArrived = (world: World, requestId: Hex, output: Hex) => Promise<boolean>;

const foldLayout = parseAbiParameters("int256 energy, uint256 nodes, bool proved, bytes moves");
const tuneLayout = parseAbiParameters("uint256 base, uint256 slope1, uint256 slope2, uint256 loss");
const resultReceived = parseAbi(["event ResultReceived(bytes32 indexed requestId, uint8 status, bytes output)"]);

/** The register of folds holds it. */
export const inFoldConsumer =
  (address: Address, sequence: string): HasArrived =>
  async ({ chain }, _, output) => {
    const call = { address, abi: foldConsumerAbi, functionName: "bestFold", args: [sequence] } as const;
    const { energy, nodes, proved, moves } = await chain.readContract(call);
    return encodeAbiParameters(foldLayout, [energy, nodes, proved, moves]) === output;
  };

/** The market tuned its curve by it. */
export const inRateConsumer =
  (address: Address): HasArrived =>
  async ({ chain }, requestId, output) => {
    const filter = { address, abi: rateConsumerAbi, eventName: "CurveTuned", args: { requestId } } as const;
    const events = await chain.getContractEvents({ ...filter, fromBlock: 0n });
    const [, , , loss] = decodeAbiParameters(tuneLayout, output);
    return events.length === 1 && events[0]?.args.loss === loss;
  };

/** The mended contract received it, once. */
export const inMendableConsumer =
  (address: Address): HasArrived =>
  async ({ chain }, requestId, output) => {
    const filter = { address, abi: resultReceived, eventName: "ResultReceived", args: { requestId } } as const;
    const events = await chain.getContractEvents({ ...filter, fromBlock: 0n });
    return events.length === 1 && events[0]?.args.output === output;
  };
