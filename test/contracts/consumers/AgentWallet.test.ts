import { expect } from "chai";
import type { AgentWallet } from "../../../types/index.js";
import { answerTo, gasOf, letExpire, reply, termsFor } from "../../helpers/ai.ts";
import { balanceIn, type Market, requestOf, settle, useMarket } from "../../helpers/market.ts";

const gwei = 10n ** 9n;
const limits = { perStep: 100n * gwei, perDay: 250n * gwei, coolDown: 600n, answerTtl: 900n, actionTtl: 300n };
const funds = 10_000n * gwei;
/** What a settlement of ten takes without its callback, at least. */
const settlement = 140_000n;

/** An agent of the requester's that can pay rent to the settler, and a donation or all it has to the stranger. */
async function hireAgent(m: Market): Promise<AgentWallet> {
  const brief = "You keep a small wallet. Pay rent when it is due, otherwise hold.";
  const agent = await m.ethers.deployContract("AgentWallet", [m.escrow, m.requester, termsFor(m), limits, brief]);
  await m.escrow.connect(m.requester).deposit(agent, 10n ** 9n);
  await m.requester.sendTransaction({ to: agent, value: funds });
  await agent.connect(m.requester).setMenu(
    ["rent", "donate", "all"],
    [
      { recipient: m.settler.address, amount: 100n * gwei },
      { recipient: m.stranger.address, amount: 10n * gwei },
      { recipient: m.stranger.address, amount: funds },
    ],
  );
  return agent;
}

const think = (m: Market, agent: AgentWallet) => agent.connect(m.requester).think();
const coolDown = (m: Market) => m.networkHelpers.time.increase(limits.coolDown);

/** A question answered with a text. */
async function decide(m: Market, agent: AgentWallet, text: string) {
  await coolDown(m);
  await m.taskRegistry.publishSnapshot(m.taskId);
  return reply(m, await think(m, agent), { text });
}

describe("AgentWallet", () => {
  const market = useMarket();

  it("pays what ten nodes chose, once, whoever calls", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const { request, settled } = await decide(m, agent, "rent\n");
    expect(request.fields.k).to.equal(10n);
    await expect(settled).to.emit(agent, "StepChosen");
    const acted = agent.connect(m.stranger).act();
    await expect(acted)
      .to.emit(agent, "ActionPaid")
      .withArgs(2n, m.settler, 100n * gwei);
    await expect(acted).to.changeEtherBalance(m.ethers, m.settler, 100n * gwei);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
  });

  it("tells the model the state of the wallet and the labels, and no stranger's words", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const message = Buffer.from((await agent.message()).slice(2), "hex").toString("utf8");
    expect(message).to.equal(
      `${await agent.brief()}\nBalance in wei: ${funds}\nPaid today in wei: 0\n` +
        "Answer with one word out of: hold|rent|donate|all",
    );
  });

  for (const text of [
    "hold",
    "",
    "rent now",
    "Rent",
    "rent|donate",
    "pay 0x000000000000000000000000000000000000dEaD",
    "2",
  ]) {
    it(`holds when the answer is "${text}"`, async () => {
      const m = market();
      const agent = await hireAgent(m);
      const { request, settled } = await decide(m, agent, text);
      await expect(settled).to.emit(agent, "StepHeld").withArgs(request.requestId);
      await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
    });
  }

  it("holds when the model fails, or nobody answers", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const { settled } = await reply(m, await think(m, agent), { status: 3n });
    await expect(settled).to.emit(agent, "StepHeld");
    await coolDown(m);
    const asked = await think(m, agent);
    const before = await balanceIn(m, await agent.getAddress());
    const { requestId, fields } = await letExpire(m, asked);
    await expect(agent.connect(m.stranger).close(requestId)).to.emit(agent, "StepHeld").withArgs(requestId);
    expect((await balanceIn(m, await agent.getAddress())) > before, `${fields.k}`).to.equal(true);
    await expect(think(m, agent)).to.emit(agent, "QuestionAsked");
  });

  it("cannot be drained by answers: a step's and a day's limits hold", async () => {
    const m = market();
    const agent = await hireAgent(m);
    await decide(m, agent, "all");
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "LimitReached").withArgs(funds, limits.perStep);
    let paid = 0n;
    for (let i = 0; i < 4; i++) {
      await decide(m, agent, "rent");
      const acted = await agent.act().catch(() => undefined);
      if (acted !== undefined) paid += 100n * gwei;
    }
    expect(paid).to.equal(200n * gwei); // 250 a day do not hold three times 100
    await decide(m, agent, "rent");
    await expect(agent.act())
      .to.be.revertedWithCustomError(agent, "LimitReached")
      .withArgs(100n * gwei, 50n * gwei);
    await m.networkHelpers.time.increase(86_400);
    await m.taskRegistry.publishSnapshot(m.taskId);
    await decide(m, agent, "rent");
    await expect(agent.act()).to.emit(agent, "ActionPaid");
  });

  it("lets only the owner and the keeper spend its money by asking, no oftener than it cools down", async () => {
    const m = market();
    const agent = await hireAgent(m);
    await expect(agent.connect(m.stranger).think()).to.be.revertedWithCustomError(agent, "OnlyKeeper");
    await agent.connect(m.requester).setKeeper(m.settler);
    await reply(m, await agent.connect(m.settler).think(), { text: "hold" });
    await expect(agent.connect(m.settler).think()).to.be.revertedWithCustomError(agent, "CoolingDown");
    await coolDown(m);
    await agent.connect(m.settler).think();
    await coolDown(m);
    await expect(agent.connect(m.settler).think()).to.be.revertedWithCustomError(agent, "StepOpen");
  });

  it("ignores an answer that comes too late, or to an older question", async () => {
    const m = market();
    const agent = await hireAgent(m);
    await agent.connect(m.requester).setLimits({ ...limits, answerTtl: 20n, coolDown: 0n });
    const first = await requestOf(m, await think(m, agent));
    const late = await answerTo(m, first, { text: "rent" });
    await m.networkHelpers.time.increase(25);
    const second = await requestOf(m, await think(m, agent));
    await expect(settle(m, late)).not.to.emit(agent, "StepChosen");
    expect((await agent.lastStep()).requestId).to.equal(second.requestId);
    const answer = await answerTo(m, second, { text: "rent" });
    await m.networkHelpers.time.increase(25);
    await expect(settle(m, answer)).to.emit(agent, "StepHeld").withArgs(second.requestId);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
  });

  it("drops a choice that is stale, whose menu changed, or after a stop", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const owned = agent.connect(m.requester);
    await decide(m, agent, "rent");
    await m.networkHelpers.time.increase(limits.actionTtl + 1n);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
    await decide(m, agent, "rent");
    await owned.setMenu(["thief"], [{ recipient: m.stranger.address, amount: 1n }]);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
    await coolDown(m);
    const asked = await think(m, agent);
    await owned.setStopped(true);
    await reply(m, asked, { text: "thief" });
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "IsStopped");
    await expect(think(m, agent)).to.be.revertedWithCustomError(agent, "IsStopped");
    await owned.setStopped(false);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "NothingChosen");
  });

  it("pays a recipient that calls back or refuses no more than its payment", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const evil = await m.ethers.deployContract("EvilRecipient", [agent]);
    await agent.connect(m.requester).setMenu(["rent"], [{ recipient: await evil.getAddress(), amount: 100n * gwei }]);
    await decide(m, agent, "rent");
    await expect(agent.act()).to.emit(evil, "Reentered").withArgs(false);
    expect(await m.ethers.provider.getBalance(evil)).to.equal(100n * gwei);
    await decide(m, agent, "rent");
    await evil.setRefusing(true);
    await expect(agent.act()).to.be.revertedWithCustomError(agent, "PaymentFailed");
    await evil.setRefusing(false);
    await agent.act(); // the choice was not lost
    expect(await m.ethers.provider.getBalance(evil)).to.equal(200n * gwei);
  });

  it("obeys its owner alone, who can take everything out", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const strange = agent.connect(m.stranger);
    for (const call of [
      () => strange.setMenu([], []),
      () => strange.setLimits(limits),
      () => strange.setKeeper(m.stranger),
      () => strange.setStopped(true),
      () => strange.withdraw(m.stranger, 1n),
      () => strange.withdrawFromEscrow(m.stranger, 1n),
    ])
      await expect(call()).to.be.revertedWithCustomError(agent, "OnlyOwner").withArgs(m.stranger);
    const owned = agent.connect(m.requester);
    await expect(owned.withdraw(m.settler, funds)).to.changeEtherBalance(m.ethers, m.settler, funds);
    await owned.withdrawFromEscrow(m.settler, 10n ** 9n);
    expect(await m.token.balanceOf(m.settler)).to.equal(10n ** 9n);
    for (const [labels, at] of [
      [["hold"], 0n],
      [["rent", "rent"], 1n],
      [["rent "], 0n],
      [["a|b"], 0n],
      [[""], 0n],
      [["Rent"], 0n],
    ] as const) {
      const action = { recipient: m.settler.address, amount: 1n };
      const set = owned.setMenu(
        [...labels],
        labels.map(() => action),
      );
      await expect(set).to.be.revertedWithCustomError(agent, "InvalidMenu").withArgs(at);
    }
    await expect(owned.setMenu(["a"], []))
      .to.be.revertedWithCustomError(agent, "InvalidMenu")
      .withArgs(1n);
  });

  it("needs no more than two thirds of the gas of its callback for the longest menu", async () => {
    const m = market();
    const agent = await hireAgent(m);
    const labels = Array.from({ length: 16 }, (_, i) => String.fromCharCode(97 + i).repeat(32));
    const actions = labels.map(() => ({ recipient: m.stranger.address, amount: 1n }));
    await agent.connect(m.requester).setMenu(labels, actions);
    await coolDown(m);
    const asked = await think(m, agent);
    const { callbackGas } = (await requestOf(m, asked)).fields;
    const text = `${" ".repeat(48)}${"p".repeat(32)}${" ".repeat(48)}`;
    const { settled } = await reply(m, asked, { text });
    await expect(settled).to.emit(agent, "StepChosen");
    const gas = await gasOf(settled);
    console.log(`      agent: ask ${await gasOf(asked)}, settle with callback and the longest menu ${gas}`);
    expect(gas < settlement + (callbackGas * 2n) / 3n, `${gas}`).to.equal(true);
  });
});
