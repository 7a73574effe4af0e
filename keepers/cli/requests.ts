/** Requests by their ids, as the chain's events tell them. */
import { encodeEventTopics, getAddress, type Hex, toEventSelector, getAbiItem } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { decodeRequest } from "../../sdk/words/request.ts";
import { UsageError } from "../commands/usage-error.ts";
import type { ChainLog } from "../runtime/rpc-answers.ts";
import type { Io } from "./io.ts";
import { eventsIn, headOf, type PlacedEvent, scanLogs } from "./logs.ts";
import type { Session } from "./session.ts";

/** How far back a short id is looked for, blocks. */
export const defaultBlocks = 100_000n;
const idLength = 66;
const maxCandidates = 5;

const requested = toEventSelector(getAbiItem({ abi: requestEscrowAbi, name: "Requested" }));

/** The request of an event `Requested`. */
export const madeIn = ({ event, log }: PlacedEvent): MadeRequest[] => {
  if (event.eventName !== "Requested") return [];
  const { requestId, request: words } = event.args;
  const { address, blockNumber, transactionHash } = log;
  return [
    { escrow: getAddress(address), requestId, words, fields: decodeRequest(words), blockNumber, transactionHash },
  ];
};

/** First block of the last `blocks` ones, not before the instance. */
export const startOf = async (session: Session, blocks: bigint): Promise<bigint> => {
  const from = (await headOf(session)) - blocks + 1n;
  return from > session.instance.startBlock ? from : session.instance.startBlock;
};

const notFound = (text: string, where: string): UsageError =>
  new UsageError(`No request ${text} was found ${where}. Check the id and the network.`);

const wholeId = async (io: Io, session: Session, requestId: Hex): Promise<MadeRequest> => {
  const { escrow, startBlock: from } = session.instance;
  const topics = encodeEventTopics({ abi: requestEscrowAbi, eventName: "Requested", args: { requestId } }).slice(0, 2);
  const range = { from, newestFirst: true, what: "The request is looked for" };
  for await (const logs of scanLogs(io, session, { address: escrow, topics: topics as Hex[] }, range)) {
    const [made] = eventsIn(session, logs).flatMap(madeIn);
    if (made !== undefined) return made;
  }
  throw notFound(requestId, "in this instance");
};

/**
 * The request with this id, or whose id alone begins so among those of the last `blocks` blocks. Throws UsageError, which
 * lists the candidates where there are several.
 */
export const findRequest = async (
  io: Io,
  session: Session,
  text: string,
  blocks = defaultBlocks,
): Promise<MadeRequest> => {
  const wanted = text.toLowerCase();
  if (wanted.length === idLength) return wholeId(io, session, wanted as Hex);
  const range = { from: await startOf(session, blocks), what: "The request is looked for" };
  const found: ChainLog[] = [];
  const filter = { address: session.instance.escrow, topics: [requested] };
  for await (const logs of scanLogs(io, session, filter, range))
    found.push(...logs.filter(({ topics }) => topics[1]?.startsWith(wanted)));
  const [made, ...others] = eventsIn(session, found).flatMap(madeIn);
  if (made === undefined) throw notFound(`that begins with ${text}`, `in the last ${blocks} blocks`);
  if (others.length === 0) return made;
  const ids = [made, ...others].map(({ requestId }) => requestId);
  const more = ids.length > maxCandidates ? ` and ${ids.length - maxCandidates} more` : "";
  throw new UsageError(
    `${text} is ambiguous: ${ids.length} requests begin so. Give more digits: ${ids.slice(0, maxCandidates).join(", ")}${more}.`,
  );
};

const ending = new Set(["Settled", "Refunded"]);

/** Ids of the requests of the last `blocks` blocks that have not ended, the newest first. */
export const openRequests = async (io: Io, session: Session, blocks: bigint): Promise<readonly Hex[]> => {
  const open = new Set<Hex>();
  const names = ["Requested", "Settled", "Refunded"] as const;
  const topics = [names.map((name) => toEventSelector(getAbiItem({ abi: requestEscrowAbi, name })))];
  const range = { from: await startOf(session, blocks), what: "Open requests are looked for" };
  for await (const logs of scanLogs(io, session, { address: session.instance.escrow, topics }, range)) {
    for (const { event } of eventsIn(session, logs)) {
      if (event.eventName === "Requested") open.add(event.args.requestId);
      else if (ending.has(event.eventName) && "requestId" in event.args) open.delete(event.args.requestId);
    }
  }
  return [...open].reverse();
};
