/**
 * One endpoint for all instances that a node serves. A request's id holds the escrow it was made in, and a signature its
 * domain, so of several instances one at most knows a message: they are asked in turn, and one that fails stops no other.
 */
import type { LambdaRoutes } from "./lambda-routes.ts";
import type { RefusalName, Refused } from "./refusals.ts";
import { type NetworkDeps, type NetworkServer, startNetwork } from "./server.ts";

/** What an instance answers with. */
export type HubMember = Pick<NetworkDeps, "acceptance" | "held" | "item" | "input" | "lambdas">;

export type Hub = {
  /** Answers for one more instance; the first starts the endpoint, as its deps say. Closing the last one ends it. */
  listen(deps: NetworkDeps): Promise<NetworkServer>;
};

/** The first answer of an instance that knows what it is asked about, else the last one's. Rejects where that one may have failed. */
const ask = async <M, T>(
  members: readonly M[],
  question: (member: M) => Promise<T>,
  isKnown: (answer: T) => boolean,
): Promise<T> => {
  const answers: T[] = [];
  const failures: unknown[] = [];
  for (const member of members) {
    try {
      const answer = await question(member);
      if (isKnown(answer)) return answer;
      answers.push(answer);
    } catch (error) {
      failures.push(error);
    }
  }
  const last = answers.at(-1);
  if (failures.length === 0 && last !== undefined) return last;
  throw failures[0] ?? new Error("no instance listens");
};

const isNotRefused =
  (error: RefusalName) =>
  (answer: object | { readonly refused: Refused }): boolean =>
    !("refused" in answer) || answer.refused.error !== error;

const isKnownRequest = isNotRefused("RequestUnknown");
const isFound = (answer: { readonly found: unknown }): boolean => answer.found !== undefined;

const lambdasOf = (all: readonly LambdaRoutes[], first: LambdaRoutes): LambdaRoutes => ({
  ...first,
  door: {
    accept: (message, address) => ask(all, ({ door }) => door.accept(message, address), isNotRefused("WrongRequester")),
  },
  lambdas: {
    look: (requestId) => ask(all, ({ lambdas }) => lambdas.look(requestId), isKnownRequest),
    wait: (requestId, timeoutMs, signal) =>
      ask(all, ({ lambdas }) => lambdas.wait(requestId, timeoutMs, signal), isKnownRequest),
  },
});

/** The members as one. `members` and `routes` may grow and shrink. */
const joined = (members: readonly HubMember[], routes: readonly LambdaRoutes[], deps: NetworkDeps): NetworkDeps => ({
  ...deps,
  acceptance: {
    commit: (message, via) => ask(members, ({ acceptance }) => acceptance.commit(message, via), isKnownRequest),
    attestation: (message) => ask(members, ({ acceptance }) => acceptance.attestation(message), isKnownRequest),
  },
  held: {
    read: (requestId, level) =>
      ask(
        members,
        ({ held }) => held.read(requestId, level),
        ({ commits, attestations, results }) => commits.length + attestations.length + results.length > 0,
      ),
  },
  item: async (requestId, index) =>
    (await ask(members, async ({ item }) => ({ found: await item(requestId, index) }), isFound)).found,
  input: async (digest) => (await ask(members, async ({ input }) => ({ found: await input(digest) }), isFound)).found,
  lambdas: deps.lambdas === undefined ? undefined : lambdasOf(routes, deps.lambdas),
});

const remove = <T>(from: T[], one: T | undefined): void => {
  const at = one === undefined ? -1 : from.indexOf(one);
  if (at >= 0) from.splice(at, 1);
};

/** Makes it; `start` starts the endpoint. */
export const makeHub = (start: (deps: NetworkDeps) => Promise<NetworkServer> = startNetwork): Hub => {
  const members: HubMember[] = [];
  const routes: LambdaRoutes[] = [];
  let server: Promise<NetworkServer> | undefined;

  const leave = async (deps: NetworkDeps): Promise<void> => {
    remove(members, deps);
    remove(routes, deps.lambdas);
    if (members.length > 0) return;
    const ending = server;
    server = undefined;
    await (await ending)?.close();
  };

  return {
    listen: async (deps) => {
      members.push(deps);
      if (deps.lambdas !== undefined) routes.push(deps.lambdas);
      server ??= start(joined(members, routes, deps));
      try {
        return { ...(await server), close: () => leave(deps) };
      } catch (error) {
        server = undefined;
        remove(members, deps);
        remove(routes, deps.lambdas);
        throw error;
      }
    },
  };
};
