/** An outbox that sends what it is given at once, and remembers what became of it. */
import type { Address } from "viem";
import type { Transactions } from "../../keepers/runtime/transactions.ts";
import { emptyReport } from "../../keepers/runtime/tx-context.ts";
import type { Intent, IntentKey, TxStatus } from "../../keepers/runtime/tx-types.ts";
import type { Chain, Sent } from "./chain.ts";

const nameOf = ({ contract, subject, action }: IntentKey): string => `${contract} ${subject} ${action}`;

const statusOf = (sent: Sent, { retryAfterMs }: Intent, nowMs: number): TxStatus => {
  if ("hash" in sent) return { kind: "mined", hash: sent.hash, block: sent.block, final: true, generation: 1 };
  const retryAtMs = retryAfterMs === undefined ? undefined : nowMs + retryAfterMs;
  return { kind: "refused", reason: sent.refused, retryAtMs, generation: 1 };
};

/** The outbox of one account. What was refused is sent again when `pass` is called after its time. */
export const makeOutbox = (chain: Chain, address: Address): Transactions => {
  const intents: Intent[] = [];
  const statuses = new Map<number, TxStatus>();
  const send = async (id: number): Promise<void> => {
    const intent = intents[id];
    if (intent === undefined) return;
    const sent = await chain.send(address, intent.to ?? intent.contract, intent.data);
    statuses.set(id, statusOf(sent, intent, chain.clock.now()));
  };
  const idOf = (key: IntentKey): number => intents.findLastIndex((one) => nameOf(one) === nameOf(key));
  const isDue = (status: TxStatus): boolean =>
    status.kind === "refused" && status.retryAtMs !== undefined && status.retryAtMs <= chain.clock.now();
  return {
    address,
    submit: async (intent) => {
      const id = intents.push(intent) - 1;
      await send(id);
      return id;
    },
    cancel: async (id, reason) => void statuses.set(id, { kind: "cancelled", reason, final: true, generation: 1 }),
    status: async (id) => statuses.get(id),
    find: async (key) => {
      const id = idOf(key);
      const status = statuses.get(id);
      return status === undefined ? undefined : { id, status };
    },
    pass: async () => {
      for (const [id, status] of [...statuses]) if (isDue(status)) await send(id);
      return emptyReport();
    },
    prune: async () => 0,
    stop: async () => {},
  };
};
