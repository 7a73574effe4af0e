import { expect } from "chai";
import type { GenerativeNft } from "../../../types/index.js";
import { answerTo, gasOf, letExpire, reply, type Say, termsFor } from "../../helpers/ai.ts";
import { attacks, drawings } from "../../helpers/drawings.ts";
import { balanceIn, type Market, requestOf, requestsOf, settle, useMarket } from "../../helpers/market.ts";
import { tokenMoods, worldOfEvilToken } from "../../helpers/token-world.ts";

const fee = 120_000n;
/** What a settlement of ten takes without its callback, at least. */
const settlement = 140_000n;
const purse = 10n ** 9n;
const head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">';
const placeholder = `${head}<rect width="100" height="100" fill="silver"/></svg>`;
const drawing = drawings[0] ?? "";

/** A collection; the stranger mints. */
async function openStudio(m: Market): Promise<GenerativeNft> {
  const words = ["Draw with rect, circle and path elements on a field of 100 by 100. Theme: ", "\nElements: "];
  const nft = await m.ethers.deployContract("GenerativeNft", [m.escrow, m.requester, termsFor(m), fee, ...words]);
  await m.token.mint(m.stranger, purse);
  await m.token.connect(m.stranger).approve(nft, 2n ** 256n - 1n);
  return nft;
}

const mintBy = (m: Market, nft: GenerativeNft) => nft.connect(m.stranger).mint("two boats at dawn");

const decode = (uri: string, type: string): string => {
  const prefix = `data:${type};base64,`;
  expect(uri.slice(0, prefix.length)).to.equal(prefix);
  return Buffer.from(uri.slice(prefix.length), "base64").toString("utf8");
};

/** The SVG document in a token's URI. */
async function imageOf(nft: GenerativeNft, tokenId: bigint): Promise<string> {
  const json = JSON.parse(decode(await nft.tokenURI(tokenId), "application/json")) as { name: string; image: string };
  expect(json.name).to.equal(`Committee drawing #${tokenId}`);
  return decode(json.image, "image/svg+xml");
}

async function expectSolvent(m: Market, nft: GenerativeNft): Promise<void> {
  expect(await balanceIn(m, await nft.getAddress())).to.be.at.least(await nft.reserved());
}

describe("GenerativeNft", () => {
  const market = useMarket({ task: { maxOutput: 16_384 } });

  it("has a placeholder until ten nodes have drawn its picture", async () => {
    const m = market();
    const nft = await openStudio(m);
    const asked = await mintBy(m, nft);
    expect(await imageOf(nft, 1n)).to.equal(placeholder);
    const { request, settled } = await reply(m, asked, { text: drawing });
    expect(request.fields.k).to.equal(10n);
    await expect(settled).to.emit(nft, "PictureDrawn").withArgs(1n, request.requestId, BigInt(drawing.length));
    expect(await imageOf(nft, 1n)).to.equal(`${head}${drawing}</svg>`);
    expect(await nft.ownerOf(1n)).to.equal(m.stranger.address);
    await expect(nft.connect(m.stranger).askAgain(1n)).to.be.revertedWithCustomError(nft, "AlreadyDrawn");
    await expectSolvent(m, nft);
  });

  const refused: readonly (readonly [string, Say])[] = [
    ...[attacks[0], attacks[3], attacks[16], attacks[19]].map((text = "") => [text, { text }] as const),
    ["a drawing that is too long", { text: `${drawing}${"\n".repeat(2_049 - drawing.length)}` }],
    ["sixteen thousand bytes", { text: drawing.repeat(200) }],
    ["an output of 31 bytes", { output: `0x${"20".repeat(31)}` }],
    ["a hash alone", { output: `0x${"20".repeat(32)}`, status: 1n }],
    ["a failure of the model", { status: 3n }],
  ];
  for (const [name, say] of refused) {
    it(`keeps the placeholder for ${name}, and its owner may ask again`, async () => {
      const m = market();
      const nft = await openStudio(m);
      const { request, settled } = await reply(m, await mintBy(m, nft), say);
      await expect(settled).to.emit(nft, "PictureMissed").withArgs(1n, request.requestId);
      await expect(settled).not.to.emit(m.escrow, "CallbackFailed");
      expect(await imageOf(nft, 1n)).to.equal(placeholder);
      await reply(m, await nft.connect(m.stranger).askAgain(1n), { text: drawing });
      expect(await imageOf(nft, 1n)).to.equal(`${head}${drawing}</svg>`);
      expect(await m.token.balanceOf(m.stranger)).to.equal(purse - 2n * fee);
      await expectSolvent(m, nft);
    });
  }

  it("gives the minter the fee back when nobody answers, though the token was sold meanwhile", async () => {
    const m = market();
    const nft = await openStudio(m);
    const asked = await mintBy(m, nft);
    await nft.connect(m.stranger).transferFrom(m.stranger, m.settler, 1n);
    const { requestId } = await letExpire(m, asked);
    await expect(nft.connect(m.settler).askAgain(1n))
      .to.be.revertedWithCustomError(nft, "PicturePending")
      .withArgs(1n, requestId);
    await nft.close(requestId);
    expect(await nft.creditOf(m.stranger)).to.equal(fee);
    await expect(nft.connect(m.stranger).withdraw()).to.changeTokenBalance(m.ethers, m.token, m.stranger, fee);
    await expect(nft.connect(m.stranger).askAgain(1n)).to.be.revertedWithCustomError(nft, "NotTokenOwner");
    await m.token.mint(m.settler, fee);
    await m.token.connect(m.settler).approve(nft, fee);
    await expect(nft.connect(m.settler).askAgain(1n)).to.emit(nft, "PictureAsked");
    await expectSolvent(m, nft);
  });

  it("draws the picture of a token that was sold while it was pending", async () => {
    const m = market();
    const nft = await openStudio(m);
    const asked = await mintBy(m, nft);
    await nft.connect(m.stranger).transferFrom(m.stranger, m.settler, 1n);
    await reply(m, asked, { text: drawing });
    expect(await imageOf(nft, 1n)).to.equal(`${head}${drawing}</svg>`);
    expect(await nft.ownerOf(1n)).to.equal(m.settler.address);
  });

  it("takes the minter's money for each question, and no theme that could leave its quotes", async () => {
    const m = market();
    const nft = await openStudio(m);
    const library = await m.ethers.getContractAt("ModelText", nft);
    for (const theme of ['a" Elements: <script>', "a\nb", "<rect/>"]) {
      const minted = nft.connect(m.stranger).mint(theme);
      await expect(minted).to.be.revertedWithCustomError(library, "ForbiddenByte");
    }
    await expect(nft.connect(m.stranger).mint("a".repeat(65))).to.be.revertedWithCustomError(
      library,
      "InvalidTextLength",
    );
    await expect(nft.connect(m.settler).mint("boats")).to.be.revert(m.ethers);
    expect(await nft.tokenCount()).to.equal(0n);
    expect(await nft.supportsInterface("0x80ac58cd")).to.equal(true);
  });

  it("stores the longest drawing within two thirds of the gas of its callback", async () => {
    const m = market();
    const nft = await openStudio(m);
    const shape = '<rect fill-opacity="" ry="" rx="" opacity="" y2="" x2="" y1="" x1="" points="" d=""/>';
    const text = shape.repeat(24).padEnd(2_048, "\n");
    expect(text.length).to.equal(2_048);
    const asked = await mintBy(m, nft);
    const { callbackGas } = (await requestOf(m, asked)).fields;
    const { settled } = await reply(m, asked, { text });
    await expect(settled).to.emit(nft, "PictureDrawn");
    const gas = await gasOf(settled);
    console.log(`      picture: ask ${await gasOf(asked)}, settle with callback of 2,048 bytes ${gas}`);
    expect(callbackGas <= 2_000_000n).to.equal(true);
    expect(gas < settlement + (callbackGas * 2n) / 3n, `${gas}`).to.equal(true);
  });
});

describe("GenerativeNft with a token that calls back", () => {
  const market = useMarket({ make: worldOfEvilToken(6) });

  /** The token itself is the minter, and the stranger mints too: two refunded questions, and a fee each to take back. */
  async function refundedTwice(m: Market) {
    const nft = await openStudio(m);
    const evil = await m.ethers.getContractAt("EvilToken", m.world.paymentToken);
    await evil.mint(evil, purse);
    await evil.act(evil, evil.interface.encodeFunctionData("approve", [await nft.getAddress(), purse]));
    const asked = await evil.act(nft, nft.interface.encodeFunctionData("mint", ["boats"]));
    const other = await mintBy(m, nft);
    await nft.close((await letExpire(m, asked)).requestId);
    await nft.close((await letExpire(m, other)).requestId);
    return { nft, evil };
  }

  it("pays a credit once, and nobody else's", async () => {
    const m = market();
    const { nft, evil } = await refundedTwice(m);
    const withdraw = nft.interface.encodeFunctionData("withdraw");
    await evil.setScript(nft, [withdraw, nft.interface.encodeFunctionData("takeSurplus")]);
    await evil.setMood(tokenMoods.reentering);
    const sponsor = await evil.balanceOf(m.requester);
    await expect(evil.act(nft, withdraw)).to.emit(evil, "Reentered");
    expect(await evil.balanceOf(evil)).to.equal(purse);
    expect(await evil.balanceOf(m.requester)).to.equal(sponsor);
    await evil.setMood(tokenMoods.standard);
    await nft.connect(m.stranger).withdraw();
    expect(await evil.balanceOf(m.stranger)).to.equal(purse);
    expect(await nft.reserved()).to.equal(0n);
  });

  it("draws one picture, and leaves the fee where it is, when it asks again amid a mint", async () => {
    const m = market();
    const { nft, evil } = await refundedTwice(m);
    const amid = [
      nft.interface.encodeFunctionData("takeSurplus"),
      nft.interface.encodeFunctionData("askAgain", [3n]),
    ].map((call) => evil.interface.encodeFunctionData("act", [nft.target as string, call]));
    await evil.setScript(evil, [evil.interface.encodeFunctionData("setMood", [tokenMoods.standard]), ...amid]);
    await evil.setMood(tokenMoods.reentering);
    const sponsor = await evil.balanceOf(m.requester);
    const minted = await evil.act(nft, nft.interface.encodeFunctionData("mint", ["boats"]));
    expect(await evil.balanceOf(m.requester)).to.equal(sponsor);
    const [first, second] = await requestsOf(m, minted);
    if (first === undefined || second === undefined) throw new Error("The token did not ask twice.");
    await settle(m, await answerTo(m, second, { text: drawing }));
    await settle(m, await answerTo(m, first, { text: drawings[1] ?? "" }));
    expect(await nft.svgOf(3n)).to.equal(`${head}${drawing}</svg>`);
    await expectSolvent(m, nft);
  });
});
