/** A watchtower on the real contracts, and what members say to it. */
import { type Hex, keccak256, numberToHex, slice } from "viem";
import { answerDigest, committeeOf, type LocalRequest } from "../../../deploy/local/committee.ts";
import type { Job } from "../../../keepers/job.ts";
import { makeJob } from "../../../keepers/jobs.ts";
import { type HeldStore, makeHeldStore } from "../../../keepers/network/held.ts";
import type { AttestationWithResult, CommitMessage } from "../../../keepers/network/messages.ts";
import { signAttestation, signCommit } from "../../../keepers/network/sign.ts";
import type { Parts } from "../../../keepers/parts.ts";
import type { SettingsInput } from "../../../keepers/settings.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import { keyOf } from "../../helpers/forge.ts";
import { type Market, sampleOutput } from "../../helpers/market.ts";
import type { Scene } from "../fixture.ts";

const noSignal = new AbortController().signal;

export type Watchtower = {
  readonly parts: Parts;
  readonly job: Job;
  readonly held: HeldStore;
  /** Reads the chain, runs the job, and lets the outbox send. */
  pass(): Promise<{ done: number; failed: number }>;
};

/** Opens a watchtower on the chain's account `index`. Beside a settler, it asks nobody. */
export const openWatchtower = async (
  scene: Scene,
  changes: Partial<SettingsInput> = { jobs: ["watchtower", "settler"] },
  index = 6,
): Promise<Watchtower> => {
  const parts = await scene.open(changes, index);
  const job = await makeJob("watchtower", parts);
  const pass: Watchtower["pass"] = async () => {
    await parts.chain.sync();
    const report = await job.pass(noSignal);
    await parts.transactions.pass();
    await parts.transactions.pass();
    await parts.chain.sync();
    return report;
  };
  return { parts, job, held: makeHeldStore(parts.store), pass };
};

export type Speaker = {
  readonly nodeId: bigint;
  commit(leaf: Hex): Promise<CommitMessage>;
  /** An attestation of an output, alone under its root, and the commit that it opens. */
  attest(output?: Hex, salt?: number): Promise<{ commit: CommitMessage; attestation: AttestationWithResult }>;
};

/** What the member at a seat says, signed with its key. */
export const speakerAt = async (market: Market, request: LocalRequest, seat: number): Promise<Speaker> => {
  const members = await committeeOf(market.world, request);
  const nodeId = members[seat]?.nodeId ?? 0n;
  const [key, ids] = [keyOf(market, nodeId), { chainId: 31_337n, escrow: market.instance.escrow }];
  const subject = { requestId: request.requestId, level: 0n, nodeId };
  const commit = (leaf: Hex): Promise<CommitMessage> => signCommit(key, ids, { ...subject, leaf });
  const attest: Speaker["attest"] = async (output = sampleOutput, saltNumber = 1) => {
    const result = { status: 0n, usage: 1_000n, output };
    const digest = answerDigest(request, result);
    const salt = slice(keccak256(numberToHex(saltNumber)), 0, 16);
    const leaf = leafOf({ ...subject, digest, salt });
    const words = { ...subject, digest, committed: 1n << BigInt(seat), salt, leaves: [leaf] };
    return { commit: await commit(leaf), attestation: { ...(await signAttestation(key, ids, words)), result } };
  };
  return { nodeId, commit, attest };
};
