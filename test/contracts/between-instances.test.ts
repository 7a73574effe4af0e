import { expect } from "chai";
import { committeeOf } from "../../deploy/local/committee.ts";
import { labelledKey } from "../../deploy/local/world.ts";
import { commitOf, evidenceOf, lie, otherLie } from "../helpers/disputes.ts";
import { forge, keyOf } from "../helpers/forge.ts";
import { consentOf, farFutureS } from "../helpers/identity.ts";
import { askAndPost, type Market, openMarket, post, selectorOf, settle } from "../helpers/market.ts";
import { requestOfFields, signatureOf, signedFields } from "../helpers/signed.ts";

const nodes = 12;
const all = { k: BigInt(nodes), acceptNoPanel: true };

/** The same keys, node ids, task ids, requester and tokens on one chain: only the domains tell the instances apart. */
describe("What was signed for one instance", () => {
  let [v1, v2]: [Market, Market] = [undefined as never, undefined as never];
  let restore: () => Promise<void>;
  before(async () => {
    v1 = await openMarket({ nodes, task: { window: 3_000 } });
    v2 = await openMarket({ nodes, task: { window: 3_000 }, beside: v1.world });
    const snapshot = await v1.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  afterEach(() => restore());

  /** The other instance, in which everything is signed for the first. */
  const asIfIn = (market: Market, { instance }: Market): Market => ({ ...market, instance });

  it("settles nothing in another: neither the whole settlement, nor its proof, nor signatures over the same words", async () => {
    const keysIn = (market: Market) => market.nodes.map(({ nodeId, signer }) => `${nodeId} ${signer.address}`);
    expect(keysIn(v2)).to.deep.equal(keysIn(v1));
    const [there, here] = [await askAndPost(v1, all), await askAndPost(v2, all)];
    expect(here.requestId).not.to.equal(there.requestId);
    const [signed, right] = [await forge(v1, there), await forge(v2, here)];
    const attempts = [
      [signed, "NotOpen"],
      [{ ...right, proof: signed.proof }, "WrongSigner"],
      [await forge(v2, here, { escrow: v1.instance.escrow }), "WrongSigner"],
      [await forge(v2, here, { signed: (words) => ({ ...words, requestId: there.requestId }) }), "WrongSigner"],
    ] as const;
    for (const [settlement, reason] of attempts)
      await expect(settle(v2, settlement))
        .to.be.revertedWithCustomError(v2.escrow, "NothingSettled")
        .withArgs(selectorOf(v2, reason));
    await expect(settle(v2, right)).to.emit(v2.escrow, "Settled");
    await expect(settle(v1, signed)).to.emit(v1.escrow, "Settled");
  });

  it("proves nothing against a node in another, though it said two things under one number", async () => {
    const [there, here] = [await askAndPost(v1, all), await askAndPost(v2, all)];
    const members = await committeeOf(v2.world, here);
    const own = await evidenceOf(v2, here, members, 0, { digest: lie });
    const foreign = [
      await evidenceOf(v1, there, members, 0, { digest: otherLie }),
      await evidenceOf(asIfIn(v2, v1), here, members, 0, { digest: otherLie }),
    ];
    for (const evidence of foreign)
      await expect(v2.disputes.proveEquivocation(here.words, 0, own, evidence)) //
        .to.be.revertedWithCustomError(v2.disputes, "NotSignedBy");
    const key = keyOf(v2, members[0]?.nodeId ?? 0n);
    const [first, second] = [await commitOf(v2, here, key, lie), await commitOf(v1, here, key, otherLie)];
    await expect(v2.disputes.proveDoubleCommit(here.words, 0, first, second)) //
      .to.be.revertedWithCustomError(v2.disputes, "NotSignedBy");
    const twice = await evidenceOf(v2, here, members, 0, { digest: otherLie });
    await expect(v2.disputes.proveEquivocation(here.words, 0, own, twice)).to.emit(v2.disputes, "EquivocationProven");
    expect(await v1.nodeRegistry.allocatedStake(members[0]?.nodeId ?? 0n, v1.taskId)).to.equal(1_000n * 10n ** 18n);
  });

  it("takes nothing out of a purse in another, though every word of the request is the same", async () => {
    for (const { escrow, requester, networkHelpers } of [v1, v2])
      await escrow.connect(requester).timeLock(0n, 10n ** 9n, (await networkHelpers.time.latest()) + 10_000);
    const request = requestOfFields(v2, await signedFields(v2));
    await post(v2, request);
    const settlement = await forge(v2, request);
    const signature = await signatureOf(asIfIn(v2, v1), request);
    await expect(v2.escrow.settleSigned(settlement, signature, [])) //
      .to.be.revertedWithCustomError(v2.escrow, "InvalidRequesterSignature");
    await expect(v2.escrow.settleSigned(settlement, await signatureOf(v2, request), [])).to.emit(v2.escrow, "Settled");
    expect((await v1.escrow.timeLockOf(v1.requester, 0n)).amount).to.equal(10n ** 9n);
  });

  it("makes no key a node's in another: consent is given to one registry", async () => {
    const { address } = labelledKey("moving");
    const consents = [await consentOf(v1, "moving"), await consentOf(v2, "moving")] as const;
    await v1.nodeRegistry.connect(v1.owner).register(address, "", farFutureS, consents[0]);
    const registry = v2.nodeRegistry.connect(v2.owner);
    await expect(registry.register(address, "", farFutureS, consents[0]))
      .to.be.revertedWithCustomError(v2.nodeRegistry, "InvalidConsent")
      .withArgs(address);
    await expect(registry.register(address, "", farFutureS, consents[1])).to.emit(v2.nodeRegistry, "NodeRegistered");
  });
});
