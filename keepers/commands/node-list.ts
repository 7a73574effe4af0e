import { Command } from "commander";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { formatAmount, formatAsk } from "../cli/amounts.ts";
import type { Io } from "../cli/io.ts";
import { connected, listed, nodeArgument } from "../cli/options.ts";
import { during } from "../cli/progress.ts";
import { type NodeFacts, nodesOf, readNode, readStakes, type TaskStake } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, type Session, type Tokens } from "../cli/session.ts";
import { dateOf, fieldsOf, jsonLine, shortened, tableOf } from "../cli/text.ts";
import { mapLimit } from "../runtime/concurrency.ts";

type ListOptions = ConnectionOptions & { readonly after: bigint; readonly limit: bigint };

/** `atoma node list`: the registered nodes in the order of their ids. */
export function nodeListCommand(io: Io): Command {
  const command = new Command("list").description("Lists registered nodes");
  return listed(connected(command)).action(async (options: ListOptions) => io.exit(await list(io, options)));
}

const list = async (io: Io, options: ListOptions): Promise<number> => {
  const session = await openSession(io, options);
  const count = await session.context.publicClient.readContract({ ...nodesOf(session), functionName: "nodeCount" });
  const ids = idsAfter(options, count);
  const nodes = await during(
    io,
    "Nodes are read",
    mapLimit(ids, 4, (nodeId) => readNode(session, nodeId)),
  );
  if (options.json === true) io.out(jsonLine({ count, nodes }));
  else for (const line of linesOf(nodes, count, session.tokens)) io.out(line);
  return 0;
};

/** The ids that a list shows, of `count` from 1 on. */
export const idsAfter = ({ after, limit }: Pick<ListOptions, "after" | "limit">, count: bigint): bigint[] => {
  const left = count > after ? count - after : 0n;
  return Array.from({ length: Number(left < limit ? left : limit) }, (_, i) => after + BigInt(i) + 1n);
};

const linesOf = (nodes: readonly NodeFacts[], count: bigint, { payment }: Tokens): readonly string[] => {
  const rows = nodes.map((node) => [
    node.nodeId.toString(),
    node.owner,
    node.jailedUntilS === 0n ? node.signer : "in jail",
    node.reputation.toString(),
    formatAmount(node.earnings, payment),
    shortened(node.endpoint, 60),
  ]);
  const last = nodes.at(-1)?.nodeId ?? count;
  const more = last < count ? [`${count - last} more: --after ${last}`] : [];
  return [...tableOf(["node", "owner", "signer", "reputation", "earnings", "endpoint"], rows), ...more];
};

/** `atoma node status`: everything about one node. */
export function nodeStatusCommand(io: Io): Command {
  const command = new Command("status").description("Shows a node: keys, reputation, subscriptions, stake, earnings");
  return connected(command.addArgument(nodeArgument())).action(async (nodeId: bigint, options: ConnectionOptions) =>
    io.exit(await status(io, nodeId, options)),
  );
}

type Claim = { readonly amount: bigint; readonly availableAtS: bigint };

const readClaim = async ({ context, instance }: Session, nodeId: bigint): Promise<Claim> => {
  const args = [Number(nodeId)] as const;
  const escrow = { address: instance.escrow, abi: requestEscrowAbi } as const;
  const [amount, availableAtS] = await context.publicClient.readContract({ ...escrow, functionName: "claimOf", args });
  return { amount, availableAtS };
};

const status = async (io: Io, nodeId: bigint, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  const node = await readNode(session, nodeId);
  const [claim, stakes, freeStake] = await during(
    io,
    "The node is read",
    Promise.all([
      readClaim(session, nodeId),
      readStakes(session, nodeId),
      session.context.publicClient.readContract({
        ...nodesOf(session),
        functionName: "freeStake",
        args: [Number(nodeId)],
      }),
    ]),
  );
  if (options.json === true) io.out(jsonLine({ ...node, freeStake, claim, tasks: stakes }));
  else for (const line of nodeLines(node, claim, freeStake, stakes, session.tokens)) io.out(line);
  return 0;
};

const nodeLines = (
  node: NodeFacts,
  claim: Claim,
  freeStake: bigint,
  stakes: readonly TaskStake[],
  tokens: Tokens,
): readonly string[] => [
  `Node ${node.nodeId}`,
  ...fieldsOf({
    owner: node.owner,
    "hot key":
      node.jailedUntilS === 0n
        ? node.signer
        : `none: in jail until ${dateOf(node.jailedUntilS)}, then atoma node rotate`,
    endpoint: node.endpoint === "" ? "none: other members cannot reach the node" : node.endpoint,
    reputation: `${node.reputation} of 65535`,
    "free stake": formatAmount(freeStake, tokens.stake),
    earnings: formatAmount(node.earnings, tokens.payment),
    claimed:
      claim.amount === 0n
        ? undefined
        : `${formatAmount(claim.amount, tokens.payment)}, to be withdrawn from ${dateOf(claim.availableAtS)}`,
  }),
  ...(stakes.length === 0 ? ["No task: subscribe it to one."] : stakeTable(stakes, tokens)),
];

/** Tasks with what a node has in them. */
export const stakeTable = (stakes: readonly TaskStake[], { payment, stake: token }: Tokens): readonly string[] =>
  tableOf(
    ["task", "subscription", "ask per unit", "stake", "unbonding"],
    stakes.map((one) => [
      one.taskId.toString(),
      one.subscribed ? (one.active ? "active" : "from the next snapshot") : "ended",
      one.subscribed ? formatAsk(one.ask, payment, one.askExponent) : "",
      formatAmount(one.allocated, token),
      one.unbonding === 0n ? "" : `${formatAmount(one.unbonding, token)} until ${dateOf(one.releaseAtS)}`,
    ]),
  );
