/** A door for signed requests over a real chain, and requests that its requester signs. */
import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import type { LocalRequest } from "../../../deploy/local/committee.ts";
import { localChainId } from "../../../deploy/local/world.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { nowSeconds } from "../../../keepers/job.ts";
import type { SignedRequestMessage } from "../../../keepers/network/messages.ts";
import type { Verdict } from "../../../keepers/network/refusals.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { makeBars } from "../../../keepers/signed/bars.ts";
import { makeSignedDoor, type SignedLimits } from "../../../keepers/signed/door.ts";
import { makePurses } from "../../../keepers/signed/purse.ts";
import { makeSignedStore } from "../../../keepers/signed/store.ts";
import { timeOf } from "../../../sdk/drand/schedule.ts";
import { roundAt } from "../../../sdk/drand/schedule.ts";
import type { RequestFields } from "../../../sdk/words/request.ts";
import { requestOfFields, signatureOf, signedFields } from "../../helpers/signed.ts";
import { openScene, type Scene } from "../fixture.ts";

export const input: Hex = "0x1234";
export const purseFunds = 10n ** 9n;

/** A scene whose task the WASM executor serves, with money in purse 0 for a day. */
export const openDeskScene = async (): Promise<Scene> => {
  const { runtimeDigest } = await makeWasmExecutor().capabilities();
  const scene = await openScene({
    task: { runtimeDigest, window: 30 },
    adjust: (all) => ({ ...all, parameters: { ...all.parameters, beaconDelay: 30 } }),
  });
  const { escrow, requester, networkHelpers } = scene.market;
  const unlockAt = BigInt(await networkHelpers.time.latest()) + 86_400n;
  await escrow.connect(requester).timeLock(0n, purseFunds, unlockAt);
  await scene.mine();
  return scene;
};

export type Signed = { readonly request: LocalRequest; readonly message: SignedRequestMessage };

/** A signed request of the scene's requester, with its input. */
export const signIn = async ({ market }: Scene, changes: Partial<RequestFields> = {}): Promise<Signed> => {
  const request = requestOfFields(market, await signedFields(market, changes));
  const signature = await signatureOf(market, request);
  return { request, message: { request: request.words, signature, input } };
};

/** The first round that a request made `afterS` from now may name, and that moment. */
export const later = async ({ market }: Scene, afterS: bigint): Promise<Partial<RequestFields>> => {
  const submittedAtS = BigInt(await market.networkHelpers.time.latest()) + afterS;
  const { beaconDelayS } = await signedFields(market);
  return { submittedAtS, round: roundAt(market.world.beacon, submittedAtS + beaconDelayS) };
};

export type Desk = ReturnType<typeof openDesk>;

/** A door on its own store; inputs are kept in memory. */
export const openDesk = (scene: Scene, parts: Parts, limits: Partial<SignedLimits> = {}) => {
  const { chain, store, rpc, txChain, instance, signer, clock } = parts;
  const signed = makeSignedStore(store);
  const bars = makeBars(clock);
  const inputs = new Map<Hex, Uint8Array>();
  const heard: Hex[] = [];
  const nowS = () => nowSeconds({ chain, clock });
  const door = makeSignedDoor({
    ...{ view: chain, signed, bars, clock, nowS },
    purses: makePurses({ rpc, txChain, instance, address: signer.address }),
    executors: [makeWasmExecutor()],
    instance: { chainId: localChainId, escrow: instance.escrow, beacon: instance.beacon },
    roundTimeS: (round) => timeOf(scene.market.world.beacon, round),
    hasInput: async (digest) => inputs.has(digest),
    putInput: async (digest, bytes) => void inputs.set(digest, bytes),
    limits: { maxInputBytes: 1_024, maxOpen: 100, maxOpenPerRequester: 50, ...limits },
    onNew: (requestId) => void heard.push(requestId),
  });
  const accept = async (message: SignedRequestMessage, address = "10.0.0.1"): Promise<Verdict> => {
    await chain.sync();
    return door.accept(message, address);
  };
  return {
    door,
    signed,
    bars,
    inputs,
    heard,
    nowS,
    accept,
    /** Name of the refusal; "taken" or "known" if there is none. */
    say: async (message: SignedRequestMessage, address?: string): Promise<string> => {
      const verdict = await accept(message, address);
      if ("refused" in verdict) return verdict.refused.error;
      return verdict.isNew ? "taken" : "known";
    },
    isEmpty: async (): Promise<void> => {
      expect(await signed.open(0n)).to.deep.equal([]);
      expect([...inputs.keys()]).to.deep.equal([]);
      expect(heard).to.deep.equal([]);
    },
  };
};

export const digestOfInput = keccak256(input);
