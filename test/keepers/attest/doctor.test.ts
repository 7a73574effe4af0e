import { expect } from "chai";
import type { Hex } from "viem";
import { examineEvidence } from "../../../keepers/doctor-evidence.ts";
import type { Parts } from "../../../keepers/parts.ts";
import { bindDevKey, devTask, registerDevWorkload } from "../../helpers/dev-tee.ts";
import { openScene, type Scene } from "../fixture.ts";

describe("doctor, about evidence", () => {
  let scene: Scene;
  let parts: Parts;
  before(async () => {
    scene = await openScene({ ...devTask, nodes: 2 });
    parts = await scene.open({ jobs: ["attest"], attest: { hpkeKeyFile: "/nowhere/hpke.key" } });
  });
  after(() => scene.close());

  const examine = (index: number, workloads: readonly Hex[] = []) => {
    const node = scene.market.nodes[index];
    if (node === undefined) throw new Error(`There is no node ${index}.`);
    const settings = { ...parts.settings, attest: { ...parts.settings.attest, workloads: [...workloads] } };
    return examineEvidence(settings, parts, { nodeId: Number(node.nodeId), signer: node.signer.address });
  };

  it("names a workload that is not registered, one to which the key is not bound, and none to which it is", async () => {
    const missing = await examine(0);
    expect(missing.count).to.equal(1);
    expect(missing.faults.join()).to.contain("is not registered: check attest.workloads");
    const workloadId = await registerDevWorkload(scene.market);
    expect((await examine(0)).faults).to.deep.equal([
      `the key is not bound to workload ${workloadId}: try atoma attest --dry-run`,
    ]);
    const [node] = scene.market.nodes;
    if (node === undefined) throw new Error("There is no node.");
    await bindDevKey(scene.market, node, workloadId);
    expect(await examine(0)).to.deep.equal({ count: 1, faults: [] });
    expect((await examine(1)).faults).to.have.length(1);
    const other: Hex = `0x${"ab".repeat(32)}`;
    expect((await examine(0, [other])).faults.join()).to.contain(other);
    await scene.market.teeRegistry.revokeWorkload(workloadId);
    expect((await examine(0)).faults.join()).to.contain("is revoked: serve another one");
  });
});
