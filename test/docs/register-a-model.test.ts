import { expect } from "chai";
import { modelCommand } from "../../keepers/commands/model.ts";
import { taskCommand } from "../../keepers/commands/task.ts";
import { parseManifest } from "../../keepers/models/manifest.ts";
import { blocksOf, textOf } from "./pages.ts";

const page = "docs/register-a-model.md";

/** `files[].path` for every value of a manifest, and for the objects that hold them nothing. */
const namesIn = (value: object, before = ""): readonly string[] =>
  Object.entries(value).flatMap(([name, inner]: [string, unknown]) => {
    const path = `${before}${name}`;
    if (path === "runtime.settings") return [path];
    if (Array.isArray(inner) && typeof inner[0] === "object")
      return [path, ...namesIn(inner[0] as object, `${path}[].`)];
    return typeof inner === "object" && inner !== null && !Array.isArray(inner) ? namesIn(inner, `${path}.`) : [path];
  });

describe("The publisher's guide to models", () => {
  const [example = ""] = blocksOf(page, "json");
  const manifest = parseManifest(new TextEncoder().encode(example));
  const rows = [...(textOf(page).split("## The manifest")[1]?.split("\n## ")[0] ?? "").matchAll(/^\| (`[^|]+`) \|/gm)]
    .flatMap(([, names = ""]) => [...names.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name)); // prettier-ignore

  it("has a whole manifest, and a row for each of its fields", () => {
    const optional = ["generation.system", "generation.dimensions"];
    expect(rows).to.have.members([...namesIn(manifest), ...optional]);
    const full = { ...manifest, generation: { ...manifest.generation, system: "x", dimensions: 1 } };
    parseManifest(new TextEncoder().encode(JSON.stringify(full)));
  });

  it("gives the bounds of numbers as they hold", () => {
    const bounds = [
      ["seed", 0, 2_147_483_647],
      ["maxTokens", 1, 1_048_576],
      ["maxInputBytes", 1, 16_777_216],
      ["dimensions", 1, 65_536],
    ] as const;
    for (const [name, least, most] of bounds) {
      const text = `| \`generation.${name}\` | ${least} to ${most.toLocaleString("en")}`;
      expect(textOf(page)).to.contain(text);
      const read = (value: number) => () =>
        parseManifest(new TextEncoder().encode(JSON.stringify({ ...manifest, generation: { ...manifest.generation, [name]: value } }))); // prettier-ignore
      for (const value of [least, most]) expect(read(value), `${name} ${value}`).not.to.throw();
      for (const value of [least - 1, most + 1]) expect(read(value), `${name} ${value}`).to.throw(name);
    }
  });

  it("uses options that its commands have, and names every command", () => {
    const groups = { model: modelCommand(), task: taskCommand() };
    const calls = [
      ...textOf(page)
        .replaceAll("\\\n", " ")
        .matchAll(/npm run --silent atoma -- (model|task) (\w+) (.*)/g),
    ];
    expect(calls).to.have.length(2);
    for (const [, group, name, rest = ""] of calls) {
      const command = groups[group as "model" | "task"].commands.find((one) => one.name() === name);
      const known = command?.options.map(({ long }) => long) ?? [];
      for (const [option] of rest.matchAll(/--[a-z0-9-]+/g)) expect(known, `${group} ${name}`).to.include(option);
    }
    const named = [...textOf(page).matchAll(/`atoma model (\w+)`/g)].map(([, name]) => name);
    expect(named).to.include.members(groups.model.commands.map((one) => one.name()));
  });
});
