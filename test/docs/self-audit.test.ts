import { expect } from "chai";
import { existsSync } from "node:fs";
import { type Deployable, deployables } from "../../scripts/deployables.ts";
import { pathOf, textOf } from "./pages.ts";

const page = "docs/security/self-audit.md";

/** A row of a contract's table: the functions that it is about, and what it says of them. */
type Row = { readonly names: readonly string[]; readonly cells: readonly string[] };

/** The tables by the contract of their heading. */
function tablesOf(text: string): ReadonlyMap<string, readonly Row[]> {
  const sections = text.split(/^## /m).slice(1);
  return new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")).trim(), rowsOf(section)] as const));
}

/** Rows whose first cell holds names of functions. */
function rowsOf(section: string): readonly Row[] {
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => {
      const [first = "", ...cells] = line.slice(1, -1).split("|");
      return { names: [...first.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name), cells };
    });
}

const namesIn = (rows: readonly Row[]): readonly string[] => rows.flatMap(({ names }) => names);

/** What the tables lack, or have too much of, for these contracts. */
function flawsIn(tables: ReadonlyMap<string, readonly Row[]>, contracts: readonly Deployable[]): readonly string[] {
  return contracts.flatMap(({ name, abi }) => {
    const rows = tables.get(name);
    if (rows === undefined) return [`${name} has no table`];
    const functions = abi.filter(({ type }) => type === "function");
    const real = new Set(functions.map((item) => item.name ?? ""));
    const views = functions.filter(({ stateMutability = "" }) => ["view", "pure"].includes(stateMutability));
    const written = namesIn(rows);
    return [
      ...[...real].filter((one) => !written.includes(one)).map((one) => `${name}.${one} has no row`),
      ...written.filter((one) => !real.has(one)).map((one) => `${name}.${one} does not exist`),
      ...written.filter((one, i) => written.indexOf(one) !== i).map((one) => `${name}.${one} has two rows`),
      ...mixed(rows, new Set(views.map((item) => item.name ?? ""))).map((one) => `${name}.${one} is no view`),
    ];
  });
}

/** Functions that change state in a row of views. */
function mixed(rows: readonly Row[], views: ReadonlySet<string>): readonly string[] {
  return rows
    .filter(({ cells }) => cells[1]?.trim() === "views")
    .flatMap(({ names }) => names.filter((one) => !views.has(one)));
}

describe("The self-audit", () => {
  const contracts = deployables();
  const tables = tablesOf(textOf(page));

  it("has a row for every function of every deployable contract, and no other", () => {
    expect(contracts.map(({ name }) => name)).to.include.members(["RequestEscrow", "Disputes", "AccessManager"]);
    expect(flawsIn(tables, contracts)).to.deep.equal([]);
    const names = contracts.map(({ name }) => name);
    expect([...tables.keys()].filter((name) => !names.includes(name))).to.deep.equal([]);
  });

  it("says of each who, what, and of re-entry, order and griefing", () => {
    for (const [name, rows] of tables) {
      for (const { names, cells } of rows) {
        expect(cells, `${name}: ${names.join(", ")}`).to.have.length(5);
        expect(cells.every((cell) => cell.trim() !== "")).to.equal(true);
      }
    }
  });

  it("would miss a row that is gone, a function that is gone, and a setter among the views", () => {
    const disputes = contracts.filter(({ name }) => name === "Disputes");
    const rows = tables.get("Disputes") ?? [];
    const without = rows.filter(({ names }) => !names.includes("appeal"));
    expect(flawsIn(new Map([["Disputes", without]]), disputes)).to.deep.equal(["Disputes.appeal has no row"]);
    const extra = [...rows, { names: ["drain"], cells: [] }];
    expect(flawsIn(new Map([["Disputes", extra]]), disputes)).to.deep.equal(["Disputes.drain does not exist"]);
    const hidden = [...without, { names: ["appeal"], cells: ["anyone", "views"] }];
    expect(flawsIn(new Map([["Disputes", hidden]]), disputes)).to.deep.equal(["Disputes.appeal is no view"]);
    expect(flawsIn(new Map(), disputes)).to.deep.equal(["Disputes has no table"]);
  });
});

describe("The pages on security", () => {
  const files = ["threat-model", "self-audit", "smt"].map((name) => `docs/security/${name}.md`);

  it("name tests and files that exist", () => {
    const named = [...files, "SECURITY.md"].flatMap((file) =>
      [...textOf(file).matchAll(/`((?:test|scripts|contracts)\/[\w/.-]+)`/g)].map(([, path = ""]) => path),
    );
    expect(named).to.have.length.greaterThan(50);
    expect(named.filter((path) => !existsSync(pathOf(path)))).to.deep.equal([]);
  });
});
