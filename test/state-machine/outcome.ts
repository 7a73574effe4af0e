/** What became of a mix, as the chain shows it. */
import { toFunctionSelector } from "viem";
import { getAbiItem } from "viem/utils";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { type Fault, faults } from "./deeds.ts";
import type { Sequel } from "./justice.ts";
import { type Ledger, readLedger } from "./ledger.ts";
import type { Play } from "./machine.ts";

export type Ending = "settles off chain" | "settles on chain" | "is refunded" | "stays open";

export type Outcome = Sequel & {
  readonly ending: Ending;
  readonly before: Ledger;
  readonly after: Ledger;
  /** Lost all stake that backs the task. */
  readonly condemned: ReadonlySet<bigint>;
  /** Lost a hundredth for a no-show. */
  readonly noShows: ReadonlySet<bigint>;
};

const byReveals = toFunctionSelector(getAbiItem({ abi: requestEscrowAbi, name: "settleRevealed" }));

const endingOf = async ({ scene: { world, request } }: Play): Promise<Ending> => {
  const found = await world.view.request(request.requestId);
  if (found?.state === "refunded") return "is refunded";
  if (found?.state !== "settled" || found.outcome === undefined) return "stays open";
  const { input } = await world.market.world.chain.getTransaction({ hash: found.outcome.transactionHash });
  return input.startsWith(byReveals) ? "settles on chain" : "settles off chain";
};

/** Reads everything once all is over. */
export const outcomeOf = async (play: Play, before: Ledger, sequel: Sequel): Promise<Outcome> => {
  const { world, request } = play.scene;
  await world.view.sync();
  const punished = await world.view.punished(request.requestId);
  const condemned = new Set([...punished].flatMap(([nodeId, how]) => (how === "all" ? [nodeId] : [])));
  const noShows = await world.view.slashed(request.requestId);
  return { ...sequel, ending: await endingOf(play), before, after: await readLedger(world), condemned, noShows };
};

const countOf = (kinds: readonly (Fault | undefined)[]): string =>
  faults
    .flatMap((fault) => {
      const count = kinds.filter((kind) => kind === fault).length;
      return count === 0 ? [] : [`${count} ${fault}`];
    })
    .join(", ");

/** "settles off chain; all stake lost: 2 lying". */
export const sentenceOf = ({ parts }: Play, { ending, condemned, noShows }: Outcome): string => {
  const kindsIn = (nodes: ReadonlySet<bigint>): string =>
    countOf(parts.flatMap(({ nodeId, fault }) => (nodes.has(nodeId) ? [fault] : [])));
  return [
    ending,
    ...(condemned.size === 0 ? [] : [`all stake lost: ${kindsIn(condemned)}`]),
    ...(noShows.size === 0 ? [] : [`no-show: ${kindsIn(noShows)}`]),
  ].join("; ");
};
