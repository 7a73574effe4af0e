import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Address, type Hex, hexToNumber, numberToHex, parseTransaction } from "viem";
import { replaceFile } from "./files.ts";
import { linesOf, type Outbox, type Signed } from "./outbox.ts";
import { feeNow, type Provider } from "./rpc.ts";

/** A line of Ignition's journal, as far as it matters here. */
type Line = {
  readonly type: string;
  readonly futureId?: string;
  readonly networkInteractionId?: number;
  readonly nonce?: number;
  readonly networkInteraction?: { readonly id: number; readonly to?: Address; readonly data: Hex };
};

/** A transaction that a node has; fees in wei. */
type Sent = { readonly hash: Hex; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint };

export type MendInput = {
  readonly folder: string;
  readonly outbox: Outbox;
  /** A node that holds the deployer's key, or seems to. */
  readonly provider: Provider;
  readonly deployer: Address;
};

/**
 * Makes a journal whole that a crash left between the preparation of a transaction and the note of its hash. Ignition refuses
 * to go on from there, as it cannot know what was sent; the outbox does. A transaction that was signed is sent again, which
 * changes nothing where it arrived before; one that was never signed is signed now, with the nonce that it had been given, so
 * that every address stays what it was going to be. Where something else took that nonce, Ignition prepares it anew.
 *
 * @returns one sentence for each thing that was mended
 */
export async function mendJournal(input: MendInput): Promise<string[]> {
  const path = join(input.folder, "journal.jsonl");
  if (!existsSync(path)) return [];
  dropTornAddresses(input.folder);
  const text = readFileSync(path, "utf8");
  const lines = linesOf(text) as Line[];
  const open = openPreparations(lines);
  const isTorn = text.split("\n").filter((line) => line.trim() !== "").length !== lines.length;
  if (open.length === 0 && !isTorn) return [];
  const done: string[] = isTorn ? ["A half-written line of the journal was dropped."] : [];
  let mended: readonly Line[] = lines;
  for (const line of open) {
    const signed = await findOrResend(input, line.nonce ?? -1);
    const sent = signed === undefined ? await sendNow(input, lines, line) : sentOf(signed);
    if (sent === undefined) mended = mended.filter((other) => other !== line);
    else mended = [...mended, sentLine(line, sent)];
    done.push(`${line.futureId ?? "?"}: ${sent === undefined ? "is prepared anew" : `goes on with ${sent.hash}`}.`);
  }
  replaceFile(path, mended.map((line) => `\n${JSON.stringify(line)}`).join(""));
  return done;
}

/** Ignition repeats the addresses of the journal in a file of their own, which a crash can cut off. */
function dropTornAddresses(folder: string): void {
  const path = join(folder, "deployed_addresses.json");
  if (!existsSync(path)) return;
  try {
    JSON.parse(readFileSync(path, "utf8"));
  } catch {
    rmSync(path);
  }
}

/** Preparations that no hash was noted for. */
function openPreparations(lines: readonly Line[]): Line[] {
  return lines.filter((line, i) => {
    if (line.type !== "TRANSACTION_PREPARE_SEND") return false;
    const isAnswer = (later: Line): boolean =>
      later.futureId === line.futureId && later.networkInteractionId === line.networkInteractionId;
    return !lines.slice(i + 1).some((later) => later.type === "TRANSACTION_SEND" && isAnswer(later));
  });
}

/** The transaction of this nonce that the network has, after sending the last one again; undefined if it has none of ours. */
async function findOrResend({ outbox, provider, deployer }: MendInput, nonce: number): Promise<Signed | undefined> {
  const ours = outbox.all().filter((signed) => signed.nonce === nonce);
  const known = await firstKnown(provider, ours);
  if (known !== undefined) return known;
  const last = ours.at(-1);
  if (last === undefined) return undefined;
  // refused, or not answered: the question below says whether it matters
  await provider.request({ method: "eth_sendRawTransaction", params: [last.raw] }).catch(() => undefined);
  const resent = await firstKnown(provider, ours);
  if (resent !== undefined) return resent;
  if ((await nonceOf(provider, deployer)) > nonce) return undefined; // taken by another one: ours can never be mined
  throw new Error(
    `The node refuses transaction ${last.hash} (nonce ${nonce}), which may be known elsewhere. Is there enough ether? Run this again.`,
  );
}

async function nonceOf(provider: Provider, account: Address): Promise<number> {
  return hexToNumber(
    (await provider.request({ method: "eth_getTransactionCount", params: [account, "latest"] })) as Hex,
  );
}

/** What Ignition asked to be sent where it prepared this. */
function wantedAt(lines: readonly Line[], { futureId, networkInteractionId }: Line): Line["networkInteraction"] {
  const isAsked = (one: Line): boolean =>
    one.futureId === futureId && one.networkInteraction?.id === networkInteractionId;
  return lines.find(isAsked)?.networkInteraction;
}

/** Signs and sends what was prepared, or lets the node do it; undefined where its nonce is taken or the node refuses it. */
async function sendNow(input: MendInput, lines: readonly Line[], line: Line): Promise<Sent | undefined> {
  const { outbox, provider, deployer } = input;
  const { futureId, nonce = -1 } = line;
  const wanted = wantedAt(lines, line);
  if (wanted === undefined || (await nonceOf(provider, deployer)) > nonce) return undefined;
  const { to, data } = wanted;
  const transaction = { from: deployer, data, nonce: numberToHex(nonce), ...(to === undefined ? {} : { to }) };
  try {
    const gas = await provider.request({ method: "eth_estimateGas", params: [transaction] });
    const feeWei = await feeNow(provider);
    const [maxFeePerGas, maxPriorityFeePerGas] = [feeWei * 2n, feeWei / 10n];
    const fees = {
      maxFeePerGas: numberToHex(maxFeePerGas),
      maxPriorityFeePerGas: numberToHex(maxPriorityFeePerGas),
    };
    const params = [{ ...transaction, gas, ...fees }];
    const hash = (await provider.request({ method: "eth_sendTransaction", params })) as Hex;
    return { hash, maxFeePerGas, maxPriorityFeePerGas };
  } catch (cause) {
    // a transaction that may have been sent is in the outbox, and found the next time
    if (outbox.all().some((signed) => signed.nonce === nonce))
      throw new Error(`${futureId ?? "?"} could not be sent.`, { cause });
    return undefined;
  }
}

async function firstKnown(provider: Provider, candidates: readonly Signed[]): Promise<Signed | undefined> {
  for (const signed of candidates) {
    const found = await provider.request({ method: "eth_getTransactionByHash", params: [signed.hash] });
    if (found !== null && found !== undefined) return signed;
  }
  return undefined;
}

function sentOf({ hash, raw }: Signed): Sent {
  const { maxFeePerGas = 0n, maxPriorityFeePerGas = 0n } = parseTransaction(raw);
  return { hash, maxFeePerGas, maxPriorityFeePerGas };
}

/** The line that Ignition would have written. */
function sentLine({ futureId, networkInteractionId, nonce }: Line, sent: Sent): Line {
  const { hash, maxFeePerGas, maxPriorityFeePerGas } = sent;
  const bigint = (value: bigint) => ({ _kind: "bigint", value: value.toString() });
  const fees = { maxFeePerGas: bigint(maxFeePerGas), maxPriorityFeePerGas: bigint(maxPriorityFeePerGas) };
  const message = { futureId, networkInteractionId, nonce, transaction: { fees, hash }, type: "TRANSACTION_SEND" };
  return message as Line; // what prepares a transaction names its future, interaction and nonce
}
