/** Whether a request that has not ended can be refunded. */
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import type { MadeRequest } from "../../sdk/client/made-request.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import { unpackWord } from "../../sdk/drand/word.ts";
import { roundTimeoutAt, roundVerdict } from "../../sdk/time/round-verdict.ts";
import { timelineOf } from "../../sdk/time/timeline.ts";
import { escrowOf } from "./reads.ts";
import type { Session } from "./session.ts";
import { dateOf } from "./text.ts";

/** Unix seconds from which it was refundable; for one whose committee was never whole, its round's posting. */
const sinceS = async (session: Session, { fields }: MadeRequest, nowS: bigint): Promise<bigint> => {
  const read = { ...escrowOf(session), functionName: "roundWord", args: [fields.round] } as const;
  const posted = unpackWord(await session.context.publicClient.readContract(read));
  const roundTimeS = timeOf(session.instance.drand, fields.round);
  if (posted === undefined) return roundTimeoutAt(fields, roundTimeS);
  const { expireAtS } = timelineOf(fields, roundTimeS, posted.postedAtS);
  const isDue = roundVerdict(fields, roundTimeS, posted.postedAtS) === "good" && expireAtS < nowS;
  return isDue ? expireAtS : posted.postedAtS;
};

/** Whether the escrow would refund the request now. Any other answer, and none, is no. */
const isRefundable = async ({ context, instance }: Session, { words }: MadeRequest): Promise<boolean> => {
  const call = { address: instance.escrow, abi: requestEscrowAbi, functionName: "expire", args: [words] } as const;
  return context.publicClient.simulateContract(call).then(
    () => true,
    () => false,
  );
};

/** How a request stands that has not ended, as the end of a sentence. `nowS` is the chain's time. */
export const standing = async (session: Session, made: MadeRequest, nowS: bigint): Promise<string> =>
  (await isRefundable(session, made))
    ? `is overdue: it can be refunded since ${dateOf(await sinceS(session, made, nowS))}; a keeper does that, or anyone with the escrow's \`expire\`.`
    : "has not ended; it goes on by itself.";
