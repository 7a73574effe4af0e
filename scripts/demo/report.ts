import type { Hex } from "viem";
import type { TrickReport } from "./copier.ts";
import { type Money, places, sumOf } from "./money.ts";
import { type Outcome, type RequestRow, rowsOf } from "./outcome.ts";
import type { PeerReply } from "./peers.ts";
import { atoma, grouped, table, usd } from "./table.ts";

const requestHead = ["request", "committee", "agreed", "result", "paid", "gas", "blocks"];
const nodeHead = ["node", "asks", "earned", "reputation"];

/** The tables that the demo ends with. */
export function reportOf(outcome: Outcome): string {
  const rows = rowsOf(outcome);
  return [
    table(requestHead, rows.map(requestRow)),
    "",
    table(nodeHead, outcome.nodes.map(nodeRow)),
    "",
    ...outcome.tricks.map(trickLine),
    "",
    ...justiceLines(outcome),
    "",
    moneyLines("When all requests had ended", outcome.money.ended),
    moneyLines(`After the nodes' owners had withdrawn ${usd(outcome.withdrawn)}`, outcome.money.paidOut),
  ].join("\n");
}

function requestRow({ asked, ending, committee, agreed, paid, gas, blocks }: RequestRow): string[] {
  const k = asked.fields.k;
  return [
    asked.name,
    committee.length === 0 ? `none of ${k}` : committee.map(({ nodeId }) => nodeId).join(" "),
    `${agreed} of ${k}`,
    ending?.kind ?? "open",
    usd(paid),
    grouped(gas),
    blocks.toString(),
  ];
}

function nodeRow({ node, earned, reputation }: Outcome["nodes"][number]): string[] {
  const honest = node.machine === undefined ? `${node.nodeId}` : `${node.nodeId} (in a TEE)`;
  const name = node.role === "honest" ? honest : `${node.nodeId} (${node.role})`;
  return [name, node.ask.toString(), usd(earned), grouped(reputation)];
}

/** How the members answered one trick of the copier. */
export function trickLine({ trick, answers }: TrickReport): string {
  return `copier, ${trick}: ${repliesLine(answers)}`;
}

/** What members answered, counted. */
export function repliesLine(answers: readonly PeerReply[]): string {
  const counts = Map.groupBy(answers, ({ answer }) => answer);
  return [...counts].map(([answer, all]) => `${answer} from ${all.length} members`).join(", ");
}

/** Who was slashed, by how much, and who was compensated. */
function justiceLines({ story: { justice }, asked, nodes, named }: Outcome): string[] {
  const nameOf = (requestId: Hex): string => asked.find((one) => one.requestId === requestId)?.name ?? requestId;
  const roleOf = (nodeId: bigint): string => nodes.find(({ node }) => node.nodeId === nodeId)?.node.role ?? "unknown";
  const penalties = justice.penalties.map(({ requestId, nodeId, why, taken }) => [
    `node ${nodeId} (${roleOf(nodeId)})`,
    nameOf(requestId),
    why,
    atoma(taken),
  ]);
  const bonds = justice.disputes
    .filter(({ bond, returned }) => bond > returned)
    .map(({ requestId, challenger, bond, returned, toJurors }) => [
      named.get(challenger) ?? challenger,
      nameOf(requestId),
      "challenged what was right",
      `${usd(bond - returned)} of ${usd(bond)}, ${usd(toJurors)} to jurors`,
    ]);
  const awards = [...justice.awards].map(([to, amount]) => [named.get(to) ?? to, atoma(amount)]);
  return [table(["guilty", "of", "did", "lost"], [...penalties, ...bonds]), "", table(["compensated", "with"], awards)];
}

function moneyLines(title: string, money: Money): string {
  const parts = places.filter((place) => money[place] > 0n).map((place) => `${place} ${usd(money[place])}`);
  const [inflow, outflow] = [money.deposited, money.withdrawn + money.held];
  return [
    `${title}: ${usd(money.deposited)} in = ${usd(money.withdrawn)} out + ${usd(money.held)} held${inflow === outflow ? "" : "  WRONG"}`,
    `  held = ${parts.join(" + ")}${sumOf(money) === money.held ? "" : `  WRONG: these are ${usd(sumOf(money))}`}`,
  ].join("\n");
}
