import { type Address, type Hex, isAddressEqual, parseEventLogs } from "viem";
import { requestsIn } from "../../deploy/local/committee.ts";
import type { World } from "../../deploy/local/world.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { decodeSlotWord } from "../../sdk/words/slot-word.ts";

/** What the chain says of requests as a whole, once all have ended. */
export type Ends = {
  /** How often each request was settled or refunded. */
  readonly times: ReadonlyMap<Hex, number>;
  /** What the requesters are short of, in units of the payment token. */
  readonly spent: bigint;
};

/** Reads all of the escrow's events, and what became of the money of those who asked. */
export async function readEnds({ chain, instance }: World): Promise<Ends> {
  const escrow = { address: instance.escrow, abi: requestEscrowAbi } as const;
  const logs = await chain.getLogs({ address: instance.escrow, fromBlock: 0n });
  const events = parseEventLogs({ abi: requestEscrowAbi, logs });
  const times = new Map<Hex, number>();
  for (const { eventName, args } of events)
    if (eventName === "Settled" || eventName === "Refunded")
      times.set(args.requestId, (times.get(args.requestId) ?? 0) + 1);
  const requests = requestsIn({ logs });
  const requesters = new Set<Address>(requests.map(({ fields }) => fields.requester));
  let spent = 0n;
  for (const requester of requesters) {
    for (const { eventName, args } of events)
      if (eventName === "Deposited" && isAddressEqual(args.account, requester)) spent += args.amount;
    const [balance] = await chain.readContract({ ...escrow, functionName: "accountOf", args: [requester] });
    spent -= balance;
    const slots = new Set(
      requests.filter(({ fields }) => fields.requester === requester).map(({ fields }) => fields.slot),
    );
    for (const slot of slots) {
      const word = await chain.readContract({ ...escrow, functionName: "slotOf", args: [requester, slot] });
      spent -= decodeSlotWord(word).leftover;
    }
  }
  return { times, spent };
}
