import { createHash } from "node:crypto";
import { expect } from "chai";
import { getAddress, type Hex, stringToHex, zeroHash } from "viem";
import { settlementOf } from "../../../deploy/local/committee.ts";
import { publishSnapshot, subscribe } from "../../../deploy/local/nodes.ts";
import { localChainId, walletOf } from "../../../deploy/local/world.ts";
import { modelRuntimeDigest, parseManifest } from "../../../keepers/models/manifest.ts";
import { createAtomaClient } from "../../../sdk/client/create-client.ts";
import { askAndPost, settle, useMarket } from "../../helpers/market.ts";
import { openLedger } from "../../helpers/ledger.ts";
import { bytesOf, manifestOf } from "./samples.ts";

const royaltyBps = 500n;
const units = 1_000n;
const price = 7n;
const tip = 1_000n;

describe("A model's task", () => {
  const market = useMarket({ nodes: 5 });

  /** The publisher is an account that has nothing to do with nodes or requests. */
  const register = async () => {
    const { connection, world, atoma, deployer, stranger } = market();
    const manifest = bytesOf(manifestOf([{ path: "model.gguf", bytes: new Uint8Array([1, 2, 3]) }]));
    const parsed = parseManifest(manifest);
    await atoma.connect(deployer).transfer(stranger.address, 10n ** 18n); // the bond
    const client = createAtomaClient({
      publicClient: world.chain,
      walletClient: walletOf(connection, getAddress(stranger.address)),
      deployment: {
        ...world.instance,
        chainId: localChainId,
        token: world.paymentToken,
        atoma: world.atoma,
        deployedAtBlock: 0n,
      },
    });
    const artifactDigest: Hex = `0x${createHash("sha256").update(manifest).digest("hex")}`;
    const runtimeDigest = modelRuntimeDigest(parsed);
    const taskId = await client.registerTask({
      kind: parsed.kind,
      artifactDigest,
      artifactUri: "https://models.example/manifest.json",
      runtimeDigest,
      unitSize: 10n,
      stakePerNode: 10n ** 21n,
      royaltyBps,
      askExponent: 1n,
      windowS: 60n,
      maxOutputBytes: 4_096n,
    });
    return { client, taskId, artifactDigest, runtimeDigest };
  };

  it("pays its publisher 5 % of the pay of all members drawn, which the publisher withdraws, to the unit and once", async () => {
    const m = market();
    const { client, taskId, artifactDigest, runtimeDigest } = await register();
    expect(await m.taskRegistry.taskOf(taskId)).to.deep.equal([
      stringToHex("chat", { size: 32 }), artifactDigest, runtimeDigest, zeroHash, 10n, 10n ** 21n, royaltyBps, 1n, 0n, 60n, 4_096n,
    ]); // prettier-ignore
    for (const node of m.nodes) await subscribe(m.world, node, taskId, Number(price));
    await publishSnapshot(m.world, taskId);
    const model = { ...m, taskId };
    const ledger = await openLedger(model);
    const request = await askAndPost(model, { taskId, units, maxAsk: price, tip, k: 5n, acceptNoPanel: true });
    await settle(model, await settlementOf(m.world, m.nodes, request, { output: stringToHex("an answer") }));

    const pay = price * units * 10n; // of one member: ask, units, 10^askExponent
    const royalty = (5n * pay * 5n) / 100n;
    const fee = (5n * pay * request.fields.protocolFeeBps) / 10_000n;
    await ledger.expectEquation({
      paid: { requester: 5n * pay + royalty + fee + tip },
      parts: {
        publisher: royalty,
        treasury: fee,
        settler: tip,
        nodes: new Map(m.nodes.map(({ nodeId }) => [nodeId, pay])),
      },
    });

    expect(await client.collectFees(taskId)).to.equal(royalty);
    expect(await client.collectFees(taskId)).to.equal(0n);
    const more = await client.withdraw({ amount: royalty + 1n }).catch((error: unknown) => String(error));
    expect(more).to.contain("Cannot withdraw");
    const before = await m.token.balanceOf(m.stranger.address);
    await client.withdraw({ amount: royalty });
    expect((await m.token.balanceOf(m.stranger.address)) - before).to.equal(royalty);
  });
});
