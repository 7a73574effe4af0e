/** Text for terminals and programs. What strangers wrote on the chain cannot steer a terminal through it. */

/** C0 and C1 controls, DEL, line separators, and marks that turn or hide text. A tab is one of them. */
const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

const escapeOf = (character: string): string =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`)
    .join("");

/** The text with every control character, line end and invisible mark as \uXXXX. */
export const visible = (text: string): string => text.replaceAll(unsafe, escapeOf);

/** One line of JSON; bigint becomes decimal text. Controls that JSON allows in text are escaped: the value stays the same. */
export const jsonLine = (value: unknown): string =>
  visible(JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? item.toString() : item)));

/** Rows under a head, in columns. A cell never ends a line or a column. */
export const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] => {
  const cells = [head, ...rows].map((row) => row.map(visible));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
};

/** `name   value` lines. */
export const fieldsOf = (fields: Readonly<Record<string, string | undefined>>): readonly string[] => {
  const shown = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
};

/** A moment, given in Unix seconds. Beyond what a date holds it is the number. */
export const dateOf = (unixS: bigint): string =>
  unixS < 8_640_000_000_000n ? new Date(Number(unixS) * 1_000).toISOString().replace(".000Z", "Z") : `${unixS}`;

/** Text of at most `most` characters, with an ellipsis where it was longer. */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 3)}...`;
