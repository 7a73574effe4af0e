import { Template } from "@huggingface/jinja";
import { randomBytes } from "node:crypto";
import type { Message } from "./requests.ts";

/** A part of a prompt. Marks of turns are read as such only in parts `isTemplate`, never in what somebody wrote. */
export type PromptPart = { readonly text: string; readonly isTemplate: boolean };

/** Puts messages into a model's chat template, ready for its answer. Throws what the template throws. */
export function renderChat(template: string, messages: readonly Message[]): PromptPart[] {
  // each content is rendered as a word that nobody can guess, and put in its place afterwards
  const contents = new Map(messages.map(({ content }) => [randomBytes(16).toString("hex"), content]));
  const words = [...contents.keys()];
  const hidden = messages.map(({ role }, i) => ({ role, content: words[i] }));
  const text = new Template(template).render({ messages: hidden, add_generation_prompt: true });
  const pieces = text.split(new RegExp(`(${words.join("|")})`));
  return pieces
    .map((piece) => ({ text: contents.get(piece) ?? piece, isTemplate: !contents.has(piece) }))
    .filter((part) => part.text !== "");
}
