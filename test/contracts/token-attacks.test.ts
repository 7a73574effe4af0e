import { expect } from "chai";
import { Signature } from "ethers";
import { committeeOf } from "../../deploy/local/committee.ts";
import { decodeNodeWord } from "../../sdk/words/node-word.ts";
import { expectBalancedBooks } from "../helpers/books.ts";
import { forge } from "../helpers/forge.ts";
import { askAndPost, balanceIn, selectorOf, settle, startingBalance, useMarket } from "../helpers/market.ts";
import { tokenMoods, worldOfEvilToken } from "../helpers/token-world.ts";

const amount = 1_000_000n;

describe("A payment token", () => {
  const market = useMarket({ task: { window: 3_000 }, make: worldOfEvilToken(6) });
  const evil = () => market().ethers.getContractAt("EvilToken", market().world.paymentToken);

  for (const [name, mood, received] of [
    ["takes a fee on transfers", tokenMoods.takingFee, amount - amount / 100n],
    ["gives more than was sent", tokenMoods.givingBonus, amount + amount / 100n],
  ] as const) {
    it(`that ${name} cannot be deposited, and credits nobody`, async () => {
      const m = market();
      await (await evil()).setMood(mood);
      await expect(m.escrow.connect(m.requester).deposit(m.stranger.address, amount))
        .to.be.revertedWithCustomError(m.escrow, "TransferMismatch")
        .withArgs(amount, received);
      expect(await balanceIn(m, m.stranger.address)).to.equal(0n);
      expect(await m.token.balanceOf(m.escrow)).to.equal(startingBalance);
    });
  }

  it("that returns false moves nothing in or out", async () => {
    const m = market();
    const safe = await m.ethers.getContractAt("EscrowAccounts", m.escrow);
    await (await evil()).setMood(tokenMoods.returningFalse);
    await expect(m.escrow.connect(m.requester).deposit(m.stranger.address, amount))
      .to.be.revertedWithCustomError(safe, "SafeERC20FailedOperation")
      .withArgs(m.token);
    await expect(m.escrow.connect(m.requester).withdraw(m.stranger.address, amount)).to.be.revertedWithCustomError(
      safe,
      "SafeERC20FailedOperation",
    );
    expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance);
  });

  it("that returns nothing is paid in and out like any other", async () => {
    const m = market();
    await (await evil()).setMood(tokenMoods.returningNothing);
    await expect(m.escrow.connect(m.requester).deposit(m.stranger.address, amount))
      .to.emit(m.escrow, "Deposited")
      .withArgs(m.stranger.address, m.requester.address, amount);
    await expect(m.escrow.connect(m.stranger).withdraw(m.settler.address, amount))
      .to.emit(m.escrow, "Withdrawn")
      .withArgs(m.stranger.address, m.settler.address, amount);
    expect(await m.token.balanceOf(m.settler)).to.equal(amount);
  });

  it("that refuses every transfer stops no settlement, refund, claim or collection", async () => {
    const m = market();
    const request = await askAndPost(m);
    await (await evil()).setMood(tokenMoods.reverting);
    await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
    const refunded = await askAndPost(m, { slot: 1n, maxAsk: 4n });
    await expect(m.escrow.expire(refunded.words)).to.emit(m.escrow, "Refunded");
    const [member] = await committeeOf(m.world, request);
    await m.escrow.connect(m.owner).claimEarnings(member?.nodeId ?? 0n);
    await m.networkHelpers.time.increase(100);
    const { amount: claimed } = await m.escrow.claimOf(member?.nodeId ?? 0n);
    await m.escrow.withdrawEarnings(member?.nodeId ?? 0n);
    expect(await balanceIn(m, m.owner.address)).to.equal(claimed);
    await expect(m.escrow.collect(m.taskId)).to.emit(m.escrow, "FeesCollected");
  });

  it("that re-enters cannot deposit, withdraw or permit within a deposit or a withdrawal", async () => {
    const m = market();
    const token = await evil();
    const guard = (await m.ethers.getContractAt("EscrowAccounts", m.escrow)).interface.getError(
      "ReentrancyGuardReentrantCall",
    );
    const encode = m.escrow.interface.encodeFunctionData.bind(m.escrow.interface);
    const zero = `0x${"00".repeat(32)}`;
    await m.escrow.connect(m.requester).deposit(token, amount); // the token has an account of its own to withdraw from
    await token.setMood(tokenMoods.reentering);
    await token.setScript(m.escrow, [
      encode("deposit", [token.target, 0n]),
      encode("withdraw", [m.stranger.address, amount]),
      encode("depositWithPermit", [0n, 0n, 27, zero, zero]),
    ]);
    const inside = await m.escrow.connect(m.requester).deposit(m.settler.address, amount);
    const outside = await m.escrow.connect(m.requester).withdraw(m.settler.address, amount);
    for (const transaction of [inside, outside]) {
      for (const step of [0n, 1n, 2n]) {
        await expect(transaction).to.emit(token, "Reentered").withArgs(step, false, guard?.selector);
      }
    }
    expect(await balanceIn(m, await token.getAddress())).to.equal(amount);
    expect(await balanceIn(m, m.settler.address)).to.equal(amount);
    expect(await m.token.balanceOf(m.stranger)).to.equal(0n);
  });

  it("that re-enters settlement within a deposit settles once", async () => {
    const m = market();
    const token = await evil();
    const request = await askAndPost(m);
    const settlement = await forge(m, request);
    const call = m.escrow.interface.encodeFunctionData("settle", [[settlement], []]);
    await token.setMood(tokenMoods.reentering);
    await token.setScript(m.escrow, [call]);
    const deposit = m.escrow.connect(m.requester).deposit(token, amount);
    await expect(deposit).to.emit(token, "Reentered").withArgs(0n, true, "0x00000000"); // before it moves
    await expect(deposit).to.emit(token, "Reentered").withArgs(0n, false, selectorOf(m, "NothingSettled")); // and after
    expect(await balanceIn(m, await token.getAddress())).to.equal(amount + 100_000n);
    const [member] = await committeeOf(m.world, request);
    expect(decodeNodeWord(await m.escrow.nodeWord(member?.nodeId ?? 0n)).earnings).to.equal(500n);
  });

  it("whose supply exceeds what the books can hold is refused beyond 2^128 - 1", async () => {
    const m = market();
    const token = await evil();
    await token.mint(m.requester, 2n ** 128n);
    await m.token.connect(m.requester).approve(m.escrow, 2n ** 256n - 1n);
    const room = 2n ** 128n - 1n - startingBalance;
    await expect(m.escrow.connect(m.requester).deposit(m.stranger.address, room + 1n))
      .to.be.revertedWithCustomError(m.escrow, "TransferMismatch")
      .withArgs(room + 1n, room + 1n);
    await m.escrow.connect(m.requester).deposit(m.stranger.address, room);
    expect(await balanceIn(m, m.stranger.address)).to.equal(room);
  });
});

describe("Money", () => {
  const market = useMarket({}, () => Promise.resolve());

  it("that is sent to the escrow outside its rules is nobody's", async () => {
    const m = market();
    await m.token.mint(m.escrow, amount);
    await expectBalancedBooks(m, amount);
    await expect(m.escrow.connect(m.stranger).withdraw(m.stranger.address, 1n))
      .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
      .withArgs(m.stranger.address, 0n, 1n);
  });

  it("comes in and goes out to the unit, and never to nobody", async () => {
    const m = market();
    const { escrow, requester, token } = m;
    const held = await token.balanceOf(requester);
    await expect(escrow.connect(requester).deposit(m.stranger.address, amount)).to.changeTokenBalances(
      m.ethers,
      token,
      [requester, escrow],
      [-amount, amount],
    );
    await expect(escrow.connect(m.stranger).withdraw(requester.address, amount)).to.changeTokenBalances(
      m.ethers,
      token,
      [requester, escrow],
      [amount, -amount],
    );
    expect(await token.balanceOf(requester)).to.equal(held);
    const nobody = `0x${"00".repeat(20)}`;
    await expect(escrow.connect(requester).deposit(nobody, 1n)).to.be.revertedWithCustomError(escrow, "ZeroAddress");
    await expect(escrow.connect(requester).withdraw(nobody, 1n)).to.be.revertedWithCustomError(escrow, "ZeroAddress");
    await expect(escrow.connect(requester).withdraw(escrow, 1n))
      .to.be.revertedWithCustomError(escrow, "InvalidReceiver")
      .withArgs(await escrow.getAddress());
    await expectBalancedBooks(m);
  });

  describe("deposited with a permit", () => {
    const deadline = 2n ** 40n;

    async function permit() {
      const m = market();
      await m.token.connect(m.requester).approve(m.escrow, 0n);
      const { chainId } = await m.ethers.provider.getNetwork();
      const domain = { name: "Local USD", version: "1", chainId, verifyingContract: await m.token.getAddress() };
      const fields = ["address owner", "address spender", "uint256 value", "uint256 nonce", "uint256 deadline"];
      const types = {
        Permit: fields.map((field) => ({ type: field.split(" ")[0] ?? "", name: field.split(" ")[1] ?? "" })),
      };
      const message = {
        owner: m.requester.address,
        spender: await m.escrow.getAddress(),
        value: amount,
        nonce: await m.token.nonces(m.requester),
        deadline,
      };
      return Signature.from(await m.requester.signTypedData(domain, types, message));
    }

    it("is credited", async () => {
      const m = market();
      const { v, r, s } = await permit();
      await expect(m.escrow.connect(m.requester).depositWithPermit(amount, deadline, v, r, s))
        .to.emit(m.escrow, "Deposited")
        .withArgs(m.requester.address, m.requester.address, amount);
      expect(await balanceIn(m, m.requester.address)).to.equal(startingBalance + amount);
    });

    it("is credited although somebody else submitted the permit first", async () => {
      const m = market();
      const { v, r, s } = await permit();
      await m.token.connect(m.stranger).permit(m.requester, m.escrow, amount, deadline, v, r, s);
      await expect(m.escrow.connect(m.requester).depositWithPermit(amount, deadline, v, r, s)).to.emit(
        m.escrow,
        "Deposited",
      );
    });

    it("is refused with another's permit: the money comes from the caller alone", async () => {
      const m = market();
      const { v, r, s } = await permit();
      await expect(m.escrow.connect(m.stranger).depositWithPermit(amount, deadline, v, r, s))
        .to.be.revertedWithCustomError(m.token, "ERC20InsufficientAllowance")
        .withArgs(m.escrow, 0n, amount);
    });
  });
});
