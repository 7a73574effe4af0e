import { expect } from "chai";
import { stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type LocalRequest, settlementOf } from "../../deploy/local/committee.ts";
import { labelledSecret, localChainId, mint } from "../../deploy/local/world.ts";
import { startRpcServer } from "../../scripts/demo/rpc-server.ts";
import { payoutOf } from "../../sdk/money/payout.ts";
import { openMarket, type Market, post, requestsOf, settle } from "../helpers/market.ts";
import { connect, fold } from "./consumer-guide.example.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/consumer-guide.md";
const key = labelledSecret("reader of the guide");
const reader = privateKeyToAccount(key).address;

/** The next request of the reader, once it is mined. */
async function nextRequest(market: Market): Promise<LocalRequest> {
  const { escrow } = market;
  for (;;) {
    const [event] = await escrow.queryFilter(escrow.filters.Requested(undefined, undefined, reader));
    const [request] = event === undefined ? [] : await requestsOf(market, { hash: event.transactionHash });
    if (request !== undefined) return request;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Probability that at least `least` of `k` independent draws are of a part `r`. */
function atLeast(least: number, k: number, r: number): number {
  let [sum, choose] = [0, 1];
  for (let i = 0; i <= k; i++) {
    if (i >= least) sum += choose * r ** i * (1 - r) ** (k - i);
    choose = (choose * (k - i)) / (i + 1);
  }
  return sum;
}

/** What the guide writes for a chance: "0.7%", "9 in a million", "3 in 10^11". */
function chanceOf(text: string): number {
  const [, count = "", unit = ""] = /^([\d.]+)(%| in .*)$/.exec(text.trim()) ?? [];
  const units: Record<string, number> = {
    "%": 1e-2,
    " in a million": 1e-6,
    " in ten million": 1e-7,
    " in 10^11": 1e-11,
  };
  return Number(count) * (units[unit] ?? Number.NaN);
}

/** Within a tenth: the guide rounds. */
function isNear(said: number, really: number): boolean {
  return Math.abs(said / really - 1) < 0.1;
}

describe("The consumer guide", () => {
  it("shows the example that is compiled here", () => {
    expect(blocksOf(page, "ts")).to.deep.equal([textOf("test/docs/consumer-guide.example.ts")]);
  });

  it("has an example that deposits, asks, waits and returns the output", async () => {
    const market = await openMarket();
    const { world, instance, connection } = market;
    await mint(world, reader, 10n ** 9n);
    await connection.networkHelpers.setBalance(reader, 10n ** 18n);
    const server = await startRpcServer(connection.provider);
    const record = { ...instance, chainId: Number(localChainId), token: world.paymentToken, atoma: world.atoma };
    try {
      const answer = fold(connect(server.url, key, { ...record, deployedAtBlock: 0 }), market.taskId);
      const request = await nextRequest(market);
      await post(market, request);
      const output = stringToHex("a fold");
      await settle(market, await settlementOf(world, market.nodes, request, { output }));
      expect(await answer).to.equal(output);
      const [event] = await market.escrow.queryFilter(market.escrow.filters.Requested(undefined, undefined, reader));
      expect(event?.args.data).to.equal(stringToHex("HPHPPHHPHPPHPHHPPHPH"));
    } finally {
      await server.close();
    }
  });

  it("has an example of costs that is what a settlement pays", () => {
    const price = { k: 10n, maxAsk: 10n, units: 1_000n, tip: 100_000n, askExponent: 0n };
    const request = { ...price, royaltyBps: 500n, protocolFeeBps: 300n };
    const members = Array.from({ length: 10 }, (_, i) => ({ nodeId: BigInt(i + 1), ask: 5n }));
    const [all, some] = [0b11_1111_1111n, 0b1111_1111n].map((attested) => payoutOf({ request, members, attested }));
    if (all === undefined || some === undefined) throw new Error("unreachable: two bitmaps, two payouts");
    const text = (amount: bigint) => amount.toLocaleString("en");
    const row = (name: string, ...cells: readonly string[]) =>
      expect(textOf(page)).to.contain(`| ${[name, ...cells].join(" | ")} |`);
    row("locked", text(all.lock), text(some.lock));
    row("nodes", `10 · ${text(all.pays[0] ?? 0n)}`, `8 · ${text(some.pays[0] ?? 0n)}`);
    row("publisher", text(all.royalty), text(some.royalty));
    row("settler", text(all.settlerTip), text(some.settlerTip));
    row("treasury", text(all.treasury), text(some.treasury));
    const pays = ({ lock, leftover }: typeof all) => `${text(lock - leftover)} / ${text(leftover)}`;
    row("you pay / get back", pays(all), pays(some));
  });

  it("tells the chances of committees within their rounding", () => {
    const rows = [...textOf(page).matchAll(/^\| (\d+), (\d+) \| (.*) \|$/gm)];
    expect(rows.length).to.equal(5);
    for (const [, k = "", quorum = "", cells = ""] of rows) {
      expect(Number(quorum)).to.equal(Math.floor((2 * Number(k)) / 3) + 1);
      cells.split(" | ").forEach((cell, column) => {
        const r = [0.1, 0.2, 1 / 3][column] ?? Number.NaN;
        const [captured = "", blocked = ""] = cell.split(" / ");
        const wrong = atLeast(Number(quorum), Number(k), r);
        const silent = atLeast(Number(k) - Number(quorum) + 1, Number(k), r);
        expect(isNear(chanceOf(captured), wrong), `${k}: ${captured}, really ${wrong}`).to.equal(true);
        expect(isNear(chanceOf(blocked), silent), `${k}: ${blocked}, really ${silent}`).to.equal(true);
      });
    }
  });
});
