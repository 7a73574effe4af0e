import { fingerprintOf } from "../../../sdk/agreement/fingerprint.ts";
import { expect } from "chai";
import { concat, numberToHex, slice } from "viem";
import { labelledKey } from "../../../deploy/local/world.ts";
import { anyAsk, draw } from "../../../sdk/committee/draw.ts";
import { panelSeats, panelThreshold } from "../../../sdk/committee/panel.ts";
import { seedOf } from "../../../sdk/committee/seed.ts";
import { decodeSnapshot } from "../../../sdk/committee/snapshot.ts";
import { snapshotAddress } from "../../../sdk/committee/snapshot-address.ts";
import { randomnessOf } from "../../../sdk/drand/word.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  endings,
  evidenceOf,
  lie,
  otherLie,
  panelOf,
  panelTimeS,
  roundOf,
  type Scene,
  stage,
  truth,
  voteOf,
  waitPast,
} from "../../helpers/disputes.ts";
import { rotate } from "../../helpers/identity.ts";
import { useMarket } from "../../helpers/market.ts";

describe("A panel", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const nextBlockAt = (timestampS: bigint) => market().networkHelpers.time.setNextBlockTimestamp(timestampS);

  let scene: Scene;
  let endsAt: bigint;
  async function dispute(): Promise<void> {
    scene = await stage(market());
    await conflict(market(), scene);
    endsAt = (await convene(market(), scene.request, 1)) + panelTimeS;
  }
  const vote = (digest: `0x${string}`, attesting: readonly number[], silent: readonly number[] = []) =>
    decide(market(), scene.request, { level: 1, digest, attesting, silent });
  const verdict = () => market().disputes.verdictOf(scene.request.words);

  it("is drawn as the sdk draws it, from fresh nodes only, at both levels (DRW-1)", async () => {
    const m = market();
    await dispute();
    await vote(lie, [0, 1, 2, 3, 4]);
    await m.escrow.connect(m.requester).transfer(m.stranger.address, 10n ** 9n);
    await m.disputes.connect(m.stranger).appeal(scene.request.words);
    await convene(m, scene.request, 2);
    const { requestId, fields } = scene.request;
    const address = snapshotAddress(m.instance.taskRegistry, fields.snapshotId);
    const snapshot = decodeSnapshot((await m.world.chain.getCode({ address })) ?? "0x");
    const excluded = scene.members.map(({ nodeId }) => nodeId);
    for (const level of [1, 2] as const) {
      const randomness = randomnessOf(m.world.beacon.sign(await roundOf(m, scene.request, level)));
      const seed = seedOf(randomness, requestId, BigInt(level));
      const k = BigInt(panelSeats(level, 3, 7));
      const expected = draw({ snapshot, seed, k, maxAsk: anyAsk, excluded });
      const actual = await panelOf(m, scene.request, level);
      expect(actual.map(({ nodeId }) => nodeId)).to.deep.equal(expected.map(({ nodeId }) => nodeId));
      excluded.push(...expected.map(({ nodeId }) => nodeId));
    }
    expect(new Set(excluded).size).to.equal(3 + 7 + 15);
  });

  it("decides by floor(2n / 3) + 1 of its jurors, and not by one less", async () => {
    const m = market();
    await dispute();
    expect(panelThreshold(7)).to.equal(5);
    await expect(vote(truth(scene.request), [0, 1, 2, 3], [4, 5, 6]))
      .to.be.revertedWithCustomError(m.disputes, "TooFewJurors")
      .withArgs(4n, 5n);
    await expect(vote(truth(scene.request), [0, 2, 3, 5, 6], [1, 4]))
      .to.emit(m.disputes, "PanelAttested")
      .withArgs(scene.request.requestId, 1n, truth(scene.request), 0b1101101n, true);
  });

  it("decides until its end, and not a second later", async () => {
    const m = market();
    await dispute();
    const snapshot = await m.networkHelpers.takeSnapshot();
    const jurors = await panelOf(m, scene.request, 1);
    const digest = truth(scene.request);
    const { head, proof } = await voteOf(m, scene.request, { level: 1, digest, jurors });
    await nextBlockAt(endsAt + 1n);
    await expect(m.disputes.decide(scene.request.words, 1, digest, head, proof))
      .to.emit(m.disputes, "PanelAttested")
      .withArgs(scene.request.requestId, 1n, digest, 0b1111111n, false);
    await snapshot.restore();
    await nextBlockAt(endsAt);
    await expect(m.disputes.decide(scene.request.words, 1, digest, head, proof))
      .to.emit(m.disputes, "PanelAttested")
      .withArgs(scene.request.requestId, 1n, digest, 0b1111111n, true);
  });

  it("is final one second after its appeal window's last", async () => {
    const m = market();
    await dispute();
    await vote(truth(scene.request), [0, 1, 2, 3, 4]);
    const finalAt = endsAt + appealWindowS;
    await nextBlockAt(finalAt);
    await expect(m.disputes.conclude(scene.request.words)).to.be.revertedWithCustomError(m.disputes, "StillPending");
    await nextBlockAt(finalAt + 1n);
    await expect(m.disputes.conclude(scene.request.words))
      .to.emit(m.disputes, "DisputeConcluded")
      .withArgs(scene.request.requestId, endings.decided, kept(truth(scene.request)));
    expect((await verdict()).finalAt).to.equal(finalAt);
  });

  it("takes only its own jurors' signatures, over its own level, with the commits that they name", async () => {
    const m = market();
    await dispute();
    const jurors = await panelOf(m, scene.request, 1);
    const digest = truth(scene.request);
    const right = await voteOf(m, scene.request, { level: 1, digest, jurors });
    const attempt = (level: number, head: bigint, proof: `0x${string}`) =>
      m.disputes.decide(scene.request.words, level, digest, head, proof);
    const stranger = await voteOf(m, scene.request, {
      ...{ level: 1, digest, jurors },
      key: (seat) => (seat === 4 ? labelledKey("nobody") : undefined),
    });
    await expect(attempt(1, stranger.head, stranger.proof))
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy")
      .withArgs(jurors[4]?.nodeId);
    const ofTwo = await voteOf(m, scene.request, { level: 2, digest, jurors });
    await expect(attempt(1, ofTwo.head, ofTwo.proof)).to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
    await expect(attempt(2, ofTwo.head, ofTwo.proof))
      .to.be.revertedWithCustomError(m.disputes, "NoSuchLevel")
      .withArgs(2n);
    await expect(attempt(0, right.head, right.proof)).to.be.revertedWithCustomError(m.disputes, "NoSuchLevel");
    await expect(attempt(1, right.head | (1n << 7n), right.proof)) // an eighth juror
      .to.be.revertedWithCustomError(m.disputes, "InvalidPanelHead");
    await expect(attempt(1, right.head ^ 1n, right.proof)) // attested without a commit
      .to.be.revertedWithCustomError(m.disputes, "InvalidPanelHead");
    await expect(attempt(1, right.head, `${right.proof}00`))
      .to.be.revertedWithCustomError(m.disputes, "InvalidPanelProof")
      .withArgs(7n * 80n + 1n, 7n * 80n);
    const salted = concat([slice(right.proof, 0, -1), right.proof.endsWith("00") ? "0x01" : "0x00"]);
    await expect(attempt(1, right.head, salted)).to.be.revertedWithCustomError(m.disputes, "NotSignedBy");
  });

  it("does not count a jailed juror, and counts one whose key was replaced meanwhile", async () => {
    const m = market();
    await dispute();
    const jurors = await panelOf(m, scene.request, 1);
    const digest = truth(scene.request);
    const { head, proof } = await voteOf(m, scene.request, { level: 1, digest, jurors });
    await rotate(m, jurors[0]?.nodeId ?? 0n, "a newer key");
    const snapshot = await m.networkHelpers.takeSnapshot();
    await expect(m.disputes.decide(scene.request.words, 1, digest, head, proof)).to.emit(m.disputes, "PanelAttested");
    await snapshot.restore();
    const a = await evidenceOf(m, scene.request, jurors, 1, { digest: lie, level: 1n });
    const b = await evidenceOf(m, scene.request, jurors, 1, { digest, level: 1n });
    await m.disputes.proveEquivocation(scene.request.words, 1, a, b);
    await expect(m.disputes.decide(scene.request.words, 1, digest, head, proof))
      .to.be.revertedWithCustomError(m.disputes, "NotSignedBy")
      .withArgs(jurors[1]?.nodeId);
  });

  it("is completed by jurors that were left out, whose commits a counted one saw, until the appeal window's end", async () => {
    const m = market();
    await dispute();
    const digest = truth(scene.request);
    await vote(digest, [0, 1, 2, 3, 4], [5]);
    await expect(vote(digest, [5, 6])).to.be.revertedWithCustomError(m.disputes, "TooFewJurors"); // they vouch for each other
    await expect(vote(digest, [0, 5], [1, 2, 3, 4]))
      .to.emit(m.disputes, "PanelAttested")
      .withArgs(scene.request.requestId, 1n, digest, 0b0111111n, true);
    await expect(vote(lie, [0, 1, 2, 3, 4])).to.be.revertedWithCustomError(m.disputes, "DecidedOtherwise");
    await nextBlockAt(endsAt + appealWindowS + 1n);
    await expect(vote(digest, [0, 6]))
      .to.be.revertedWithCustomError(m.disputes, "WindowOver")
      .withArgs(endsAt + appealWindowS);
  });

  it("that did not decide shows afterwards who attested, if half of it stood together; more may replace them", async () => {
    const m = market();
    await dispute();
    await nextBlockAt(endsAt + 1n);
    await expect(vote(lie, [0, 1, 2]))
      .to.be.revertedWithCustomError(m.disputes, "TooFewJurors")
      .withArgs(3n, 4n);
    await expect(vote(lie, [0, 1, 2, 3])).to.emit(m.disputes, "PanelAttested");
    await expect(vote(otherLie, [3, 4, 5, 6]))
      .to.be.revertedWithCustomError(m.disputes, "TooFewJurors")
      .withArgs(4n, 5n);
    expect((await verdict()).ending).to.equal(endings.pending);
  });

  it("that does not decide leaves nobody at fault: the request is refunded", async () => {
    const m = market();
    await dispute();
    await waitPast(m, endsAt + appealWindowS);
    const concluding = m.disputes.conclude(scene.request.words);
    await expect(concluding)
      .to.emit(m.disputes, "DisputeConcluded")
      .withArgs(scene.request.requestId, endings.noFault, kept(undefined));
    await expect(concluding).to.emit(m.escrow, "Refunded");
    await expect(m.disputes.conclude(scene.request.words)).to.be.revertedWithCustomError(
      m.disputes,
      "AlreadyConcluded",
    );
  });

  it("needs its round", async () => {
    const m = market();
    scene = await stage(m);
    await conflict(m, scene);
    const round = await roundOf(m, scene.request, 1);
    await expect(m.disputes.decide(scene.request.words, 1, lie, 0n, "0x"))
      .to.be.revertedWithCustomError(m.disputes, "NoRound")
      .withArgs(round);
    const unknown = { ...scene.request.words, terms: scene.request.words.terms ^ 1n };
    await expect(m.disputes.conclude(unknown)).to.be.revertedWithCustomError(m.disputes, "NotDisputed");
  });
});

/** What a verdict keeps of a digest, as the event shows it. */
function kept(digest: `0x${string}` | undefined): string {
  return numberToHex(digest === undefined ? 0n : fingerprintOf(digest) << 64n, { size: 32 });
}
