/** The frame of commands that send: open, plan, perform, say what came of it. */
import type { TransactionReceipt } from "viem";
import type { Signer } from "../runtime/signer.ts";
import type { Io } from "./io.ts";
import { perform, type Plan, type SendOptions } from "./perform.ts";
import { type ConnectionOptions, openSession, type Session } from "./session.ts";
import { jsonLine } from "./text.ts";
import { openWallet, type WalletOptions } from "./wallet.ts";

export type SendingOptions = ConnectionOptions & WalletOptions & SendOptions;

/** What was done, for programs, and the same as a sentence. */
export type Done = { readonly sentence: string } & Readonly<Record<string, unknown>>;

/** A plan, and what to say when it is carried out. Or an answer without one: there is nothing to do. */
export type Intent =
  | { readonly plan: Plan; readonly done: (receipts: readonly TransactionReceipt[]) => Done | Promise<Done> }
  | { readonly no: string };

/** Prints an answer: the object for programs, the sentence for people. */
export const say = (io: Io, json: boolean | undefined, { sentence, ...values }: Done): void =>
  io.out(json === true ? jsonLine(values) : sentence);

/** Carries out what `intend` decides. Returns the exit status: 0 done, or shown in a dry run; 1 nothing to do. */
export const act = async (
  io: Io,
  options: SendingOptions,
  intend: (session: Session, signer: Signer) => Promise<Intent>,
): Promise<number> => {
  const session = await openSession(io, options);
  const signer = await openWallet(io, session, options);
  const intent = await intend(session, signer);
  if ("no" in intent) {
    say(io, options.json, { sentence: intent.no, isDone: false, why: intent.no });
    return 1;
  }
  const receipts = await perform(io, session, signer, intent.plan, options);
  if (receipts === undefined) return 0;
  const { sentence, ...values } = await intent.done(receipts);
  const transactions = receipts.map(({ transactionHash }) => transactionHash);
  say(io, options.json, { sentence, isDone: true, ...values, transactions });
  return 0;
};
