import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { figures } from "../../simulator/figures/all.ts";
import { committeeFigure } from "../../simulator/figures/committee.ts";
import { formatCell } from "../../simulator/figures/format.ts";
import { svgOf } from "../../simulator/plots/svg.ts";
import { pathOf, textOf } from "../docs/pages.ts";

/** Runs the command as `npm run simulate` does, few requests a point. */
function simulate(...args: string[]) {
  const command = [pathOf("scripts/simulate.ts"), ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: "utf8", env: { ...process.env, NODE_NO_WARNINGS: "1" } }); // prettier-ignore
  return { status, stdout, stderr };
}

const few = ["--runs", "20", "--only", "committee,tolerance,selfDispute"];

describe("npm run simulate", () => {
  it("prints tables, and what it does on standard error", () => {
    const { status, stdout, stderr } = simulate("--runs", "20", "--only", "tolerance");
    expect(status).to.equal(0);
    expect(stdout).to.contain("Divergence at which an honest node earns nothing").and.contain("0.165%");
    expect(stderr).to.contain("simulated: tolerance");
  });

  it("ends with one line of JSON, which is the same for the same seed", () => {
    const [first, second, other] = ["4", "4", "5"].map((seed) => simulate("--json", "--seed", seed, ...few).stdout);
    expect(first?.trimEnd().split("\n")).to.have.lengthOf(1);
    expect(second).to.equal(first);
    expect(other).to.not.equal(first);
    const json = JSON.parse(first ?? "") as { figures: Record<string, { rows: Record<string, unknown>[] }> };
    expect(Object.keys(json.figures)).to.deep.equal(["committee", "tolerance", "selfDispute"]);
    expect(json.figures["committee"]?.rows[0]?.["simulated"]).to.have.keys("value", "error", "of");
  });

  it("writes plots where it is told to, and nowhere else", () => {
    const folder = mkdtempSync(join(tmpdir(), "plots-"));
    try {
      expect(simulate("--runs", "20", "--only", "stake,griefing", "--plots", folder).status).to.equal(0);
      expect(readdirSync(folder).sort()).to.deep.equal(["blocked.svg", "stake.svg"]);
      expect(readFileSync(join(folder, "stake.svg"), "utf8")).to.match(/^<svg [\s\S]*<\/svg>\n$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("refuses what it does not know", () => {
    expect(simulate("--only", "nothing").status).to.equal(2);
    expect(simulate("--runs", "0").status).to.equal(2);
    expect(simulate("--help").stdout)
      .to.contain("--seed")
      .and.contain(figures[0]?.name ?? "");
  });
});

describe("The page about the simulator", () => {
  it("shows every committed plot", () => {
    const plots = readdirSync(pathOf("docs/simulator")).filter((file) => file.endsWith(".svg"));
    expect(plots).to.have.lengthOf(6);
    for (const plot of plots) expect(textOf("docs/simulator.md")).to.contain(`simulator/${plot}`);
  });

  it("shows the figures that the command prints for the committee", () => {
    const effort = { seed: 1, requests: 1_000 }; // the command's defaults
    for (const row of committeeFigure.make(effort).rows) {
      expect(textOf("docs/simulator.md"), String(row[0])).to.contain(`(${formatCell(row[4])})`);
    }
  });

  it("names every figure of the command", () => {
    for (const { name } of figures) expect(textOf("docs/simulator.md")).to.contain(`\`${name}\``);
  });
});

describe("Tables and plots", () => {
  it("show errors, and bounds of what was never seen", () => {
    expect(formatCell({ mean: 0.5, standardError: 0.01, observations: 10 })).to.equal("0.500 ± 0.020");
    expect(formatCell({ mean: 0, standardError: 0, observations: 300 })).to.equal("0 (< 0.01)");
    expect(formatCell({ mean: 2e-7, standardError: 1e-8, observations: 9 })).to.equal("2.0e-7 ± 2e-8");
    expect([undefined, true, false, 0.000012].map(formatCell)).to.deep.equal(["-", "yes", "NO", "1.2e-5"]);
  });

  it("escape words, leave out what a logarithm cannot show, and stay in their frame", () => {
    const points = [{ x: 0, y: 0 }, { x: 1, y: 10, error: 3 }]; // prettier-ignore
    const axis = { label: "a < b & c", scale: "linear" } as const;
    const svg = svgOf({ name: "n", title: "t", x: axis, y: { label: "y", scale: "log" }, series: [{ name: "s", style: "dots", points }] }); // prettier-ignore
    expect(svg)
      .to.contain("a &lt; b &amp; c")
      .and.not.match(/NaN|Infinity/);
    expect(svg.match(/<circle/g)).to.have.lengthOf(2); // one point and the legend
  });
});
