import { expect } from "chai";
import { getAddress, type Hex, parseEther } from "viem";
import { publishSnapshot } from "../../deploy/local/nodes.ts";
import { labelledKey, localChainId, walletOf } from "../../deploy/local/world.ts";
import { type AtomaClient, createAtomaClient } from "../../sdk/client/create-client.ts";
import { type NamedDeployment, parseDeployments } from "../../sdk/client/instances.ts";
import { lockUp } from "../../sdk/money/lock.ts";
import { expectBalancedBooks, expectStakeAccounted } from "../helpers/books.ts";
import {
  appealWindowS,
  conflict,
  convene,
  decide,
  evidenceOf,
  lie,
  type Scene,
  stage,
  truth,
  waitPast,
} from "../helpers/disputes.ts";
import { forge } from "../helpers/forge.ts";
import { ask, askAndPost, balanceIn, type Market, openMarket, settle, startingBalance } from "../helpers/market.ts";
import {
  challenge,
  conclude,
  dear,
  earningsOf,
  finalize,
  nodeAt,
  sevenJurors,
  stageLie,
  stakePerNode,
} from "../helpers/trial.ts";

const poolSize = 14;
const windowS = 3_000n;
const panelTimeS = 2n * windowS;
const challengeWindowS = 3_000n;
const disputeWindowS = 7_200n;
const punishWindowS = 7_200n;
const stakeMoved = parseEther("9000");
const publisherBond = 10n ** 18n;
const slots = { settled: 0n, recorded: 1n, open: 2n, disputed: 3n };

/** What is under way in the old instance when its nodes begin to leave. */
type Open = Record<"settled" | "recorded" | "open" | "disputed", Scene>;

/** The record of both, as a deployment file would hold it. */
const recordOf = (markets: Readonly<Record<string, Market>>) => ({
  instances: Object.fromEntries(
    Object.entries(markets).map(([name, { instance, world }]) => {
      const { escrow, nodeRegistry, taskRegistry, beacon, authority } = instance;
      const tokens = { token: world.paymentToken, atoma: world.atoma };
      const place = { chainId: Number(localChainId), deployedAtBlock: 0 };
      return [name, { ...place, escrow, nodeRegistry, taskRegistry, beacon, authority, ...tokens }];
    }),
  ),
});

describe("A second version beside the first", function () {
  this.timeout(180_000);
  let old: Market;
  let fresh: Market;
  let deployments: readonly NamedDeployment[];
  let open: Open;

  before(async () => {
    old = await openMarket({
      nodes: poolSize,
      task: { window: Number(windowS) },
      adjust: (p) => ({
        ...p,
        parameters: { ...p.parameters, disputeWindow: Number(disputeWindowS), beaconTimeout: 3_600 },
        disputeParameters: { ...p.disputeParameters, punishWindow: Number(punishWindowS) },
      }),
    });
  });

  const clientOf = (name: string, account: string): AtomaClient => {
    const { connection, world } = old;
    const deployment = deployments.find((one) => one.name === name)?.deployment;
    if (deployment === undefined) throw new Error(`There is no instance ${name}.`);
    const walletClient = walletOf(connection, getAddress(account));
    return createAtomaClient({ publicClient: world.chain, walletClient, deployment });
  };
  const everyone = ({ deployer, treasury, owner, requester, settler, stranger }: Market) => [
    ...[deployer, treasury, owner, requester, settler, stranger],
  ];
  const unbondingOf = async (nodeId: bigint) => old.nodeRegistry.unbondingStake(nodeId, old.taskId);

  it("finds the first with requests in every state", async () => {
    const settled = await stageLie(old, 0n, { ...dear, slot: slots.settled });
    const recorded = await stage(old, { challengeWindow: challengeWindowS, slot: slots.recorded }, []);
    await settle(old, recorded.settlement);
    const disputed = await stage(old, { ...dear, slot: slots.disputed });
    await conflict(old, disputed);
    await convene(old, disputed.request, 1);
    open = { settled, recorded, disputed, open: await stage(old, { slot: slots.open }, []) };
    await expectBalancedBooks(old);
  });

  it("is deployed on the same chain, over the same tokens, with contracts of its own", async () => {
    fresh = await openMarket({ nodes: 0, task: { window: Number(windowS) }, beside: old.world });
    deployments = parseDeployments(recordOf({ v1: old, v2: fresh }));
    expect(deployments.map(({ name }) => name)).to.deep.equal(["v1", "v2"]);
    const [first, second] = [new Set(Object.values(old.instance)), new Set(Object.values(fresh.instance))];
    expect(first.size).to.equal(10);
    expect(new Set([...first, ...second]).size).to.equal(20);
    expect(await fresh.escrow.token()).to.equal(await old.escrow.token());
  });

  it("takes the nodes in, under the same keys, while they still serve the first", async () => {
    const { owner } = old;
    const [v1, v2] = [clientOf("v1", owner.address), clientOf("v2", owner.address)];
    for (const [i, { nodeId: former }] of old.nodes.entries()) {
      await v1.withdrawStake({ nodeId: former, to: getAddress(owner.address), amount: stakeMoved }); // free stake
      const signer = labelledKey(`node ${i}`);
      const nodeId = await v2.registerNode({ signer, endpoint: "", consentDeadlineS: 2n ** 40n });
      await v2.stake({ nodeId, amount: stakeMoved });
      await v2.subscribe({ taskId: fresh.taskId, nodeId, ask: 5n });
      fresh.nodes.push({ nodeId, owner: fresh.ownerWallet, signer });
    }
    await publishSnapshot(fresh.world, fresh.taskId);
    expect(await fresh.taskRegistry.poolSize(fresh.taskId)).to.equal(BigInt(poolSize));
    expect(await old.taskRegistry.poolSize(old.taskId)).to.equal(BigInt(poolSize));
  });

  it("takes a requester in with the money that the first does not hold for requests", async () => {
    const { requester } = old;
    const address = getAddress(requester.address);
    const [v1, v2] = [clientOf("v1", address), clientOf("v2", address)];
    const free = await balanceIn(old, address);
    const locks = [open.recorded, open.open, open.disputed].reduce(
      (sum, { request }) => sum + lockUp(request.fields),
      0n,
    );
    expect(free >= startingBalance - locks - 10n ** 9n).to.equal(true);
    const kept = 10n ** 9n; // for the challenger's bond
    await v1.withdraw({ to: address, amount: free - kept });
    await v2.deposit({ amount: free - kept });
    expect(await balanceIn(old, address)).to.equal(kept);
    const made = await v2.request({ taskId: fresh.taskId, units: 100n, maxAsk: 10n, k: 3n, input: "0x1234" });
    expect(made.escrow).to.equal(fresh.instance.escrow);
    const confused = await v1.result(made).catch((error: unknown) => error);
    expect(String(confused)).to.include("use that instance's client");
  });

  it("sees nodes leave the first, whose stake stays there for as long as it can be slashed (STK-2)", async () => {
    const v1 = clientOf("v1", old.owner.address);
    for (const [i, { nodeId }] of old.nodes.entries()) {
      if (i === poolSize - 2) await publishSnapshot(old.world, old.taskId); // too small for panels: those are drawn from older ones
      await v1.unsubscribe({ taskId: old.taskId, nodeId });
    }
    expect(await old.taskRegistry.poolSize(old.taskId)).to.equal(0n);
    for (const { nodeId } of old.nodes) {
      const { amount } = await unbondingOf(nodeId);
      expect(amount).to.equal(stakePerNode);
      await expect(old.nodeRegistry.release(nodeId, old.taskId)).to.be.revertedWithCustomError(
        old.nodeRegistry,
        "StillUnbonding",
      );
    }
  });

  it("ends new requests in the first where the publisher leaves too", async () => {
    await clientOf("v1", old.deployer.address).deprecateTask({ taskId: old.taskId });
    await expect(ask(old, { slot: 9n })).to.be.revertedWithCustomError(old.escrow, "SnapshotStale");
  });

  it("lets the first serve what is open there: it settles, is finalised and paid", async () => {
    await settle(old, open.open.settlement);
    await waitPast(old, BigInt(await old.networkHelpers.time.latest()) + challengeWindowS);
    await finalize(old, open.recorded);
    const paid = new Set([...open.open.members, ...open.recorded.members].map(({ nodeId }) => nodeId));
    for (const nodeId of paid) expect((await earningsOf(old, nodeId)) > 0n).to.equal(true);
  });

  it("lets a dispute end in the first with its slash, and one begin there and end, after the nodes have left", async () => {
    await challenge(old, open.settled);
    const endsAt = (await convene(old, open.settled.request, 1)) + panelTimeS; // the other panel's time ends sooner
    for (const { request } of [open.disputed, open.settled])
      await decide(old, request, { level: 1, digest: truth(request), attesting: sevenJurors });
    await waitPast(old, endsAt + appealWindowS);
    for (const scene of [open.disputed, open.settled]) await conclude(old, scene);
    await settle(old, await forge(old, open.disputed.request, { committed: 0b101n }));
    await punish(open.disputed, 1, lie);
    for (const seat of [0, 1]) await punish(open.settled, seat, open.settled.outcome.digest);
    await waitPast(old, BigInt(await old.networkHelpers.time.latest()) + punishWindowS);
    for (const { request } of [open.disputed, open.settled]) await old.disputes.close(request.words);
    expect(condemned().size >= 2).to.equal(true); // one node can lose both
    for (const { nodeId } of old.nodes)
      expect((await unbondingOf(nodeId)).amount, `node ${nodeId}`).to.equal(
        condemned().has(nodeId) ? 0n : stakePerNode,
      );
  });

  it("serves its own requests meanwhile, also by those who lost their stake in the first", async () => {
    await publishSnapshot(fresh.world, fresh.taskId);
    const request = await askAndPost(fresh, { slot: 5n });
    await expect(settle(fresh, await forge(fresh, request))).to.emit(fresh.escrow, "Settled");
    for (const { nodeId } of fresh.nodes)
      expect(await fresh.nodeRegistry.allocatedStake(nodeId, fresh.taskId)).to.equal(stakePerNode);
  });

  it("leaves nothing in the first once everybody has taken what is theirs", async () => {
    const { deployer, owner, requester, networkHelpers, escrow, nodeRegistry } = old;
    await clientOf("v1", requester.address).release({
      requester: getAddress(requester.address),
      slots: Object.values(slots),
    });
    await clientOf("v1", deployer.address).collectFees(old.taskId);
    const v1 = clientOf("v1", owner.address);
    const earning = await nodesThatEarned();
    for (const nodeId of earning) await v1.claimEarnings(nodeId);
    await networkHelpers.time.increase(disputeWindowS);
    for (const nodeId of earning) await v1.withdrawEarnings(nodeId);
    for (const account of everyone(old)) {
      const amount = await balanceIn(old, account.address);
      if (amount > 0n) await escrow.connect(account).withdraw(account.address, amount);
    }
    await expectBalancedBooks(old);
    expect(await old.token.balanceOf(escrow)).to.equal(0n);
    await networkHelpers.time.increaseTo((await unbondingOf(old.nodes.at(-1)?.nodeId ?? 0n)).releaseAt + 1n);
    for (const { nodeId } of old.nodes) {
      if (condemned().has(nodeId)) continue;
      await v1.releaseStake({ nodeId, taskId: old.taskId });
      await v1.withdrawStake({ nodeId, to: getAddress(owner.address), amount: stakePerNode });
    }
    await expectStakeAccounted(old, publisherBond + (await awards()));
    await takeAwardsAndBond();
    expect(await old.atoma.balanceOf(nodeRegistry)).to.equal(0n);
    await expectBalancedBooks(fresh);
  });

  async function punish({ request, members }: Scene, seat: number, digest: Hex): Promise<void> {
    await old.disputes.punish(request.words, 0, await evidenceOf(old, request, members, seat, { digest }));
  }

  function condemned(): ReadonlySet<bigint> {
    const { settled, disputed } = open;
    return new Set([nodeAt(disputed, 1), nodeAt(settled, 0), nodeAt(settled, 1)]);
  }

  async function nodesThatEarned(): Promise<readonly bigint[]> {
    const all = await Promise.all(
      old.nodes.map(async ({ nodeId }) => ({ nodeId, earned: await earningsOf(old, nodeId) })),
    );
    return all.flatMap(({ nodeId, earned }) => (earned > 0n ? [nodeId] : []));
  }

  const awards = async (): Promise<bigint> => {
    const of = await Promise.all(everyone(old).map(({ address }) => old.nodeRegistry.awardOf(address)));
    return of.reduce((sum, amount) => sum + amount, 0n);
  };

  async function takeAwardsAndBond(): Promise<void> {
    for (const account of everyone(old)) {
      const amount = await old.nodeRegistry.awardOf(account.address);
      if (amount > 0n) await old.nodeRegistry.connect(account).withdrawAward(account.address, amount);
    }
    await old.taskRegistry.connect(old.deployer).returnBond(old.taskId);
  }
});
