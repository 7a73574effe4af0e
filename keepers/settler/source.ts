/** Where a settler learns what members have said: its own store, which checks everything, and members' endpoints. */
import type { Hex } from "viem";
import type { HeldStore } from "../network/held.ts";
import type { Held } from "../network/messages.ts";
import { pullFrom, type PullDeps } from "../network/pull.ts";

export type AttestationSource = {
  /** What is held here; all of it has been checked. */
  forRequest(requestId: Hex): Promise<Held>;
  /** Takes over what these members hold. Returns how many messages were new. */
  ask(requestId: Hex, nodeIds: readonly bigint[], signal: AbortSignal): Promise<number>;
};

/** The source over the committee network's own store and door. */
export const makeAttestationSource = (deps: PullDeps & { held: Pick<HeldStore, "read"> }): AttestationSource => ({
  forRequest: (requestId) => deps.held.read(requestId, 0n),
  ask: (requestId, nodeIds, signal) => pullFrom(deps, { requestId, level: 0n }, nodeIds, signal),
});
