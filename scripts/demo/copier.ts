import { randomBytes } from "node:crypto";
import { bytesToHex, type Hex } from "viem";
import type { LocalRequest } from "../../deploy/local/committee.ts";
import type { World } from "../../deploy/local/world.ts";
import { leafOf } from "../../sdk/agreement/leaf.ts";
import { hasBit } from "../../sdk/committee/bitmap.ts";
import type { Member } from "../../sdk/committee/snapshot.ts";
import type { PeerClient } from "../../keepers/network/client.ts";
import type { AttestationMessage, Held, ResultMessage } from "../../keepers/network/messages.ts";
import { signAttestation, signCommit } from "../../keepers/network/sign.ts";
import { askEach, endpointsOf, membersOf, type Peer, type PeerReply, requestsFrom, signedIn } from "./peers.ts";
import { sleep } from "./progress.ts";
import type { CastNode } from "./stage.ts";

/** What the copier tries: to commit once it has seen what others revealed, or to commit to anything and attest what they did. */
export type Trick = "late commit" | "random leaf";

/** How the members took a trick. */
export type TrickReport = {
  readonly trick: Trick;
  readonly requestId: Hex;
  /** Per member that answered: the error that it named, or "taken". */
  readonly answers: readonly PeerReply[];
};

export type CopierDeps = {
  readonly world: World;
  readonly node: CastNode;
  readonly client: PeerClient;
  /** Where the others send it what they say, as to any member. */
  readonly ownEndpoint: string;
  readonly fromBlock: bigint;
  readonly report: (report: TrickReport) => void;
  /** A trick could not be played to its end. */
  readonly failed: (error: unknown) => void;
  readonly signal: AbortSignal;
};

type Seen = { readonly attestation: AttestationMessage; readonly result: ResultMessage };
const tricks: readonly Trick[] = ["late commit", "random leaf"];
const pollMs = 300;

/**
 * A node that computes nothing and lives off its peers. It listens with a real keeper and speaks the real protocol with its
 * registered key, out of turn: plays each trick once, in the first requests for which it is drawn, and abstains afterwards. Ends when the signal aborts.
 */
export async function runCopier(deps: CopierDeps): Promise<void> {
  const { world, signal } = deps;
  const [known, left] = [new Set<Hex>(), [...tricks]];
  const playing: Promise<void>[] = [];
  while (!signal.aborted && left.length > 0) {
    for (const request of await requestsFrom(world, deps.fromBlock)) {
      const members = known.has(request.requestId) ? undefined : await membersOf(world, request);
      if (members === undefined) continue;
      known.add(request.requestId);
      const isMember = members.some(({ nodeId }) => nodeId === deps.node.nodeId);
      const trick = isMember ? left.shift() : undefined;
      if (trick !== undefined) playing.push(play(deps, trick, request, members).catch(deps.failed));
    }
    await sleep(pollMs, signal);
  }
  await Promise.all(playing);
}

async function play(deps: CopierDeps, trick: Trick, request: LocalRequest, members: readonly Member[]): Promise<void> {
  const { node, world } = deps;
  const { requestId } = request;
  const all = await endpointsOf(world, members);
  const others = all.filter(({ nodeId }) => nodeId !== node.nodeId);
  const salt = bytesToHex(randomBytes(16));
  const subject = { requestId, level: 0n, nodeId: node.nodeId };
  const commitTo = async (leaf: Hex, peers: readonly Peer[]): Promise<TrickReport["answers"]> => {
    const commit = await signCommit(node.signer, signedIn(world), { ...subject, leaf });
    return askEach(peers, deps.signal, (endpoint) => deps.client.sendCommit(endpoint, commit, deps.signal));
  };
  if (trick === "random leaf") await commitTo(bytesToHex(randomBytes(32)), all);
  const seat = members.findIndex(({ nodeId }) => nodeId === node.nodeId);
  const { attestation, result } = await reveal(deps, requestId, trick === "random leaf" ? seat : undefined);
  const { digest, committed, leaves } = attestation;
  if (trick === "late commit") {
    const answers = await commitTo(leafOf({ ...subject, digest, salt }), others);
    return deps.report({ trick, requestId, answers });
  }
  const copy = { ...subject, digest, committed, leaves, salt };
  const message = { ...(await signAttestation(node.signer, signedIn(world), copy)), result: outcomeOf(result) };
  const answers = await askEach(others, deps.signal, (endpoint) =>
    deps.client.sendAttestation(endpoint, message, deps.signal),
  );
  deps.report({ trick, requestId, answers });
}

function outcomeOf({ status, usage, output }: ResultMessage) {
  return { status, usage, output };
}

/**
 * Waits until some member shows what it computed, under a root that counts the copier's own commit where it made one: the
 * best chance that a copy has.
 */
async function reveal(deps: CopierDeps, requestId: Hex, ownSeat: number | undefined): Promise<Seen> {
  const { client, ownEndpoint, signal } = deps;
  for (;;) {
    const answer = await client.held(ownEndpoint, { requestId, level: 0n }, signal);
    const seen = "value" in answer ? seenIn(answer.value, ownSeat) : undefined;
    if (seen !== undefined) return seen;
    await sleep(pollMs, signal);
  }
}

function seenIn({ attestations, results }: Held, ownSeat: number | undefined): Seen | undefined {
  const attestation = attestations.find(({ committed }) => ownSeat === undefined || hasBit(committed, ownSeat));
  const result = results.find(({ digest }) => digest === attestation?.digest);
  return attestation === undefined || result === undefined ? undefined : { attestation, result };
}
