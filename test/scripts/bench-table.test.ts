import { expect } from "chai";
import { rules, type GasFigures } from "../../scripts/bench/table/figures.ts";
import { tablesOf } from "../../scripts/bench/table/markdown.ts";
import { withTables } from "../../scripts/bench/table/page.ts";
import { peers } from "../../scripts/bench/table/peers.ts";
import { plotOf, unavoidable } from "../../scripts/bench/table/plot.ts";
import { svgOf } from "../../simulator/plots/svg.ts";
import { textOf } from "../docs/pages.ts";

const figures = JSON.parse(textOf("docs/benchmarks/gas.json")) as GasFigures;
const ceilings = JSON.parse(textOf("scripts/bench/ceilings.json")) as Record<string, number>;
const page = textOf("docs/benchmarks.md");
const stale = "run npm run bench:table -- --write";

/** The figures with one settlement a unit of gas dearer. */
function dearerByOne(): GasFigures {
  const changed = structuredClone(figures);
  const row = changed.osaka.committees.find(({ k }) => k === 10);
  if (row === undefined) throw new Error("There is no committee of 10.");
  (row as { settle: number }).settle += 1;
  return changed;
}

describe("benchmark table", () => {
  it("has every size that it promises, under both rules, in whole gas", () => {
    for (const name of rules) {
      const { committees, bundles, pools, single } = figures[name];
      expect(committees.map(({ k }) => k)).to.deep.equal(Array.from({ length: 21 }, (_, i) => i + 1));
      expect(bundles.map(({ items }) => items)).to.deep.equal([1, 2, 5, 10, 20, 50, 100, 200, 500]);
      expect(pools.map(({ nodes }) => nodes)).to.deep.equal([10, 30, 100, 300, 1_000, 3_000]);
      const least = [
        ...committees.flatMap(({ request, settle }) => [request, settle]),
        ...bundles.flatMap(({ request, settle }) => [request, settle]),
        ...pools.flatMap(({ settle, publish }) => [settle, publish]),
      ];
      for (const gas of least) expect(gas, "a transaction").to.be.greaterThan(21_000).and.satisfy(Number.isInteger);
      expect(Object.keys(single)).to.include.members(["signed.k10", "beacon.submit", "tdx.first", "settle.tee.k1"]);
    }
  });

  it("stands on the page as the committed figures make it", () => {
    expect(withTables(page, tablesOf(figures)) === page, stale).to.equal(true);
  });

  it("is drawn as the committed figures make it", () => {
    const { name } = plotOf(figures);
    expect(textOf(`docs/benchmarks/${name}.svg`) === svgOf(plotOf(figures)), stale).to.equal(true);
  });

  it("makes page and plot stale when one figure changes by one", () => {
    const changed = dearerByOne();
    expect(withTables(page, tablesOf(changed))).not.to.equal(page);
    expect(plotOf(changed)).not.to.deep.equal(plotOf(figures));
  });

  it("refuses a page without a place for a table", () => {
    const without = page.replace("<!-- table pools:", "<!-- ");
    expect(() => withTables(without, tablesOf(figures))).to.throw("no place for the table pools");
  });

  it("keeps the ceilings that CI enforces", () => {
    for (const { k, settle } of figures.osaka.committees) {
      expect(settle, `settle.k${k}: ${stale}`).to.be.at.most(ceilings[`settle.k${k}`] ?? Infinity);
    }
    for (const [name, gas] of Object.entries(figures.osaka.single)) {
      expect(gas, `${name}: ${stale}`).to.be.at.most(ceilings[name] ?? Infinity);
    }
  });

  it("shows no committee below the work that none can avoid", () => {
    for (const { k, request, settle } of figures.osaka.committees.filter((row) => row.k > 1)) {
      expect(request + settle, `k = ${k}`).to.be.greaterThan(unavoidable(k));
    }
  });

  it("names every peer in tables and plot, on an axis that reads in thousands", () => {
    const svg = svgOf(plotOf(figures));
    const tables = tablesOf(figures);
    for (const { name } of peers) {
      expect(svg).to.include(`>${name}<`);
      expect(tables.peers).to.include(`| ${name} |`);
      expect(tables.promises).to.include(`| ${name} |`);
    }
    for (const tick of [">200k<", ">1M<", ">10M<"]) expect(svg).to.include(tick);
  });
});
