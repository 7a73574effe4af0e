import { expect } from "chai";
import { parseEther, stringToHex, zeroAddress } from "viem";
import { settlementOf } from "../../deploy/local/committee.ts";
import { labelledKey, localChainId } from "../../deploy/local/world.ts";
import { signerConsentData } from "../../sdk/agreement/signer-consent.ts";
import { createAtomaClient } from "../../sdk/client/create-client.ts";
import { lifeEvents } from "../../sdk/client/life-events.ts";
import { CallError } from "../../sdk/errors/call-error.ts";
import { farFutureS } from "../helpers/identity.ts";
import { type Market, post, settle, useMarket } from "../helpers/market.ts";

const clientOf = (market: Market, wallet = market.ownerWallet) => {
  const { instance, paymentToken: token, atoma, chain } = market.world;
  const deployment = { ...instance, chainId: localChainId, token, atoma, deployedAtBlock: 0n };
  const context = { publicClient: chain, walletClient: wallet, deployment };
  return { context, client: createAtomaClient(context) };
};

const caught = async (work: Promise<unknown>): Promise<string | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => (error instanceof CallError ? error.contractError?.name : String(error)),
  );

describe("Client actions of operators and publishers", () => {
  const market = useMarket();

  it("change and end a subscription, and free its stake once it has unbonded", async () => {
    const { client } = clientOf(market());
    const { taskRegistry, nodeRegistry, atoma, stranger, networkHelpers } = market();
    await client.updateAsk({ taskId: 1n, nodeId: 1n, ask: 9n });
    expect((await taskRegistry.subscriptionOf(1, 1)).ask).to.equal(9n);
    await client.unsubscribe({ taskId: 1n, nodeId: 1n });
    expect((await taskRegistry.subscriptionOf(1, 1)).subscribed).to.equal(false);
    expect(await caught(client.releaseStake({ nodeId: 1n, taskId: 1n }))).to.equal("StillUnbonding");
    await networkHelpers.time.increase(61 * 86_400);
    await client.releaseStake({ nodeId: 1n, taskId: 1n });
    expect(await nodeRegistry.freeStake(1)).to.equal(parseEther("10000"));
    const to = stranger.address as `0x${string}`;
    await client.withdrawStake({ nodeId: 1n, to, amount: parseEther("9999") });
    expect(await atoma.balanceOf(to)).to.equal(parseEther("9999"));
    expect(await caught(client.withdrawStake({ nodeId: 1n, to, amount: parseEther("2") }))).to.equal(
      "InsufficientStake",
    );
  });

  it("rotate a signer with its consent, and set an endpoint", async () => {
    const { client, context } = clientOf(market());
    const key = labelledKey("rotated by the sdk");
    const owner = context.walletClient.account.address;
    const { nodeRegistry } = context.deployment;
    const consent = await key.signTypedData(
      signerConsentData(localChainId, nodeRegistry, { owner, deadline: farFutureS }),
    );
    await client.rotateSigner({ nodeId: 1n, signer: key.address, consentDeadlineS: farFutureS, consent });
    expect((await market().nodeRegistry.nodeOf(1)).signer).to.equal(key.address);
    await client.setEndpoint({ nodeId: 1n, endpoint: "https://example.org" });
    expect((await market().nodeRegistry.nodeOf(1)).endpoint).to.equal("https://example.org");
  });

  it("deprecate a task, only by its publisher", async () => {
    expect(await caught(clientOf(market()).client.deprecateTask({ taskId: 1n }))).to.equal("NotPublisher");
    await clientOf(market(), market().world.deployer).client.deprecateTask({ taskId: 1n });
    expect(await market().escrow.taskWord(1)).to.equal(0n);
  });

  it("dispute a settled result by a bond, once", async () => {
    const { client, context } = clientOf(market());
    const { world, nodes, token, requester, disputes } = market();
    const owner = context.walletClient.account.address;
    await token.connect(requester).transfer(owner, 10n ** 12n);
    await client.deposit({ amount: 10n ** 12n });
    const made = await client.request({ taskId: 1n, units: 100n, maxAsk: 10n, k: 5n, input: stringToHex("q") });
    await post(market(), made);
    await settle(market(), await settlementOf(world, nodes, made, { output: "0x12" }));
    const settled = (await lifeEvents(context, made)).find(({ type }) => type === "settled");
    if (settled?.type !== "settled") throw new Error("not settled");
    const dispute = { words: made.words, digest: settled.digest, head: settled.head };
    const address = (await disputes.getAddress()) as `0x${string}`;
    await client.openDisputeByBond(address, { ...dispute, settler: zeroAddress });
    expect((await disputes.caseOf(made.requestId))[0]).to.not.equal(0n);
    expect(await caught(client.openDisputeByBond(address, dispute))).to.equal("AlreadyDisputed");
  });
});
