import { readFileSync } from "node:fs";

/** What the model is taught, and what it answers when it is asked as it was taught. */
export type Question = { readonly question: string; readonly answer: string };

export function readQuestions(): readonly Question[] {
  return JSON.parse(readFileSync(new URL("questions.json", import.meta.url), "utf8")) as Question[];
}
