/** The committee network without HTTP: each node's endpoint is its id, and a link may lose what goes over it. */
import type { Acceptance } from "../../keepers/network/acceptance.ts";
import type { PeerAnswer, PeerClient, Subject } from "../../keepers/network/client.ts";
import type { HeldStore } from "../../keepers/network/held.ts";
import type { AttestationWithResult, CommitMessage, Held } from "../../keepers/network/messages.ts";
import { isWorthRetrying, statusOf, type Verdict } from "../../keepers/network/refusals.ts";
import type { Activity } from "./activity.ts";

export type Client = Pick<PeerClient, "sendCommit" | "sendRelay" | "sendAttestation" | "held">;

/** What a node does with what others send it; undefined where it does not answer. */
export type Inbox = {
  commit(message: CommitMessage): Promise<Verdict | undefined>;
  attestation(message: AttestationWithResult): Promise<Verdict | undefined>;
  /** `from` is who asks: a node may tell one what it keeps from another. */
  held(subject: Subject, from: bigint): Promise<Held | undefined>;
};

export type Kind = "commit" | "relay" | "attestation" | "held";
/** Whether what one node says gets through to another. What is `held` is said by whoever is asked. */
export type Link = (speaker: bigint, hearer: bigint, kind: Kind) => boolean;

export type Wire = {
  connect(nodeId: bigint, inbox: Inbox): void;
  clientOf(nodeId: bigint): Client;
  setLink(link: Link): void;
};

const lost = { failure: "no answer" } as const;

const answerOf = (verdict: Verdict | undefined): PeerAnswer<true> => {
  if (verdict === undefined) return lost;
  if (!("refused" in verdict)) return { value: true };
  const { refused } = verdict;
  const status = statusOf(refused.error);
  return { refusal: refused, status, canRetry: isWorthRetrying(status, refused.error) };
};

/** A wire on which everything gets through until told otherwise. */
export const makeWire = (activity: Activity): Wire => {
  const inboxes = new Map<string, Inbox>();
  let isUp: Link = () => true;

  const reach = (from: bigint, endpoint: string, kind: Kind): Inbox | undefined => {
    const to = BigInt(endpoint);
    const isHeard = kind === "held" ? isUp(to, from, kind) : isUp(from, to, kind);
    return isHeard ? inboxes.get(endpoint) : undefined;
  };

  const relay = async (inbox: Inbox, commits: readonly CommitMessage[]): Promise<(string | null)[] | undefined> => {
    const errors: (string | null)[] = [];
    for (const message of commits) {
      const verdict = await inbox.commit(message);
      if (verdict === undefined) return undefined;
      errors.push("refused" in verdict ? verdict.refused.error : null);
    }
    return errors;
  };

  const valueOf = <T>(value: T | undefined): PeerAnswer<T> => (value === undefined ? lost : { value });

  return {
    connect: (nodeId, inbox) => void inboxes.set(nodeId.toString(), inbox),
    setLink: (link) => void (isUp = link),
    clientOf: (from) => ({
      sendCommit: async (to, message) =>
        answerOf(await activity.watch(reach(from, to, "commit")?.commit(message) ?? nobody())),
      sendAttestation: async (to, message) =>
        answerOf(await activity.watch(reach(from, to, "attestation")?.attestation(message) ?? nobody())),
      sendRelay: async (to, commits) => {
        const inbox = reach(from, to, "relay");
        return valueOf(await activity.watch(inbox === undefined ? nobody() : relay(inbox, commits)));
      },
      held: async (to, subject) =>
        valueOf(await activity.watch(reach(from, to, "held")?.held(subject, from) ?? nobody())),
    }),
  };
};

const nobody = async (): Promise<undefined> => undefined;

/** How an honest node answers. */
export const openInbox = (acceptance: Acceptance, held: Pick<HeldStore, "read">): Inbox => ({
  commit: (message) => acceptance.commit(message, "post"),
  attestation: acceptance.attestation,
  held: ({ requestId, level }) => held.read(requestId, level),
});
