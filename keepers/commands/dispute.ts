import { Command, type Option } from "commander";
import { type Address, type Hex } from "viem";
import { disputesAbi } from "../../sdk/abi/disputes.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { openDisputeByBondCall } from "../../sdk/client/open-dispute-by-bond.ts";
import { decodeDisputeCase } from "../../sdk/words/dispute-case.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import { formatAmount } from "../cli/amounts.ts";
import { follow } from "../cli/follow.ts";
import { type Io, processIo } from "../cli/io.ts";
import { endings, type LifeLine } from "../cli/life.ts";
import { connected, counting, requestArgument, sending } from "../cli/options.ts";
import { escrowOf } from "../cli/reads.ts";
import { defaultBlocks, findRequest, startOf } from "../cli/requests.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { dateOf, fieldsOf, jsonLine, tableOf } from "../cli/text.ts";
import { UsageError } from "./usage-error.ts";

type WithBlocks = { readonly blocks: bigint };

/** `atoma dispute`: results that somebody holds to be wrong. */
export function disputeCommand(io: Io = processIo): Command {
  const command = new Command("dispute").description("Disputes: list, show, open by a bond").exitOverride();
  const blocks = (): Option => counting("--blocks <count>", "how many blocks to look back", defaultBlocks);
  const list = connected(new Command("list").description("Lists disputes")).addOption(blocks());
  const show = connected(
    new Command("show").alias("status").description("Shows how a dispute stands").addArgument(requestArgument()),
  ).addOption(blocks());
  const open = sending(
    new Command("open")
      .description(
        "Has a recorded or settled result judged by a panel of fresh nodes. Puts up a bond, which is lost if the result stands",
      )
      .addArgument(requestArgument()),
  ).addOption(blocks());
  list.action(async (options: ConnectionOptions & WithBlocks) => io.exit(await listAll(io, options)));
  show.action(async (id: string, options: ConnectionOptions & WithBlocks) => io.exit(await showOne(io, id, options)));
  open.action(async (id: string, options: SendingOptions & WithBlocks) =>
    io.exit(
      await act(io, options, async (session, { address }) =>
        intend(io, session, address, await findRequest(io, session, id, options.blocks)),
      ),
    ),
  );
  return command.addCommand(list).addCommand(show).addCommand(open);
}

/** Every event from a block on. */
const linesFrom = async (io: Io, session: Session, from: bigint, made?: MadeRequest): Promise<readonly LifeLine[]> => {
  const { signal } = new AbortController();
  const one = made === undefined ? {} : { made };
  const lines: LifeLine[] = [];
  for await (const line of follow(io, session, { from, pollMs: 1_000, signal, once: true, ...one })) lines.push(line);
  return lines;
};

const listAll = async (io: Io, options: ConnectionOptions & WithBlocks): Promise<number> => {
  const session = await openSession(io, options);
  const lines = await linesFrom(io, session, await startOf(session, options.blocks));
  const endOf = new Map(
    lines.filter(({ event }) => event === "disputeConcluded").map((line) => [line.requestId, line]),
  );
  const opened = lines.filter(({ event }) => event === "disputeOpened");
  const rows = opened.map(({ requestId, blockNumber, challenger, bond }) => ({
    requestId,
    blockNumber,
    challenger: challenger as Address,
    bond: bond as bigint,
    state: String(endOf.get(requestId)?.["ending"] ?? "open"),
  }));
  if (options.json === true) io.out(jsonLine({ disputes: rows }));
  else if (rows.length === 0) io.out(`No dispute was opened in the last ${options.blocks} blocks.`);
  else
    for (const line of tableOf(
      ["request", "block", "challenger", "bond", "state"],
      rows.map((row) => [
        row.requestId,
        `${row.blockNumber}`,
        row.challenger,
        formatAmount(row.bond, session.tokens.payment),
        row.state,
      ]),
    ))
      io.out(line);
  return 0;
};

const disputesOf = ({ instance }: Session) => ({ address: instance.disputes, abi: disputesAbi }) as const;

const showOne = async (io: Io, id: string, options: ConnectionOptions & WithBlocks): Promise<number> => {
  const session = await openSession(io, options);
  const { publicClient } = session.context;
  const { requestId, words } = await findRequest(io, session, id, options.blocks);
  const found = await publicClient.readContract({ ...disputesOf(session), functionName: "caseOf", args: [requestId] });
  const opened = decodeDisputeCase(found as Parameters<typeof decodeDisputeCase>[0]);
  if (opened === undefined) {
    io.out(
      options.json === true ? jsonLine({ requestId, isDisputed: false }) : `Request ${requestId} is not disputed.`,
    );
    return 1;
  }
  const verdict = await publicClient.readContract({ ...disputesOf(session), functionName: "verdictOf", args: [words] });
  const ending = endings[verdict.ending] ?? "unknown";
  const { isConcluded, isClosed } = opened;
  const { level, finalAt } = verdict;
  if (options.json === true)
    io.out(jsonLine({ requestId, isDisputed: true, ending, level, finalAtS: finalAt, isConcluded, isClosed }));
  else {
    io.out(`Request ${requestId} is disputed`);
    const next = isClosed
      ? "nothing: all is paid out"
      : isConcluded
        ? "losers can be punished, then the slash is shared out"
        : ending === "pending"
          ? "a panel decides"
          : "anyone may carry the verdict out";
    const fields = {
      verdict: ending,
      level: ending === "pending" ? undefined : `${level}`,
      "final after": ending === "pending" ? undefined : dateOf(finalAt),
      next,
    };
    for (const line of fieldsOf(fields)) io.out(line);
  }
  return 0;
};

/** Finds what was recorded or settled, the bond, and what is at stake. */
const intend = async (io: Io, session: Session, owner: Address, made: MadeRequest): Promise<Intent> => {
  const { requestId, words } = made;
  const lines = await linesFrom(io, session, made.blockNumber, made);
  const outcome =
    lines.findLast(({ event }) => event === "settled") ?? lines.findLast(({ event }) => event === "recorded");
  if (outcome === undefined)
    throw new UsageError(
      `Request ${requestId} has no result yet: only what is recorded or settled can be disputed by a bond.`,
    );
  const { publicClient } = session.context;
  const { payment } = session.tokens;
  const bond = await publicClient.readContract({ ...disputesOf(session), functionName: "bondOf", args: [words, 1n] });
  const [balance] = await publicClient.readContract({ ...escrowOf(session), functionName: "accountOf", args: [owner] });
  if (balance < bond)
    throw new UsageError(
      `The bond is ${formatAmount(bond, payment)} and the account of ${owner} holds ${formatAmount(balance, payment)}: run \`atoma account deposit\` first.`,
    );
  const settler = outcome.event === "recorded" ? { settler: outcome["settler"] as Address } : {};
  const call = openDisputeByBondCall(session.instance.disputes, {
    words,
    digest: outcome["digest"] as Hex,
    head: outcome["head"] as bigint,
    ...settler,
  });
  return {
    plan: {
      title: `Dispute the result of request ${requestId}:`,
      calls: [call],
      spends: [{ amount: bond, token: payment, what: "the bond" }],
      warnings: [
        "The bond is LOST if the panel finds the same result. It comes back if the panel finds another, with a part of what the losers lose.",
        ...(outcome.event === "settled"
          ? [
              "The result is settled: what was paid stays paid, and a callback stays made. Nodes that were wrong lose their stake.",
            ]
          : ["While the dispute is open nobody is paid."]),
      ],
    },
    done: () => ({
      sentence: `The dispute is open. To see how it stands: atoma dispute show ${requestId}`,
      requestId,
      bond,
    }),
  };
};
