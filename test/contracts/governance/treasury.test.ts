import { expect } from "chai";
import { impersonate } from "../../helpers/impersonate.ts";
import { useGovernedMarket } from "../../helpers/governed.ts";
import { enact, proposalOf } from "../../helpers/proposals.ts";
import { makeRandom } from "../../helpers/random.ts";

const day = 86_400n;
const tokens = 10n ** 18n;

describe("Treasury", () => {
  const market = useGovernedMarket({ nodes: 0 });
  const funds = 1_000n * tokens;

  /** The treasury with some ATOMA, called by the timelock. */
  const funded = async () => {
    const m = market();
    await m.atoma.connect(m.deployer).transfer(m.governance.treasury, funds);
    const timelock = await impersonate(m, m.governance.timelock);
    return { ...m, vault: m.treasuryContract.connect(timelock), now: BigInt(await m.networkHelpers.time.latest()) };
  };

  it("grants what it holds to whom a proposal names, and no more", async () => {
    const m = await funded();
    const grant = (amount: bigint) =>
      m.vault.interface.encodeFunctionData("grant", [m.world.atoma, m.stranger.address, amount]);
    await expect(m.vault.grant(m.world.atoma, m.stranger, funds + 1n))
      .to.be.revertedWithCustomError(m.vault, "InsufficientFunds")
      .withArgs(m.world.atoma, funds, funds + 1n);
    await enact(m, proposalOf("A grant", [m.governance.treasury, grant(funds)]));
    expect(await m.atoma.balanceOf(m.stranger)).to.equal(funds);
  });

  it("gives nothing to nobody, nor to itself", async () => {
    const m = await funded();
    for (const to of [`0x${"00".repeat(20)}`, m.governance.treasury]) {
      await expect(m.vault.grant(m.world.atoma, to, 1n))
        .to.be.revertedWithCustomError(m.vault, "InvalidReceiver")
        .withArgs(to);
      await expect(m.vault.createStream(m.world.atoma, to, 1n, m.now, m.now + day)).to.be.revertedWithCustomError(
        m.vault,
        "InvalidReceiver",
      );
    }
    await m.vault.createStream(m.world.atoma, m.stranger, 1n, m.now, m.now + day);
    for (const to of [`0x${"00".repeat(20)}`, m.governance.treasury]) {
      await expect(m.treasuryContract.connect(m.stranger).changeRecipient(0n, to))
        .to.be.revertedWithCustomError(m.vault, "InvalidReceiver")
        .withArgs(to);
    }
  });

  it("streams evenly, to the unit, whoever asks for the payment", async () => {
    const m = await funded();
    const start = m.now + 100n;
    await m.vault.createStream(m.world.atoma, m.stranger, 1_000n, start, start + 1_000n);
    const payAt = async (time: bigint) => {
      await m.networkHelpers.time.setNextBlockTimestamp(time);
      return m.treasuryContract.connect(m.requester).payStream(0n);
    };
    await expect(payAt(start)).to.be.revertedWithCustomError(m.vault, "NothingAccrued").withArgs(0n);
    await expect(payAt(start + 1n))
      .to.emit(m.vault, "StreamPaid")
      .withArgs(0n, m.stranger.address, 1n);
    await expect(payAt(start + 400n))
      .to.emit(m.vault, "StreamPaid")
      .withArgs(0n, m.stranger.address, 399n);
    await expect(payAt(start + 5_000n))
      .to.emit(m.vault, "StreamPaid")
      .withArgs(0n, m.stranger.address, 600n);
    expect(await m.atoma.balanceOf(m.stranger)).to.equal(1_000n);
    expect(await m.vault.promised(m.world.atoma)).to.equal(0n);
    await expect(payAt(start + 6_000n)).to.be.revertedWithCustomError(m.vault, "NothingAccrued");
  });

  it("promises nothing twice: what streams hold cannot be granted or streamed again", async () => {
    const m = await funded();
    await m.vault.createStream(m.world.atoma, m.stranger, funds - 10n, m.now, m.now + day);
    const attempts = [
      () => m.vault.grant(m.world.atoma, m.owner, 11n),
      () => m.vault.createStream(m.world.atoma, m.owner, 11n, m.now, m.now + day),
    ];
    for (const attempt of attempts) {
      await expect(attempt())
        .to.be.revertedWithCustomError(m.vault, "InsufficientFunds")
        .withArgs(m.world.atoma, 10n, 11n);
    }
    await m.vault.grant(m.world.atoma, m.owner, 10n);
  });

  it("ends a stream without taking back what has accrued", async () => {
    const m = await funded();
    await m.vault.createStream(m.world.atoma, m.stranger, 1_000n, m.now, m.now + 1_000n);
    await m.networkHelpers.time.setNextBlockTimestamp(m.now + 300n);
    await expect(m.vault.endStream(0n)).to.emit(m.vault, "StreamEnded").withArgs(0n, 300n);
    expect(await m.vault.available(m.world.atoma)).to.equal(funds - 300n);
    await expect(m.vault.endStream(0n)).to.be.revertedWithCustomError(m.vault, "StreamIsOver");
    await m.networkHelpers.time.increase(day);
    await m.treasuryContract.connect(m.requester).payStream(0n);
    expect(await m.atoma.balanceOf(m.stranger)).to.equal(300n);
    await m.vault.grant(m.world.atoma, m.owner, funds - 300n);
  });

  it("ends a stream before its start with nothing owed", async () => {
    const m = await funded();
    await m.vault.createStream(m.world.atoma, m.stranger, 1_000n, m.now + day, m.now + 2n * day);
    await m.vault.endStream(0n);
    const { total, start, end } = await m.vault.streamOf(0n);
    expect([total, end]).to.deep.equal([0n, BigInt(await m.networkHelpers.time.latest())]);
    expect(start <= end, "a stream never ends before it starts").to.equal(true);
    expect(await m.vault.available(m.world.atoma)).to.equal(funds);
    await expect(m.vault.payStream(0n)).to.be.revertedWithCustomError(m.vault, "NothingAccrued");
  });

  it("refuses streams that are empty, backwards, too long, or far away", async () => {
    const m = await funded();
    const year = 365n * day;
    const bad = [
      [0n, m.now, m.now + day],
      [1n, m.now, m.now],
      [1n, m.now + 2n, m.now + 1n],
      [1n, m.now, m.now + 10n * year + 1n],
      [1n, m.now - year - 100n, m.now + day],
      [1n, m.now + year + 100n, m.now + year + day],
    ] as const;
    for (const [total, start, end] of bad) {
      await expect(m.vault.createStream(m.world.atoma, m.stranger, total, start, end))
        .to.be.revertedWithCustomError(m.vault, "InvalidStream")
        .withArgs(total, start, end);
    }
    await expect(m.vault.payStream(7n)).to.be.revertedWithCustomError(m.vault, "UnknownStream").withArgs(7n);
  });

  it("lets a recipient, and nobody else, name another", async () => {
    const m = await funded();
    await m.vault.createStream(m.world.atoma, m.stranger, 1_000n, m.now, m.now + 1_000n);
    await expect(m.vault.changeRecipient(0n, m.owner)) // not even governance
      .to.be.revertedWithCustomError(m.vault, "NotRecipient")
      .withArgs(0n, m.governance.timelock);
    await m.treasuryContract.connect(m.stranger).changeRecipient(0n, m.owner);
    await m.networkHelpers.time.increase(2_000n);
    await m.treasuryContract.payStream(0n);
    expect(await m.atoma.balanceOf(m.owner)).to.equal(1_000n);
  });

  it("takes fees out of the escrow at anybody's call", async () => {
    const m = market();
    await m.escrow.connect(m.requester).transfer(m.governance.treasury, 500n);
    await m.treasuryContract.connect(m.stranger).pullFees(m.instance.escrow, 500n);
    expect(await m.token.balanceOf(m.governance.treasury)).to.equal(500n);
  });

  it("owes exactly what its streams have promised, through any order of calls (TRE-1)", async () => {
    const m = await funded();
    const { below } = makeRandom(0x7ea5);
    const random = (limit: bigint): bigint => BigInt(below(Number(limit)));
    for (let step = 0; step < 120; step++) {
      const count = await m.vault.streamCount();
      const now = BigInt(await m.networkHelpers.time.latest());
      const streamId = count === 0n ? 0n : random(count);
      const kind = random(6n);
      const attempt =
        kind < 2n
          ? m.vault.createStream(
              m.world.atoma,
              m.stranger,
              random(50n) * tokens,
              now - 10n + random(20n),
              now + random(3_000n),
            )
          : kind === 2n
            ? m.vault.endStream(streamId)
            : kind === 3n
              ? m.vault.grant(m.world.atoma, m.owner, random(60n) * tokens)
              : m.vault.payStream(streamId);
      await attempt.catch((error: unknown) => {
        if (!String(error).includes("reverted")) throw error;
      });
      if (random(4n) === 0n) await m.networkHelpers.time.increase(random(500n) + 1n);
      let owed = 0n;
      for (let id = 0n; id < (await m.vault.streamCount()); id++) {
        const { total, paid } = await m.vault.streamOf(id);
        expect(paid <= total).to.equal(true);
        owed += total - paid;
      }
      expect(await m.vault.promised(m.world.atoma), `after step ${step}`).to.equal(owed);
      expect((await m.atoma.balanceOf(m.governance.treasury)) >= owed).to.equal(true);
    }
    await m.networkHelpers.time.increase(day);
    for (let id = 0n; id < (await m.vault.streamCount()); id++) {
      if ((await m.vault.accrued(id)) > 0n) await m.vault.payStream(id);
    }
    expect(await m.vault.promised(m.world.atoma)).to.equal(0n);
    const [held, streamed, granted] = await Promise.all(
      [m.governance.treasury, m.stranger, m.owner].map((account) => m.atoma.balanceOf(account)),
    );
    expect((held ?? 0n) + (streamed ?? 0n) + (granted ?? 0n)).to.equal(funds);
    expect(streamed).to.not.equal(0n);
  });
});
