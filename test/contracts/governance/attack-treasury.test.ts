import { expect } from "chai";
import type { BaseContract, ContractTransactionResponse } from "ethers";
import { day, useGovernedMarket } from "../../helpers/governed.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { tokenMoods, worldOfEvilToken } from "../../helpers/token-world.ts";

const funds = 10_000n;
const total = 1_000n;

describe("Treasury under attack", () => {
  const market = useGovernedMarket({ nodes: 0, make: worldOfEvilToken(6) });

  /**
   * A treasury with 10,000 of the payment token, which misbehaves as it is told, and of ATOMA. Of each it streams 1,000:
   * stream 0 is in the payment token to a contract that calls back, stream 1 in ATOMA to the stranger.
   */
  async function besieged() {
    const m = market();
    const { treasuryContract: treasury, governance, atoma, world } = m;
    const token = await m.ethers.getContractAt("EvilToken", world.paymentToken);
    const partner = await m.ethers.deployContract("EvilCounterparty");
    await token.mint(treasury, funds);
    await atoma.connect(m.deployer).transfer(treasury, funds);
    const timelock = await impersonate(m, governance.timelock);
    const start = BigInt(await m.networkHelpers.time.latest());
    await treasury.connect(timelock).createStream(token, partner, total, start, start + day);
    await treasury.connect(timelock).createStream(atoma, m.stranger, total, start, start + day);
    await m.networkHelpers.time.increaseTo(start + day / 2n); // half of each has accrued
    return { ...m, treasury, token, partner, timelock, start };
  }
  type Besieged = Awaited<ReturnType<typeof besieged>>;

  /** Everything that an attacker may try on the treasury from within a call of the treasury's, and how it ends there. */
  function tries({ treasury, governance, partner, atoma, authority, stranger, start, instance }: Besieged) {
    const call = treasury.interface.encodeFunctionData.bind(treasury.interface);
    const grant = call("grant", [governance.emissions, stranger.address, 1n]);
    const [loot, end] = [[atoma.target, partner.target, 1n] as const, start + day];
    const at = (data: string) => ({ target: treasury.target, data });
    return [
      [at(call("grant", [...loot])), "AccessManagedUnauthorized"],
      [at(call("createStream", [...loot, start, end])), "AccessManagedUnauthorized"],
      [at(call("endStream", [1n])), "AccessManagedUnauthorized"],
      [at(call("changeRecipient", [1n, partner.target])), "NotRecipient"],
      [at(call("setAuthority", [partner.target])), "AccessManagedUnauthorized"],
      [
        {
          target: authority.target,
          data: authority.interface.encodeFunctionData("execute", [treasury.target, grant]),
        },
        "AccessManagerUnauthorizedCall",
      ],
      [
        {
          target: atoma.target,
          data: atoma.interface.encodeFunctionData("transferFrom", [governance.treasury, partner.target, 1n]),
        },
        "ERC20InsufficientAllowance",
      ],
      [at(call("pullFees", [partner.target, 1n])), ""], // its own, and empty
      [at(call("pullFees", [instance.escrow, 1n])), "InsufficientBalance"],
    ] as const;
  }

  /** What the calls of a script came to: the name of an error, or an empty text. */
  async function outcomes(m: Besieged, by: BaseContract, sent: ContractTransactionResponse): Promise<string[]> {
    const guarded = await m.ethers.getContractAt("EscrowAccounts", m.escrow);
    const known = [m.treasury, m.authority, m.atoma, m.escrow, guarded];
    const receipt = await sent.wait();
    const entered = (receipt?.logs ?? []).filter(({ address }) => address === by.target);
    return entered
      .map((log) => by.interface.parseLog(log))
      .filter((log) => log?.name === "Reentered")
      .map((log) => {
        if (log?.args["success"] === true) return "";
        const selector = String(log?.args["result"]);
        return known.map((one) => one.interface.getError(selector)?.name).find(Boolean) ?? selector;
      });
  }

  const paidOf = async ({ treasury }: Besieged, streamId: bigint) => (await treasury.streamOf(streamId)).paid;

  /** The treasury's money, both tokens: what left it is what its streams and grants say, and each promise is covered. */
  async function expectBooks(m: Besieged, granted = 0n): Promise<void> {
    const { treasury, token, atoma } = m;
    const [first, second] = [await paidOf(m, 0n), await paidOf(m, 1n)];
    expect(await token.balanceOf(treasury), "payment token").to.equal(funds - first - granted);
    expect(await treasury.promised(token)).to.equal(total - first);
    expect(await treasury.available(token)).to.equal(funds - total - granted);
    expect(await atoma.balanceOf(treasury), "ATOMA").to.equal(funds - second);
    expect(await treasury.promised(atoma)).to.equal(total - second);
    expect(await treasury.available(atoma)).to.equal(funds - total);
  }

  const pulls = {
    escrow: (m: Besieged) => m.treasury.connect(m.settler).pullFees(m.partner, 10n ** 30n),
    "node registry": (m: Besieged) => m.treasury.connect(m.settler).pullAwards(m.partner, 10n ** 30n),
  };
  for (const [name, pull] of Object.entries(pulls)) {
    it(`gives nothing to a stranger's ${name} that pays nothing and calls back: it can do what everybody can`, async () => {
      const m = await besieged();
      const pay = (id: bigint) => m.treasury.interface.encodeFunctionData("payStream", [id]);
      const plan = [
        ...tries(m),
        [{ target: m.treasury.target, data: pay(0n) }, ""],
        [{ target: m.treasury.target, data: pay(0n) }, "NothingAccrued"],
        [{ target: m.treasury.target, data: pay(1n) }, ""],
      ] as const;
      await m.partner.setScript(plan.map(([step]) => step));
      const before = await m.atoma.balanceOf(m.stranger);
      expect(await outcomes(m, m.partner, await pull(m))).to.deep.equal(plan.map(([, end]) => end));
      expect(await m.token.balanceOf(m.partner)).to.equal(total / 2n);
      expect((await m.atoma.balanceOf(m.stranger)) - before).to.equal(total / 2n); // to whom it belongs
      expect(await m.atoma.balanceOf(m.partner)).to.equal(0n);
      await expectBooks(m);
    });
  }

  it("pays a stream once, however often its recipient asks again while it is paid", async () => {
    const m = await besieged();
    const { treasury, token, partner } = m;
    const call = treasury.interface.encodeFunctionData.bind(treasury.interface);
    const plan = [
      ...tries(m),
      [{ target: treasury.target, data: call("payStream", [0n]) }, "NothingAccrued"],
      [{ target: treasury.target, data: call("changeRecipient", [0n, m.settler.address]) }, ""],
      [{ target: treasury.target, data: call("payStream", [0n]) }, "NothingAccrued"],
    ] as const;
    await partner.setScript(plan.map(([step]) => step));
    await token.setMood(tokenMoods.reentering); // tells the recipient before the money moves, and after
    await token.setScript(partner, [partner.interface.encodeFunctionData("onPayment")]);
    const got = await outcomes(m, partner, await treasury.payStream(0n));
    const ends = plan.map(([, end]) => end);
    expect(got.slice(0, ends.length)).to.deep.equal(ends);
    expect(got.slice(ends.length)).to.deep.equal(ends.with(-2, "NotRecipient")); // no more
    const accrued = await paidOf(m, 0n);
    expect(await token.balanceOf(partner)).to.equal(accrued);
    expect(await token.balanceOf(m.settler)).to.equal(0n); // the new recipient gets what accrues from now on
    await expectBooks(m);
  });

  it("grants once through a token that calls back, even where a proposal goes by the access manager", async () => {
    const m = await besieged();
    const { treasury, token, partner, authority, timelock } = m;
    const data = treasury.interface.encodeFunctionData("grant", [token.target, m.settler.address, 100n]);
    const again = {
      target: authority.target,
      data: authority.interface.encodeFunctionData("execute", [treasury.target, data]),
    };
    const plan = [
      ...tries(m),
      [again, "AccessManagerUnauthorizedCall"],
      [{ target: treasury.target, data }, "AccessManagedUnauthorized"],
    ] as const;
    await partner.setScript(plan.map(([step]) => step));
    await token.setMood(tokenMoods.reentering);
    await token.setScript(partner, [partner.interface.encodeFunctionData("onPayment")]);
    const ends = plan.map(([, end]) => end);
    const sent = await authority.connect(timelock).execute(treasury, data);
    expect(await outcomes(m, partner, sent)).to.deep.equal([...ends, ...ends]);
    expect(await token.balanceOf(m.settler)).to.equal(100n);
    await expectBooks(m, 100n);
  });

  it("takes fees of a real escrow once, whose token calls back in the middle", async () => {
    const m = await besieged();
    const { treasury, token, escrow } = m;
    await escrow.connect(m.requester).transfer(treasury, 500n);
    const call = treasury.interface.encodeFunctionData.bind(treasury.interface);
    await token.setMood(tokenMoods.reentering);
    await token.setScript(treasury, [call("pullFees", [escrow.target, 500n]), call("payStream", [0n])]);
    const held = await token.balanceOf(treasury);
    const got = await outcomes(m, token, await treasury.connect(m.settler).pullFees(escrow, 500n));
    const again = ["ReentrancyGuardReentrantCall", "NothingAccrued"]; // within the stream's payment, and after the fees'
    expect(got).to.deep.equal(["ReentrancyGuardReentrantCall", ...again, ...again, "", ...again]);
    expect((await escrow.accountOf(treasury)).balance).to.equal(0n);
    const paid = await paidOf(m, 0n);
    expect(paid).to.equal(total / 2n);
    expect(await token.balanceOf(m.partner)).to.equal(paid);
    expect(await token.balanceOf(treasury)).to.equal(held + 500n - paid);
    expect(await treasury.promised(token)).to.equal(total - paid);
  });

  it("owes on what a token refused to move, be it by an error or by false", async () => {
    const m = await besieged();
    const { treasury, token, timelock } = m;
    const refusals = [
      [tokenMoods.returningFalse, treasury, "SafeERC20FailedOperation"],
      [tokenMoods.reverting, token, "AsTold"],
    ] as const;
    for (const [mood, contract, error] of refusals) {
      await token.setMood(mood);
      for (const attempt of [
        () => treasury.payStream(0n),
        () => treasury.connect(timelock).grant(token, m.settler, 1n),
      ]) {
        await expect(attempt()).to.be.revertedWithCustomError(contract, error);
      }
      expect(await paidOf(m, 0n)).to.equal(0n);
      await expectBooks(m);
    }
    await treasury.payStream(1n); // one bad token keeps no other from being paid
    await token.setMood(tokenMoods.standard);
    await m.networkHelpers.time.increase(day);
    await treasury.payStream(0n);
    expect(await token.balanceOf(m.partner)).to.equal(total);
    await expectBooks(m);
  });

  it("counts what a token that takes a fee leaves it, and loses no more than it pays", async () => {
    const m = await besieged();
    const { treasury, token, timelock, escrow } = m;
    await token.setMood(tokenMoods.takingFee);
    await m.networkHelpers.time.increase(day);
    await treasury.payStream(0n);
    expect(await token.balanceOf(m.partner)).to.equal(total - total / 100n);
    await expectBooks(m);
    await escrow.connect(m.requester).transfer(treasury, 500n);
    await treasury.pullFees(escrow, 500n);
    const free = funds - total + 495n;
    expect(await treasury.available(token)).to.equal(free);
    await expect(treasury.connect(timelock).grant(token, m.settler, free + 1n))
      .to.be.revertedWithCustomError(treasury, "InsufficientFunds")
      .withArgs(token, free, free + 1n);
  });

  it("goes on where a token took money away: it promises and grants nothing of it, and pays others", async () => {
    const m = await besieged();
    const { treasury, token, timelock, world } = m;
    const vault = await impersonate(m, await treasury.getAddress());
    await token.connect(vault).transfer(world.paymentToken, funds - 100n); // a token can do as it likes with its balances
    expect(await treasury.available(token)).to.equal(0n);
    await expect(treasury.connect(timelock).grant(token, m.settler, 1n))
      .to.be.revertedWithCustomError(treasury, "InsufficientFunds")
      .withArgs(token, 0n, 1n);
    await expect(treasury.payStream(0n)).to.be.revertedWithCustomError(token, "InsufficientBalance");
    await treasury.connect(timelock).endStream(0n);
    await treasury.payStream(1n);
    expect(await m.atoma.balanceOf(treasury)).to.equal(funds - (await paidOf(m, 1n)));
    await treasury.connect(timelock).grant(m.atoma, m.settler, funds - total);
  });
});
