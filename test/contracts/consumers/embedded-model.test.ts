import { expect } from "chai";
import { concat, type Hex, hexToString, keccak256, numberToHex, stringToHex } from "viem";
import { ask, describeWithModel, useServer } from "../../gateway/model/fixtures.ts";
import { reply, termsFor } from "../../helpers/ai.ts";
import { type Market, useMarket } from "../../helpers/market.ts";

const fee = 200_000n;
const terms = (m: Market) => termsFor(m, { units: 400n });

/** What ten honest nodes put out: the hash of the token ids that the model really says, and its text. */
async function outputOf(server: Parameters<typeof ask>[0], message: Hex): Promise<Hex> {
  const { choices } = await ask(server, hexToString(message), { max_tokens: 200 });
  const [{ token_ids: ids, message: said }] = choices;
  return concat([keccak256(concat(ids.map((id) => numberToHex(id, { size: 4 })))), stringToHex(said.content)]);
}

describeWithModel("Contracts that ask the embedded model", () => {
  const server = useServer();
  const market = useMarket({ task: { kind: "chat", unitSize: 1n } });

  it("get a drawing that they keep", async () => {
    const m = market();
    const words = ["Draw with shapes: ", ""];
    const nft = await m.ethers.deployContract("GenerativeNft", [m.escrow, m.requester, terms(m), fee, ...words]);
    await m.token.mint(m.stranger, fee);
    await m.token.connect(m.stranger).approve(nft, fee);
    const asked = await nft.connect(m.stranger).mint("the sun");
    const output = await outputOf(server(), stringToHex('Draw with shapes: "the sun"'));
    await expect((await reply(m, asked, { output })).settled).to.emit(nft, "PictureDrawn");
    expect(await nft.svgOf(1n)).to.contain('<circle cx="50" cy="50" r="30" fill="#fc0"/></svg>');
  });

  it("get a next step that they take, and hold where the model says so", async () => {
    const m = market();
    const limits = { perStep: 400n, perDay: 1_000n, coolDown: 0n, answerTtl: 3_600n, actionTtl: 600n };
    const brief = "Choose the next step.";
    const agent = await m.ethers.deployContract("AgentWallet", [m.escrow, m.requester, terms(m), limits, brief]);
    await m.escrow.connect(m.requester).deposit(agent, 10n ** 9n);
    await m.requester.sendTransaction({ to: agent, value: 10n });
    await agent.connect(m.requester).setMenu(["rent"], [{ recipient: m.settler.address, amount: 30n }]);
    const think = async () => {
      const output = await outputOf(server(), (await agent.message()) as Hex);
      return (await reply(m, await agent.connect(m.requester).think(), { output })).settled;
    };
    await expect(await think()).to.emit(agent, "StepHeld");
    await m.requester.sendTransaction({ to: agent, value: 990n });
    await expect(await think()).to.emit(agent, "StepChosen");
    await expect(agent.act()).to.changeEtherBalances(m.ethers, [agent, m.settler], [-30n, 30n]);
  });
});
