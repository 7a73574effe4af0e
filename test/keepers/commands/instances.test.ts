import { expect } from "chai";
import { openMarket } from "../../helpers/market.ts";
import { openScene, type Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";
import { makeShell, type Shell } from "./shell.ts";

describe("atoma where a file names two instances", function () {
  this.timeout(60_000);
  let scene: Scene;
  let shell: Shell;
  let both: string;
  let config: string;
  const env = { ATOMA_DEPLOYMENT: "" };

  before(async () => {
    scene = await openScene({ nodes: 3 });
    const { instance } = await openMarket({ nodes: 2, beside: scene.market.world });
    shell = makeShell(scene);
    const record = (escrow: string) => ({ chainId: 31_337, escrow, startBlock: 0 });
    const instances = { v1: record(scene.market.instance.escrow), v2: record(instance.escrow) };
    both = shell.file("both.json", JSON.stringify({ instances }));
    config = shell.file(
      "keeper.yaml",
      [
        "jobs: [settler]",
        `chain: { id: 31337, rpcUrls: ["${scene.bridge.url}"], deploymentFile: both.json, maxHeadAgeS: 0 }`,
        "store: { path: keeper.sqlite }",
        "instances: [{ name: v1 }, { name: v2 }]",
      ].join("\n"),
    );
    process.env["ATOMA_KEEPER_KEY_PRIVATE_KEY"] = devKey(7); // the settings name none
  });
  after(async () => {
    delete process.env["ATOMA_KEEPER_KEY_PRIVATE_KEY"];
    shell.close();
    await scene.close();
  });

  const nodesOf = async (args: readonly string[], more: Record<string, string> = {}): Promise<number> => {
    const ended = await shell.atoma(["node", "list", ...args, "--json"], { env: { ...env, ...more } });
    expect(ended.status, ended.err).to.equal(0);
    return (JSON.parse(ended.out) as { nodes: readonly unknown[] }).nodes.length;
  };

  it("works on the one that --instance or ATOMA_INSTANCE names, the option first", async () => {
    expect(await nodesOf(["--deployment", both, "--instance", "v1"])).to.equal(3);
    expect(await nodesOf(["--deployment", both, "--instance", "v2"])).to.equal(2);
    expect(await nodesOf(["--deployment", both], { ATOMA_INSTANCE: "v2" })).to.equal(2);
    expect(await nodesOf(["--deployment", both, "--instance", "v1"], { ATOMA_INSTANCE: "v2" })).to.equal(3);
    expect(await nodesOf(["--config", config, "--instance", "v2"])).to.equal(2);
  });

  it("asks which one, and knows no other", async () => {
    for (const place of [
      ["--deployment", both],
      ["--config", config],
    ]) {
      const ended = await shell.atoma(["node", "status", "1", ...place], { env });
      expect([ended.status, ended.err.includes("choose one of v1, v2")], ended.err).to.deep.equal([2, true]);
    }
    const unknown = await shell.atoma(["node", "status", "1", "--deployment", both, "--instance", "v3"], { env });
    expect([unknown.status, unknown.err.includes("v3 is not there: the record names v1, v2")]).to.deep.equal([2, true]);
    const single = await shell.atoma(["node", "status", "1", "--instance", "v2"]); // the scene's own file has no names
    expect([single.status, single.err.includes("it has no name: v2 is not there")]).to.deep.equal([2, true]);
  });
});
