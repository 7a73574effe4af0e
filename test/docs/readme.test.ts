import { expect } from "chai";
import { Contract } from "ethers";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Hex, stringToHex } from "viem";
import { settlementOf } from "../../deploy/local/committee.ts";
import packageJson from "../../package.json" with { type: "json" };
import ceilings from "../../scripts/bench/ceilings.json" with { type: "json" };
import { openMarket, post, requestOf, settle } from "../helpers/market.ts";
import { blocksOf, localLinksIn, pages, pathOf, scriptsIn, textOf } from "./pages.ts";
import { compileAs } from "./solidity.ts";

const scripts = Object.keys(packageJson.scripts);

describe("README", () => {
  it("fits the reader's patience", () => {
    expect(textOf("README.md").split("\n").length).to.be.at.most(131); // 130 lines and the end of the last
  });

  it("names every npm script", () => {
    expect([...new Set(scriptsIn("README.md"))]).to.have.members(scripts);
  });

  it("has a contract of at most ten lines that asks, is called back and keeps the answer", async () => {
    const [source = ""] = blocksOf("README.md", "solidity");
    const body = source.slice(source.indexOf("contract Oracle")).trimEnd().split("\n");
    expect(body.length).to.be.at.most(10);
    const artifact = compileAs("contracts/consumers/Oracle.sol", source)["Oracle"];
    if (artifact === undefined) throw new Error("The block has no contract Oracle.");

    const market = await openMarket();
    const factory = new market.ethers.ContractFactory(
      [...artifact.abi],
      artifact.evm.bytecode.object,
      market.requester,
    );
    const deployed = await factory.deploy(market.escrow);
    const oracle = new Contract(deployed, [...artifact.abi], market.requester);
    await market.escrow.connect(market.requester).deposit(oracle, 10n ** 9n);
    const request = await requestOf(
      market,
      (await oracle.getFunction("ask")(stringToHex("question"))) as { hash: Hex },
    );
    await post(market, request);
    const output = stringToHex("forty-two");
    await settle(market, await settlementOf(market.world, market.nodes, request, { output }));
    expect(await oracle.getFunction("answers")(request.requestId)).to.equal(output);
  });

  it("shows the ceilings that are committed, and no figure above its own", () => {
    const table = textOf("README.md").split("## Gas")[1]?.split("\n## ")[0] ?? "";
    for (const [name, ceiling] of Object.entries(ceilings))
      expect(table, name).to.contain(ceiling.toLocaleString("en"));
    const cells = table.split("\n").flatMap((row) => row.split("|").map((cell) => cell.trim()));
    const numbers = (cell = "") => cell.split(" / ").map((part) => Number(part.replaceAll(",", "")));
    let compared = 0;
    cells.forEach((cell, i) => {
      const [gas, most] = [numbers(cell), numbers(cells[i + 1])];
      if (cell === "" || gas.some(Number.isNaN) || cells[i + 1] === "" || most.some(Number.isNaN)) return;
      gas.forEach((one, j) => expect(one).to.be.at.most(most[j] ?? most[0] ?? 0));
      compared += 1;
    });
    expect(compared).to.equal(22);
  });
});

describe("Every page", () => {
  for (const page of pages()) {
    it(`${page} names commands that exist`, () => {
      for (const script of scriptsIn(page)) expect(scripts, `${page}: npm run ${script}`).to.include(script);
    });

    it(`${page} links to files that exist`, () => {
      for (const target of localLinksIn(page)) {
        const [file = ""] = target.split("#");
        expect(existsSync(pathOf(join(dirname(page), file))), `${page}: ${target}`).to.equal(true);
      }
    });
  }
});
