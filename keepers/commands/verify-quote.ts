import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError } from "commander";
import { bytesToHex, type Hex } from "viem";
import { fromHexDigits } from "../../sdk/attestation/bytes.ts";
import { isStatus, type Status, statuses } from "../../sdk/attestation/status.ts";
import { verifyQuote } from "../../sdk/attestation/verify-quote.ts";
import { UsageError } from "./usage-error.ts";
import { explainVerdict } from "./verify-quote-text.ts";

type Options = {
  readonly quote: string;
  readonly collateral: string;
  readonly at?: number;
  readonly allow: readonly Status[];
  readonly rootKey?: Uint8Array;
  readonly serviceTd: readonly Hex[];
  readonly json?: boolean;
};

/** No chain accepts a revoked machine. */
const allowable = statuses.filter((status) => status !== "Revoked");

/** `atoma verify-quote`: what a quote is worth. Exit status 0 if it is accepted, 1 if it is rejected. */
export function verifyQuoteCommand(): Command {
  return new Command("verify-quote")
    .description(
      "Verifies a DCAP quote of Intel SGX or TDX (versions 3, 4, 5) with Intel's collateral, offline. Exit status: 0\n" +
        "accepted, 1 rejected, 2 if a file or an argument cannot be used. Docs: docs/attestation.md",
    )
    .requiredOption("--quote <file>", "the quote, in binary or hex")
    .requiredOption(
      "--collateral <file>",
      "Intel's collateral as JSON: tcb_info, qe_identity, their signatures, chains, CRLs",
    )
    .option("--at <unix>", "the clock in unix seconds; now unless given", parseSeconds)
    .option("--allow <statuses>", `TCB statuses to accept, with commas: ${allowable.join(", ")}`, parseStatuses, [
      "UpToDate",
    ])
    .option("--root-key <hex>", "x and y of another root key than Intel's, 64 bytes; for development", parseKey)
    .option(
      "--service-td <hex>",
      "an MRSERVICETD to accept besides zero, 48 bytes; can be repeated",
      parseServiceTd,
      [],
    )
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (options: Options) => void (process.exitCode = await run(options)));
}

async function run({ quote, collateral, at, allow, rootKey, serviceTd, json }: Options): Promise<number> {
  const clock = at ?? Math.floor(Date.now() / 1000);
  const verdict = verifyQuote({
    quote: await readQuote(quote),
    collateral: await readJson(collateral),
    at: clock,
    allowed: allow,
    serviceTds: serviceTd,
    ...(rootKey === undefined ? {} : { rootKey }),
  });
  process.stdout.write(
    json === true ? `${JSON.stringify({ ...verdict, at: clock })}\n` : explainVerdict(verdict, clock),
  );
  return verdict.verdict === "accept" ? 0 : 1;
}

/** A file of hex digits, with or without 0x, or of raw bytes: no quote in binary consists of hex digits. */
async function readQuote(path: string): Promise<Uint8Array> {
  const bytes = await read(path);
  if (bytes.length === 0) throw new UsageError(`${path} is empty. It must hold the quote, in binary or hex.`);
  const text = new TextDecoder("latin1").decode(bytes).trim();
  return fromHexDigits(text.replace(/^0x/, "")) ?? bytes;
}

async function readJson(path: string): Promise<unknown> {
  const text = new TextDecoder().decode(await read(path));
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageError(`${path} is not JSON: ${String(cause)}`, { cause });
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw new UsageError(`Cannot read ${path}: ${String(cause)}`, { cause });
  }
}

function parseSeconds(text: string): number {
  if (/^[0-9]{1,11}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be unix seconds, such as 1751624191.");
}

function parseStatuses(text: string): Status[] {
  return text.split(",").map((status) => {
    if (isStatus(status) && status !== "Revoked") return status;
    throw new InvalidArgumentError(`Statuses are ${allowable.join(", ")}.`);
  });
}

function parseKey(text: string): Uint8Array {
  const key = fromHexDigits(text.replace(/^0x/, ""));
  if (key?.length === 64) return key;
  throw new InvalidArgumentError("It must be 64 bytes in hex: x, then y.");
}

function parseServiceTd(text: string, before: readonly Hex[]): Hex[] {
  const measurement = fromHexDigits(text.replace(/^0x/, ""));
  if (measurement?.length === 48) return [...before, bytesToHex(measurement)];
  throw new InvalidArgumentError("It must be 48 bytes in hex.");
}
