/**
 * The process whose memory is bounded: a node that answers a bundle with long inputs and the longest outputs that there are,
 * and shows every item. It says how long the outputs were in all.
 */
import { concatHex, type Hex, hexToBytes, keccak256, pad, toHex } from "viem";
import { type Executor, ExecutionStatus } from "../../../keepers/executors/executor.ts";
import { digestsRootOf } from "../../../sdk/merkle/bundle.ts";
import { flagAcceptNoPanel, flagBundle } from "../../../sdk/words/flags.ts";
import { until } from "./agreement.ts";
import { makeWorld, reverser, type Seat } from "./world.ts";

const items = 40;
const input = new Uint8Array(128 * 1024).fill(7);
const word = (value: number): Hex => pad(toHex(value));

/** The canonical document of `items` times the same input. */
const document = (): Hex => {
  const offsets = Array.from({ length: items }, (_, index) => word(32 * items + index * (32 + input.length)));
  const head = hexToBytes(concatHex([word(32), word(items), ...offsets]));
  const one = Buffer.concat([hexToBytes(word(input.length)), input]);
  return `0x${Buffer.concat([head, ...Array.from({ length: items }, () => one)]).toString("hex")}`;
};

let outputBytes = 0;
const verbose: Executor = {
  ...reverser,
  execute: async (_task, _input, { hardOutputBytes }) => {
    outputBytes += hardOutputBytes;
    return { status: ExecutionStatus.SuccessLong, usage: 1n, output: new Uint8Array(hardOutputBytes).fill(7) };
  },
};

const world = await makeWorld({ k: 1, windowS: 600 });
const request = world.ask({
  data: document(),
  flags: flagAcceptNoPanel | flagBundle,
  inputDigest: digestsRootOf(Array.from({ length: items }, () => keccak256(input))),
  items: BigInt(items),
  units: BigInt(items),
});
const node = await world.start(world.seats[0] as Seat, { executor: verbose });
world.post(request);
const resultsOf = async () => (await node.held.read(request.requestId, 0n)).results;
const results = await until(
  "it has attested",
  async () => ((await resultsOf()).length > 0 ? resultsOf() : false),
  90_000,
);
let shownBytes = 0;
for (let index = 0n; index < items; index++) {
  const shown = await node.job.item(request.requestId, index);
  shownBytes += ((shown?.output.length ?? 2) - 2) / 2;
}
await world.stop();
process.stdout.write(JSON.stringify({ attested: results.length, outputBytes, shownBytes }));
