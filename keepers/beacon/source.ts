/** Where signatures of rounds come from. Whatever a source gives is verified before it is used. */
import type { Hex } from "viem";
import { signRound } from "../../sdk/drand/bls.ts";
import { bn254 } from "@noble/curves/bn254.js";
import { errorLine } from "../runtime/errors.ts";

export type RoundSource = {
  /** The signature over a round, unverified; undefined while the source does not have it. Rejects when it cannot be asked. */
  signature(round: bigint, signal?: AbortSignal): Promise<Hex | undefined>;
};

/** No source gave a signature that could be used; the message says why, source by source. */
export class RoundSourceError extends Error {
  override readonly name = "RoundSourceError";
}

export type DrandSourceOptions = {
  readonly url: string;
  /** Names the network in drand's API, 64 hex digits. */
  readonly chainHash: string;
  readonly timeoutMs: number;
};

/** Enough for any answer of the API, with room. */
const maxBodyBytes = 4_096;

const readBounded = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > maxBodyBytes) throw new RoundSourceError(`the answer has more than ${maxBodyBytes} bytes`);
    text += decoder.decode(chunk as Uint8Array, { stream: true });
  }
  return text + decoder.decode();
};

const parseAnswer = (text: string, round: bigint): Hex => {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch (cause) {
    throw new RoundSourceError("the answer is not JSON", { cause });
  }
  const { round: given, signature } = (typeof answer === "object" && answer !== null ? answer : {}) as Record<
    string,
    unknown
  >;
  if (!Number.isSafeInteger(given) || BigInt(given as number) !== round)
    throw new RoundSourceError("the answer is of another round");
  if (typeof signature !== "string" || !/^[0-9a-fA-F]{128}$/.test(signature))
    throw new RoundSourceError("the answer has no signature of 64 bytes");
  return `0x${signature.toLowerCase()}`;
};

/** A source over drand's HTTP API: `GET {url}/{chain hash}/public/{round}`. */
export const drandSource = ({ url, chainHash, timeoutMs }: DrandSourceOptions): RoundSource => ({
  signature: async (round, signal) => {
    const timeout = AbortSignal.timeout(timeoutMs);
    const response = await fetch(`${url.replace(/\/+$/, "")}/${chainHash}/public/${round}`, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      redirect: "error",
      headers: { accept: "application/json" },
    });
    if (response.status === 404 || response.status === 425) {
      await response.body?.cancel();
      return undefined; // not published yet
    }
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new RoundSourceError(`HTTP status ${response.status}`);
    }
    return parseAnswer(await readBounded(response), round);
  },
});

/**
 * The beacon of a private network: signs by itself. The plan asks only for rounds whose time has come; this is where a
 * round that is not due would leak, so it refuses those too.
 *
 * @param roundTimeS when a round is due, Unix seconds
 */
export const localSource = (
  secretKey: bigint,
  { roundTimeS, nowMs }: { roundTimeS: (round: bigint) => bigint; nowMs: () => number },
): RoundSource => {
  if (secretKey < 1n || secretKey >= bn254.fields.Fr.ORDER)
    throw new RangeError("The beacon's secret key must be within 1 and the order of the curve.");
  return {
    signature: async (round) => {
      if (BigInt(Math.floor(nowMs() / 1_000)) < roundTimeS(round)) return undefined;
      return signRound(secretKey, round);
    },
  };
};

/**
 * Several sources, asked one after another until one gives a signature that `isValid` accepts; starts with the one that
 * answered last. Undefined when none has the round yet; rejects with RoundSourceError when none is usable.
 */
export const firstValid = (
  sources: readonly { readonly name: string; readonly source: RoundSource }[],
  isValid: (round: bigint, signature: Hex) => boolean,
): RoundSource => {
  let preferred = 0;
  return {
    signature: async (round, signal) => {
      const faults: string[] = [];
      for (let i = 0; i < sources.length; i++) {
        const index = (preferred + i) % sources.length;
        const one = sources[index];
        if (one === undefined) continue;
        try {
          const signature = await one.source.signature(round, signal);
          if (signature === undefined) continue;
          if (!isValid(round, signature)) throw new RoundSourceError("the signature is not the beacon's");
          preferred = index;
          return signature;
        } catch (error) {
          signal?.throwIfAborted();
          faults.push(`${one.name}: ${errorLine(error)}`);
        }
      }
      if (faults.length > 0) throw new RoundSourceError(`round ${round}: ${faults.join("; ")}`);
      return undefined;
    },
  };
};
