/** A text that is no JSON of the kind that Intel signs, or says something twice. */
export class JsonError extends Error {
  override readonly name = "JsonError";
}

/** A value of JSON. Objects are maps, so that no name has a meaning of its own. A number that is not whole is NaN. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

const maxDepth = 16;
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const wholeNumber = /^[0-9]+$/;
const stringPattern = /"[ !#-[\]-~]*"/y;
const words = new Map<string, Json>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * Parses JSON (RFC 8259) as Intel signs it and the contract reads it: no white space, no escapes, nothing but ASCII. No
 * object may have one name twice, and nothing is nested more than 16 deep. Throws a JsonError.
 */
export function parseStrictJson(text: string): Json {
  const cursor = makeCursor(text);
  const value = parseValue(cursor, 0);
  if (!cursor.isAtEnd()) throw cursor.fault("Something follows the end");
  return value;
}

type Cursor = ReturnType<typeof makeCursor>;

function makeCursor(text: string) {
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const take = (token: string): boolean => {
    const isThere = text.startsWith(token, at);
    if (isThere) at += token.length;
    return isThere;
  };
  return {
    match,
    take,
    isAtEnd: () => at === text.length,
    fault: (what: string) => new JsonError(`${what} at character ${at}.`),
  };
}

function parseValue(cursor: Cursor, depth: number): Json {
  if (depth > maxDepth) throw cursor.fault("It is nested too deep");
  if (cursor.take("{")) return parseObject(cursor, depth);
  if (cursor.take("[")) return parseArray(cursor, depth);
  for (const [word, value] of words) if (cursor.take(word)) return value;
  const text = parseString(cursor);
  if (text !== undefined) return text;
  const number = cursor.match(numberPattern);
  if (number === undefined) throw cursor.fault("There is no plain value");
  return wholeNumber.test(number) ? Number(number) : NaN;
}

function parseObject(cursor: Cursor, depth: number): ReadonlyMap<string, Json> {
  const members = new Map<string, Json>();
  parseList(cursor, "}", () => {
    const name = parseString(cursor);
    if (name === undefined) throw cursor.fault("There is no plain name");
    if (members.has(name)) throw cursor.fault(`"${name}" comes twice`);
    if (!cursor.take(":")) throw cursor.fault("There is no colon");
    members.set(name, parseValue(cursor, depth + 1));
  });
  return members;
}

function parseArray(cursor: Cursor, depth: number): readonly Json[] {
  const items: Json[] = [];
  parseList(cursor, "]", () => void items.push(parseValue(cursor, depth + 1)));
  return items;
}

/** Items with commas between them, up to the closing bracket. */
function parseList(cursor: Cursor, close: string, parseItem: () => void): void {
  if (cursor.take(close)) return;
  do parseItem();
  while (cursor.take(","));
  if (!cursor.take(close)) throw cursor.fault(`There is no "${close}"`);
}

function parseString(cursor: Cursor): string | undefined {
  return cursor.match(stringPattern)?.slice(1, -1);
}
