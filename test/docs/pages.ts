/** Reads the documentation as a reader would: blocks of code, commands, links. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);

/** Absolute path of a file of the project. */
export const pathOf = (path: string): string => fileURLToPath(new URL(path, root));

/** Text of a file of the project. */
export const textOf = (path: string): string => readFileSync(pathOf(path), "utf8");

/** All pages, as paths from the project's root. */
export const pages = (): readonly string[] => [
  "README.md",
  "CHANGELOG.md",
  ...readdirSync(pathOf("docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`)
    .sort(),
];

/** The blocks of code in one language, in order. */
export const blocksOf = (page: string, language: string): readonly string[] =>
  [...textOf(page).matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(([, block = ""]) => block);

/** Names of the npm scripts that a page tells its reader to run. */
export const scriptsIn = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/\bnpm (?:run (?:--silent )?([a-z][a-z:-]*)|(start|test)\b)/g)].map(
    ([, script, short]) => script ?? short ?? "",
  );

/** Targets of the links that lead to files of the project. */
export const localLinksIn = (page: string): readonly string[] =>
  [...textOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
