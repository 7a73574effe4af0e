import { expect } from "chai";
import { parse } from "yaml";
import type { z } from "zod";
import { settingsOf } from "../../keepers/config.ts";
import { settingsSchema } from "../../keepers/settings.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/operator-guide.md";

/** Every setting of the schema by its name, such as `chain.id`. Sections are objects, behind their defaults. */
function namesIn(schema: z.core.$ZodType, path: readonly string[] = []): string[] {
  const { def } = schema._zod;
  if ("innerType" in def && def.type !== "optional") return namesIn(def.innerType as z.core.$ZodType, path);
  if (!("shape" in def)) return [path.join(".")];
  const fields = Object.entries(def.shape as Record<string, z.core.$ZodType>);
  return fields.flatMap(([name, field]) => namesIn(field, [...path, name]));
}

const namesOf = (value: object, path = ""): string[] =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner) ? namesOf(inner, `${name}.`) : [path + name],
  );

/** Settings with the defaults that the table gives: those of several settings have commas between. */
const defaultsInTable = (): readonly (readonly [name: string, text: string])[] =>
  [...textOf(page).matchAll(/^\| (`[a-z]+\.\w+`(?:, `[a-z]+\.\w+`)*) \| ([^|]*)\|/gm)].flatMap(
    ([, names = "", texts = ""]) => {
      const values = texts.trim().split(", ");
      return [...names.matchAll(/`([\w.]+)`/g)].map(([, name = ""], i) => [name, values[i] ?? ""] as const);
    },
  );

describe("The operator guide", () => {
  const written = new Set([...textOf(page).matchAll(/`([a-z]+\.\w+)`/g)].map(([, name]) => name));
  const inExample = namesOf(parse(blocksOf(page, "yaml")[0] ?? "") as object);
  const all = namesIn(settingsSchema);

  it("names every setting, and no other", () => {
    expect(all).to.include.members(["jobs", "chain.id", "once.waitMs"]);
    expect(all.filter((name) => !written.has(name) && !inExample.includes(name))).to.deep.equal([]);
    const told = [...inExample, ...defaultsInTable().map(([name]) => name)];
    expect(told.filter((name) => !all.includes(name))).to.deep.equal([]);
  });

  it("gives the defaults that hold", () => {
    const chain = { id: 1, rpcUrls: ["http://127.0.0.1"], escrow: `0x${"11".repeat(20)}`, startBlock: 0 };
    const key = { privateKey: `0x${"22".repeat(32)}` };
    const settings = settingsOf({ jobs: ["settler"], chain, store: { path: ":memory:" }, key });
    let compared = 0;
    for (const [name, text] of defaultsInTable()) {
      const [section = "", field = ""] = name.split(".");
      const value = (settings as unknown as Record<string, Record<string, unknown>>)[section]?.[field];
      if (!["string", "number", "bigint", "boolean"].includes(typeof value) || name === "beacon.chainHash") continue;
      if (name === "chain.escrow" || name === "chain.startBlock") continue; // given above
      expect(String(value), name).to.equal(text);
      compared += 1;
    }
    expect(compared).to.be.greaterThan(35);
  });
});
