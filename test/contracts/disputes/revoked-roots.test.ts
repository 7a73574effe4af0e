import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { buildTree, proofOf, rootOf } from "../../../sdk/merkle/tree.ts";
import { committeeOf } from "../../../deploy/local/committee.ts";
import {
  appealWindowS,
  convene,
  decide,
  dissent,
  lie,
  panelTimeS,
  type Scene,
  waitPast,
} from "../../helpers/disputes.ts";
import { forge } from "../../helpers/forge.ts";
import { paramsFor, post, requestOf, sampleOutput, settle, useMarket } from "../../helpers/market.ts";

const outputs: readonly Hex[] = ["0x01", "0x02", "0x03"];
const six = [0, 1, 2, 3, 4, 5];

describe("The root of a settled bundle", () => {
  const market = useMarket({ nodes: 30, task: { window: 30 } });
  const tree = buildTree(outputs.map((output) => digestOf({ status: 0n, usage: 7n, outputHash: keccak256(output) })));
  const root = rootOf(tree);
  const prove = ({ request }: Scene, index = 1) =>
    market().escrow.proveItem(request.requestId, index, 0, 7n, outputs[index] ?? "0x", proofOf(tree, index));

  /** A bundle, settled at once by two members of three; the third says something else. */
  async function disputed(): Promise<Scene> {
    const m = market();
    const params = paramsFor(m, { k: 3n, quorum: 2n });
    const asked = await m.escrow.connect(m.requester).requestBundle(params, 3, sampleOutput, "http://127.0.0.1/");
    const request = await requestOf(m, asked);
    await post(m, request);
    const members = await committeeOf(m.world, request);
    const settlement = await forge(m, request, { answer: { usage: 0n, output: root }, committed: 0b011n });
    await settle(m, settlement);
    const outcome = { digest: root, head: settlement.head, settler: m.settler.address };
    const scene = { request, members, settlement, outcome };
    await prove(scene);
    await dissent(m, scene);
    return scene;
  }

  async function judge(scene: Scene, digest: Hex): Promise<void> {
    const finalAt = (await convene(market(), scene.request, 1)) + panelTimeS + appealWindowS;
    await decide(market(), scene.request, { level: 1, digest, attesting: six });
    await waitPast(market(), finalAt);
  }

  it("is served no more once a verdict for another one is concluded", async () => {
    const m = market();
    const scene = await disputed();
    await judge(scene, lie);
    await prove(scene); // nobody told the escrow yet
    await expect(m.disputes.conclude(scene.request.words))
      .to.emit(m.escrow, "RootRevoked")
      .withArgs(scene.request.requestId, root);
    await expect(prove(scene))
      .to.be.revertedWithCustomError(m.escrow, "BundleUnknown")
      .withArgs(scene.request.requestId);
    expect(BigInt(await m.escrow.rootOf(scene.request.requestId))).to.equal(0n);
  });

  it("is served after a verdict for it, and where no panel could decide", async () => {
    const m = market();
    const scene = await disputed();
    const before = await m.networkHelpers.takeSnapshot();
    await judge(scene, root);
    await expect(m.disputes.conclude(scene.request.words)).not.to.emit(m.escrow, "RootRevoked");
    await prove(scene);
    await before.restore();
    await waitPast(m, (await convene(m, scene.request, 1)) + panelTimeS + appealWindowS);
    await expect(m.disputes.conclude(scene.request.words)).not.to.emit(m.escrow, "RootRevoked");
    await prove(scene);
  });
});
