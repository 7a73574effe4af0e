import type { Hex } from "viem";
import { answerDigest, settlementOf } from "../../deploy/local/committee.ts";
import type { Lab } from "./lab.ts";
import { type Figures, firstMember } from "./measure.ts";

const output: Hex = `0x${"22".repeat(32)}`;
const settledRequests = 24;

/**
 * Recording a settled request of ten members for emissions, a transaction each: the first of an epoch, and the cheapest of many,
 * whose members the epoch knows.
 */
export async function measureEmissions(lab: Lab): Promise<Figures> {
  const { world } = lab;
  const { atoma, instance } = world;
  const [epochLength, mostBudget, firstPrice] = [86_400n, 10n ** 24n, 10n ** 7n];
  const emissions = await world.connection.ethers.deployContract("Emissions", [
    ...[atoma, instance.escrow, instance.authority],
    ...[epochLength, mostBudget, firstPrice],
  ]);
  const gas: bigint[] = [];
  for (let i = 0; i < settledRequests; i++) {
    const { request } = await lab.ask({ k: 10, slot: 1 });
    await lab.sleep(5);
    await lab.post(request);
    const settlement = await settlementOf(world, lab.nodes, request, { output });
    await lab.settle(await firstMember(lab, request), [settlement]);
    const work = { request: request.words, digest: answerDigest(request, { output }), head: settlement.head };
    const sent = await emissions.getFunction("record")([work]);
    gas.push((await lab.gasOf(sent.hash as Hex)).gas);
    await lab.sleep(10);
  }
  const [first = 0n, ...later] = gas;
  const least = later.reduce((smallest, one) => (one < smallest ? one : smallest), first);
  return { "emissions.first": first, "emissions.record": least };
}
