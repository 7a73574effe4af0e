/** Steps of a pass that look back: what was mined, what a reorganisation dropped, which nonces others used. */
import { mapLimit } from "./concurrency.ts";
import { attemptsOf, newestFinalRows, openRows, storedNonce, storeNonce, undoneRows } from "./outbox.ts";
import { markDisplaced, markDropped, markIncluded, markLost, markUnsettled } from "./outbox-changes.ts";
import { noteFailure, type PassContext, write } from "./tx-context.ts";
import { type Found, type Inclusion, obsoleteReason, planInclusion } from "./tx-plan.ts";
import type { Attempt, OutboxRow, OutboxState } from "./tx-types.ts";

const parallelReads = 8;
/** As many final rows are looked at in one pass at most, and one where nothing has changed. */
const finalReads = 64;

/**
 * Compares the stored next nonce with the chain: adopts the chain's when others have used the key, and says so. Reopens
 * rows that were final and that the chain, past that depth, shows as never mined.
 */
export const reconcileNonces = async (ctx: PassContext): Promise<void> => {
  const { deps, account, view, report } = ctx;
  const stored = await deps.store.read((tx) => storedNonce(tx, account));
  if (stored !== undefined && view.nonce > stored) {
    report.foreignNonces += view.nonce - stored;
    deps.log.error(
      { address: account.sender, from: stored, to: view.nonce - 1 },
      "nonces of this key were used by something else: give every keeper its own key",
    );
  }
  if (stored === undefined || view.nonce > stored) await write(ctx, (tx) => storeNonce(tx, account, view.nonce));
  const deepBlock = view.head - BigInt(deps.policy.confirmations - 1);
  const undone = await deps.store.read((tx) => undoneRows(tx, account, view.nonce, deepBlock));
  for (const row of undone) await drop(ctx, row);
};

/**
 * Looks at what was final, newest first, as long as the chain shows it in another block: a reorganisation deeper than the
 * confirmations moved it, and it may have failed there. Receipts that a node shows no longer say nothing.
 */
export const recheckFinal = async (ctx: PassContext): Promise<void> => {
  const { deps, account } = ctx;
  for (const row of await deps.store.read((tx) => newestFinalRows(tx, account, finalReads))) {
    const receipt = row.txHash === undefined ? undefined : await deps.chain.receipt(row.txHash);
    if (receipt === undefined || receipt.blockHash === row.blockHash) return;
    await write(ctx, (tx) => markUnsettled(tx, row, deps.clock.now()));
    const { id, subject, action, block } = row;
    deps.log.warn(
      { id, subject, action, from: block, to: receipt.block },
      "a reorganisation moved a final transaction",
    );
  }
};

const drop = async (ctx: PassContext, row: OutboxRow): Promise<void> => {
  await write(ctx, (tx) => markDropped(tx, row, ctx.deps.clock.now()));
  ctx.report.dropped += 1;
  if (ctx.resend !== "all") ctx.resend.add(row.id);
  ctx.deps.log.warn(
    { id: row.id, subject: row.subject, action: row.action },
    "a reorganisation dropped a mined transaction",
  );
};

/** The receipt among those of all attempts. Only one attempt of a nonce can have one. */
const findReceipt = async ({ deps }: PassContext, attempts: readonly Attempt[]): Promise<Found | undefined> => {
  for (const attempt of attempts.toReversed()) {
    const receipt = await deps.chain.receipt(attempt.hash);
    if (receipt !== undefined) return { attempt, receipt };
  }
  return undefined;
};

const revertReason = async ({ deps, account }: PassContext, row: OutboxRow, block: bigint): Promise<string> => {
  const call = { from: account.sender, to: row.target, data: row.data, value: row.value, gas: row.gasLimit };
  const again = await deps.chain.simulate(call, block > 0n ? block - 1n : 0n).catch(() => undefined);
  if (again === undefined) return "reverted; the node could not say why";
  return again.ok ? "reverted; the reason was gone on the block before it" : again.reason;
};

const include = async (
  ctx: PassContext,
  row: OutboxRow,
  change: Extract<Inclusion, { change: "included" }>,
): Promise<void> => {
  const { attempt, receipt, final } = change;
  const state: OutboxState = attempt.kind === "cancel" ? "cancelled" : receipt.succeeded ? "mined" : "reverted";
  const isKnown = row.state === state && row.txHash === receipt.hash && row.block === receipt.block;
  if (isKnown && row.final === final) return;
  const reason =
    state === "reverted"
      ? isKnown && row.reason !== undefined
        ? row.reason
        : await revertReason(ctx, row, receipt.block)
      : state === "cancelled"
        ? (obsoleteReason(row, ctx.deps.clock.now()) ?? "cancelled")
        : undefined;
  await write(ctx, (tx) => markIncluded(tx, row, { state, reason, receipt, final }, ctx.deps.clock.now()));
  if (row.state !== state) ctx.report[state as "mined" | "reverted" | "cancelled"] += 1;
  if (final) ctx.report.finalized += 1;
  ctx.deps.log.info(
    { id: row.id, subject: row.subject, action: row.action, hash: receipt.hash, state, final, reason },
    "mined",
  );
};

const displace = async (ctx: PassContext, row: OutboxRow): Promise<void> => {
  const now = ctx.deps.clock.now();
  await write(ctx, (tx) => markDisplaced(tx, row, obsoleteReason(row, now), now));
  ctx.report.foreignNonces += 1;
  ctx.deps.log.error(
    { id: row.id, nonce: row.nonce },
    "the nonce of a sent transaction was used by something else: the action gets a new one; give every keeper its own key",
  );
};

const advance = async (ctx: PassContext, row: OutboxRow): Promise<void> => {
  const { deps, view } = ctx;
  const mayBeMined = row.nonce !== undefined && row.nonce < view.nonce;
  const attempts = mayBeMined ? await deps.store.read((tx) => attemptsOf(tx, row)) : [];
  const found = await findReceipt(ctx, attempts);
  const inclusion = planInclusion(row, found, view, deps.policy, deps.clock.now());
  if (inclusion.change === "included") return include(ctx, row, inclusion);
  if (inclusion.change === "dropped") return drop(ctx, row);
  if (inclusion.change === "displaced") return displace(ctx, row);
  if (inclusion.change === "none") return;
  const since = inclusion.change === "suspect" ? deps.clock.now() : undefined;
  await write(ctx, (tx) => markLost(tx, row, since));
};

/** Looks for the receipts of every attempt of every row that is sent and not final. */
export const followRows = async (ctx: PassContext): Promise<void> => {
  const rows = await ctx.deps.store.read((tx) => openRows(tx, ctx.account));
  await mapLimit(rows, parallelReads, async (row) => {
    await advance(ctx, row).catch((error: unknown) => noteFailure(ctx, `${row.subject} ${row.action}`, error));
  });
};
