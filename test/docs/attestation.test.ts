import { expect } from "chai";
import { verifyQuoteCommand } from "../../keepers/commands/verify-quote.ts";
import { adviceOf } from "../../sdk/attestation/evidence-error.ts";
import { tdAttributeBits } from "../../sdk/attestation/report-td.ts";
import { differences } from "../helpers/attestation/differences/all.ts";
import { whoDiffers } from "../helpers/attestation/differences/difference.ts";
import { textOf } from "./pages.ts";

describe("Attestation page", () => {
  const text = textOf("docs/attestation.md");

  it("names every reason to reject, and no other", () => {
    const table = text.split("## Reasons to reject")[1]?.split("\n## ")[0] ?? "";
    const rows = table.split("\n").filter((line) => line.startsWith("| `"));
    const named = rows.flatMap((row) =>
      [...(row.split("|")[1] ?? "").matchAll(/`([a-z-]+)`/g)].map(([, code]) => code),
    );
    expect(named).to.have.members(Object.keys(adviceOf));
  });

  it("names every option of the command", () => {
    const options = verifyQuoteCommand().options.map(({ long }) => long ?? "");
    const rows = [...text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, option]) => option);
    expect(rows).to.have.members(options);
  });

  it("names the attributes that a TD may have", () => {
    expect(text.replace(/\s+/g, " ")).to.contain(`no other bits than ${tdAttributeBits.join(", ")}:`);
  });

  it("names every known difference from other verifiers, and no other", () => {
    const table = text.split("## Differences from other verifiers")[1]?.split("\n\n")[2] ?? "";
    const rows = differences.map((one) => `| ${one.what} | ${whoDiffers(one)} | ${one.they} | ${one.here} |`);
    expect(table.split("\n").slice(2)).to.deep.equal(rows);
  });
});
