/** Takes over what peers hold for a request: fills the gaps that losses left, and forms the union at the end of commits. */
import type { ChainView } from "../chain/view.ts";
import { mapLimit } from "../runtime/concurrency.ts";
import type { Acceptance } from "./acceptance.ts";
import type { PeerClient, Subject } from "./client.ts";
import type { Held } from "./messages.ts";
import type { RefusalName, Verdict } from "./refusals.ts";

export type PullDeps = {
  readonly view: Pick<ChainView, "node">;
  readonly client: Pick<PeerClient, "held">;
  readonly acceptance: Acceptance;
};

/** Refusals that no honest peer's holdings meet: the rest of its answer is not looked at. */
const lies: ReadonlySet<RefusalName> = new Set([
  "WrongSigner",
  "NotMember",
  "UnknownLevel",
  "InvalidBitmap",
  "CommitRootMismatch",
  "ResultMismatch",
]);

const isLie = (verdict: Verdict): boolean => "refused" in verdict && lies.has(verdict.refused.error);
const isNews = (verdict: Verdict): boolean => !("refused" in verdict) && verdict.isNew;

/** Stores what is new and valid. Returns how many messages that were. */
export const takeOver = async (acceptance: Acceptance, { requestId, level }: Subject, held: Held): Promise<number> => {
  const results = new Map(held.results.map(({ digest, ...result }) => [digest, result]));
  let news = 0;
  for (const commit of held.commits) {
    if (commit.requestId !== requestId || commit.level !== level) return news;
    const verdict = await acceptance.commit(commit, "pull");
    if (isLie(verdict)) return news;
    news += Number(isNews(verdict));
  }
  for (const attestation of held.attestations) {
    const result = results.get(attestation.digest);
    if (attestation.requestId !== requestId || attestation.level !== level || result === undefined) return news;
    const verdict = await acceptance.attestation({ ...attestation, result });
    if (isLie(verdict)) return news;
    news += Number(isNews(verdict));
  }
  return news;
};

/** Asks all these nodes at once. Returns the number of new messages; a peer that fails counts nothing. */
export const pullFrom = async (
  { view, client, acceptance }: PullDeps,
  subject: Subject,
  nodeIds: readonly bigint[],
  signal: AbortSignal,
): Promise<number> => {
  const counts = await mapLimit(nodeIds, 8, async (nodeId) => {
    const endpoint = (await view.node(nodeId))?.endpoint;
    const answer = endpoint === undefined ? undefined : await client.held(endpoint, subject, signal);
    return answer !== undefined && "value" in answer ? takeOver(acceptance, subject, answer.value) : 0;
  });
  return counts.reduce((sum, count) => sum + count, 0);
};
