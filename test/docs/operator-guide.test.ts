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
  if ("element" in def && "shape" in (def.element as z.core.$ZodType)._zod.def)
    return namesIn(def.element as z.core.$ZodType, path);
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
  [...textOf(page).matchAll(/^\| (`[a-z]+(?:\.\w+)+`(?:, `[a-z]+(?:\.\w+)+`)*) \| ([^|]*)\|/gm)].flatMap(
    ([, names = "", texts = ""]) => {
      const values = texts.trim().split(", ");
      return [...names.matchAll(/`([\w.]+)`/g)].map(([, name = ""], i) => [name, values[i] ?? ""] as const);
    },
  );

/** The value at a path of names; of lists, in their first item. */
const valueAt = (value: unknown, name: string): unknown =>
  name.split(".").reduce<unknown>((at, field) => {
    const one: unknown = Array.isArray(at) ? at[0] : at;
    return typeof one === "object" && one !== null ? (one as Record<string, unknown>)[field] : undefined;
  }, value);

describe("The operator guide", () => {
  const written = new Set([...textOf(page).matchAll(/`([a-z]+(?:\.\w+)+)`/g)].map(([, name]) => name));
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
    const models = [{ manifest: "m", servedAs: "s", backends: [{ url: "http://127.0.0.1" }] }];
    const settings = settingsOf({ jobs: ["settler"], chain, store: { path: ":memory:" }, key, models });
    let compared = 0;
    for (const [name, text] of defaultsInTable()) {
      const value = valueAt(settings, name);
      if (!["string", "number", "bigint", "boolean"].includes(typeof value) || name === "beacon.chainHash") continue;
      const isGiven = ["chain.escrow", "chain.startBlock", "models.manifest", "models.servedAs", "models.backends.url"];
      if (isGiven.includes(name)) continue; // above
      expect(String(value), name).to.equal(text);
      compared += 1;
    }
    expect(compared).to.be.greaterThan(35);
  });
});
