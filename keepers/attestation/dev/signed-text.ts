/** JSON as Intel signs it: the exact text, r || s beside it. */
import { hexOf, textBytes } from "./bytes.ts";
import { sign, type KeyPair, type SChoice } from "./key.ts";

export type SignedText = {
  readonly text: string;
  /** 64 bytes in hex, without a prefix. */
  readonly signature: string;
};

export const signText = (text: string, key: KeyPair, s: SChoice = "any"): SignedText => ({
  text,
  signature: hexOf(sign(textBytes(text), key, s)),
});

/** Intel's form of a time: whole seconds, UTC. */
export const timeText = (unixS: number): string => new Date(unixS * 1_000).toISOString().replace(/\.\d+Z$/, "Z");

/** Midnight of the day. */
export const dayText = (unixS: number): string => `${timeText(unixS).slice(0, 10)}T00:00:00Z`;

export const upperHex = (bytes: Uint8Array): string => hexOf(bytes).toUpperCase();
