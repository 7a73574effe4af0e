import type { Tables } from "./markdown.ts";

/** Where a table stands on the page: between these lines. */
const startOf = (name: string) => `<!-- table ${name}: made by \`npm run bench:table -- --write\` -->`;
const end = "<!-- end of table -->";

/** The page with each of its tables made anew. Throws if the page lacks the place of one. */
export function withTables(page: string, tables: Tables): string {
  return Object.entries(tables).reduce((text, [name, table]) => {
    const from = text.indexOf(startOf(name));
    const to = text.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`The page has no place for the table ${name}: "${startOf(name)}".`);
    return `${text.slice(0, from)}${startOf(name)}\n\n${table}\n\n${text.slice(to)}`;
  }, page);
}
