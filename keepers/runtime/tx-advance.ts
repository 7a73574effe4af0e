/** Steps of a pass that look ahead: start what is due, sign, store, send, replace, cancel. */
import { keccak256 } from "viem";
import { mapLimit } from "./concurrency.ts";
import { firstFees, sendCap } from "./fees.ts";
import {
  attemptsOf,
  countRows,
  dueRows,
  insertAttempt,
  type NewAttempt,
  openRows,
  storedNonce,
  storeNonce,
} from "./outbox.ts";
import { allocate, markAttempt, markRefused, postpone, requestCancel } from "./outbox-changes.ts";
import { noteFailure, type PassContext, write } from "./tx-context.ts";
import { type Due, obsoleteReason, planSend } from "./tx-plan.ts";
import type { SendResult } from "./tx-send.ts";
import type { Attempt, AttemptKind, Fees, OutboxRow, TxPolicy } from "./tx-types.ts";

const parallelSimulations = 8;

const nameOf = ({ subject, action }: OutboxRow): string => `${subject} ${action}`;

/** Signs the row's call, or a self-send with its nonce that does nothing. Nothing is stored or sent. */
const sign = async (ctx: PassContext, row: OutboxRow, kind: AttemptKind, fees: Fees): Promise<NewAttempt> => {
  const { deps, account } = ctx;
  const { nonce, gasLimit } = row;
  if (nonce === undefined || gasLimit === undefined) throw new Error("a row in flight has no nonce");
  const nothing = { from: account.sender, to: account.sender, data: "0x", value: 0n, gas: undefined } as const;
  const empty = kind === "cancel" ? await deps.chain.simulate(nothing) : undefined;
  const gas = empty === undefined ? gasLimit : empty.ok ? empty.gas : 21_000n;
  const call = kind === "cancel" ? nothing : { to: row.target, data: row.data, value: row.value };
  const raw = await deps.signer.signTransaction({
    chainId: account.chainId,
    nonce,
    to: call.to,
    data: call.data,
    value: call.value,
    gas,
    ...fees,
  });
  return { row, kind, nonce, gas, hash: keccak256(raw), raw, ...fees };
};

/** Sends one stored attempt and stores what became of it. */
const broadcast = async (ctx: PassContext, row: OutboxRow, attempt: Pick<Attempt, "hash" | "raw">): Promise<void> => {
  const result: SendResult = await ctx.deps.send(attempt.raw);
  const { outcome, message } = result;
  ctx.report.broadcast += 1;
  const now = ctx.deps.clock.now();
  const sentMs = outcome === "unknown" || outcome === "unfunded" ? undefined : now;
  await write(ctx, async (tx) => {
    await markAttempt(tx, attempt.hash, { sentMs, underpriced: outcome === "underpriced" });
    if (outcome === "invalid") await requestCancel(tx, row.id, `refused by the node: ${message}`, now);
  });
  if (outcome === "accepted" || outcome === "nonceUsed") return;
  noteFailure(ctx, nameOf(row), new Error(`sending ended as ${outcome}: ${message}`));
};

const signAndSend = async (
  ctx: PassContext,
  row: OutboxRow,
  { kind, fees }: Extract<Due, { due: "sign" }>,
): Promise<void> => {
  const attempt = await sign(ctx, row, kind, fees);
  await write(ctx, (tx) => insertAttempt(tx, attempt, ctx.deps.clock.now()));
  await broadcast(ctx, row, attempt);
};

const maintain = async (ctx: PassContext, row: OutboxRow): Promise<void> => {
  const { deps, view } = ctx;
  const nowMs = deps.clock.now();
  const attempts = await deps.store.read((tx) => attemptsOf(tx, row));
  const isRestart = ctx.resend === "all" || ctx.resend.has(row.id);
  const due = planSend(row, attempts, view, deps.policy, { nowMs, isRestart });
  if (due.due === "broadcast") return broadcast(ctx, row, due.attempt);
  if (due.due === "nothing") return;
  const obsolete = obsoleteReason(row, nowMs);
  if (obsolete !== undefined && row.cancelReason === undefined)
    await write(ctx, (tx) => requestCancel(tx, row.id, obsolete, nowMs)); // remembered: it stays obsolete
  if (attempts.length > 0) ctx.report.replaced += 1;
  await signAndSend(ctx, row, due);
};

/** Signs what has a nonce and no attempt, replaces what is slow, cancels what is obsolete, sends again what may be lost. */
export const maintainRows = async (ctx: PassContext): Promise<void> => {
  const rows = await ctx.deps.store.read((tx) => openRows(tx, ctx.account));
  for (const row of rows.filter(({ state }) => state === "sending"))
    await maintain(ctx, row).catch((error: unknown) => noteFailure(ctx, nameOf(row), error));
};

/** The gas limit for a call that needs so much in a simulation. */
const limitOf = ({ reserveGas = 0n }: OutboxRow, gas: bigint, { gasMarginBps, gasCap }: TxPolicy): bigint => {
  const limit = gas + (gas * gasMarginBps) / 10_000n + reserveGas;
  return limit > gasCap ? gasCap : limit;
};

/** The gas limit that the row may be sent with; undefined when it was refused or has to wait. */
const admit = async (ctx: PassContext, row: OutboxRow): Promise<bigint | undefined> => {
  const { deps, account, report } = ctx;
  const { policy, clock } = deps;
  const obsolete = obsoleteReason(row, clock.now());
  if (obsolete !== undefined) {
    await write(ctx, (tx) => requestCancel(tx, row.id, obsolete, clock.now()));
    report.cancelled += 1;
    return undefined;
  }
  const call = { from: account.sender, to: row.target, data: row.data, value: row.value, gas: row.gas };
  const simulation = await deps.chain.simulate(call);
  const isOver = simulation.ok && simulation.gas > policy.gasCap;
  if (simulation.ok && !isOver) {
    if (row.gas !== undefined) return row.gas;
    return limitOf(row, simulation.gas, policy);
  }
  const reason = simulation.ok ? `needs ${simulation.gas} gas, above the cap of ${policy.gasCap}` : simulation.reason;
  const retryAtMs = row.retryAfterMs === undefined ? undefined : clock.now() + row.retryAfterMs;
  await write(ctx, (tx) => markRefused(tx, row, reason, retryAtMs, clock.now()));
  report.refused += 1;
  deps.log.info(
    { id: row.id, subject: row.subject, action: row.action, reason },
    "the simulation refused a transaction",
  );
  return undefined;
};

const admitOrPostpone = async (ctx: PassContext, row: OutboxRow): Promise<bigint | undefined> => {
  try {
    return await admit(ctx, row);
  } catch (error) {
    noteFailure(ctx, nameOf(row), error);
    const { clock, policy } = ctx.deps;
    await write(ctx, (tx) => postpone(tx, row, clock.now() + policy.retryAfterMs));
    return undefined;
  }
};

/** One database transaction: consecutive nonces for all rows that are still as they were when simulated. */
const allocateNonces = (
  ctx: PassContext,
  admitted: readonly { row: OutboxRow; gasLimit: bigint }[],
): Promise<OutboxRow[]> =>
  write(ctx, async (tx) => {
    const { account, view, deps } = ctx;
    let next = Math.max((await storedNonce(tx, account)) ?? 0, view.nonce);
    const started: OutboxRow[] = [];
    for (const { row, gasLimit } of admitted) {
      if (!(await allocate(tx, row, next, gasLimit, deps.clock.now()))) continue;
      started.push({ ...row, state: "sending", nonce: next, gasLimit });
      next += 1;
    }
    await storeNonce(tx, account, next);
    return started;
  });

/** Simulates what is due, as far as there is room in flight, and sends what passes. */
export const startRows = async (ctx: PassContext): Promise<void> => {
  const { deps, account, view, report } = ctx;
  const { policy, clock } = deps;
  const fees = firstFees(view.market, sendCap(policy.maxFeePerGasCap));
  const { inFlight } = await deps.store.read((tx) => countRows(tx, account));
  const room = policy.maxInFlight - inFlight;
  if (room <= 0) return;
  const due = await deps.store.read((tx) => dueRows(tx, account, clock.now(), room));
  if (due.length === 0) return;
  if (fees === undefined) {
    noteFailure(
      ctx,
      "fees",
      new Error(`the base fee ${view.market.baseFeePerGas} is above the cap: nothing new is sent`),
    );
    return;
  }
  const results = await mapLimit(due, parallelSimulations, async (row) => ({
    row,
    gasLimit: await admitOrPostpone(ctx, row),
  }));
  const admitted = results.flatMap(({ row, gasLimit }) => (gasLimit === undefined ? [] : [{ row, gasLimit }]));
  if (admitted.length === 0) return;
  const started = await allocateNonces(ctx, admitted);
  report.started += started.length;
  for (const row of started)
    await signAndSend(ctx, row, { due: "sign", kind: "send", fees }).catch((error: unknown) =>
      noteFailure(ctx, nameOf(row), error),
    );
};
