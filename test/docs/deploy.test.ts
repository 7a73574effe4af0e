import { expect } from "chai";
import l2 from "../../deploy/networks/l2.json" with { type: "json" };
import { usage } from "../../scripts/deploy/options.ts";
import { textOf } from "./pages.ts";

/** Names of the values of a file, without the groups that they are in. */
function leaves(value: unknown): string[] {
  return Object.entries(value as object).flatMap(([name, inner]: [string, unknown]) => {
    const isGroup = ["governance", "emissions", "instance", "taskSettings", "parameters", "disputeParameters"];
    if (name === "$comment") return [];
    return isGroup.includes(name) ? leaves(inner) : [name];
  });
}

describe("The page on deploying", () => {
  const text = textOf("docs/deploy.md");
  const rows = [...text.matchAll(/^\| ([^|]*) \|/gm)].map(([, first = ""]) => first).join("\n");

  it("has a row for every parameter of a file", () => {
    const missing = leaves(l2).filter((name) => !rows.includes(`\`${name}\``));
    expect(missing).to.deep.equal([]);
  });

  it("has a row for every option of the command, and for no other", () => {
    const inUsage = [...usage.matchAll(/^ {2}(--[a-z-]+)/gm)]
      .map(([, flag]) => flag)
      .filter((flag) => flag !== "--help");
    const inPage = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag);
    expect(inPage.sort()).to.deep.equal(inUsage.sort());
  });
});
