/** Options and arguments that several commands share. */
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import { type Address, getAddress, isAddress } from "viem";
import { defaultMaxFeeGwei } from "../settings.ts";
import { feeOf, maxFeeSentence } from "./max-fee.ts";

const maxId = 2n ** 32n - 1n;

/** The id of a node or a task. */
export const parseId = (text: string): bigint => {
  if (/^[1-9][0-9]{0,9}$/.test(text) && BigInt(text) <= maxId) return BigInt(text);
  throw new InvalidArgumentError("An id is a whole number from 1 on.");
};

/** A whole number from 0 on, of at most 15 digits. */
export const parseCount = (text: string): bigint => {
  if (/^(0|[1-9][0-9]{0,14})$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError("It must be a whole number.");
};

/** An option that is a whole number, with a default. */
export const counting = (flags: string, description: string, value: bigint): Option =>
  new Option(flags, description).argParser(parseCount).default(value, value.toString());

const parseFee = (text: string): bigint => {
  const wei = feeOf(text);
  if (wei === undefined) throw new InvalidArgumentError(maxFeeSentence);
  return wei;
};

/** A request's id, or how one begins. */
export const parseRequestId = (text: string): string => {
  if (/^0x[0-9a-fA-F]{1,64}$/.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError("A request's id is 0x and 64 hex digits, or how they begin.");
};

/** An account. */
export const parseAddress = (text: string): Address => {
  if (isAddress(text)) return getAddress(text);
  throw new InvalidArgumentError(
    "It must be an address: 0x and 40 hex digits, with a right checksum if letters are mixed.",
  );
};

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [...(before ?? []), text];

/** Options to reach the network, and --json. */
export const connected = (command: Command): Command =>
  command
    .option("--rpc <url>", "JSON-RPC of the chain; can be repeated. Else ATOMA_RPC", collect)
    .option("--deployment <file>", "JSON with chainId, escrow, startBlock. Else ATOMA_DEPLOYMENT")
    .option("--instance <name>", "which one, where the file names several. Else ATOMA_INSTANCE")
    .option("--config <file>", "settings of a keeper, which say the same")
    .option("--json", "one line of JSON")
    .exitOverride();

/** The same and what sending needs. */
export const sending = (command: Command): Command =>
  connected(command)
    .option("--keystore <file>", "key that pays, an encrypted keystore. Else ATOMA_KEYSTORE or ATOMA_PRIVATE_KEY")
    .option("--password-file <file>", "password of the keystore. Else ATOMA_PASSWORD_FILE")
    .addOption(
      new Option(
        "--max-fee <gwei>",
        `never pay more for a unit of gas; else --config's, or ${defaultMaxFeeGwei}`,
      ).argParser(parseFee),
    )
    .option("--dry-run", "simulate, show what would be sent, send nothing")
    .option("--yes", "send without asking");

/** Options for a node's hot key or for what it signed elsewhere. */
export const consenting = (command: Command): Command =>
  command
    .option("--signer-keystore <file>", "the hot key. Else ATOMA_SIGNER_PRIVATE_KEY, or the key of --config")
    .option("--signer-password-file <file>", "its password")
    .option("--consent <file>", "what `atoma node consent --json` printed on the machine with the hot key");

export const nodeArgument = (): Argument => new Argument("<node>", "id of the node").argParser(parseId);
export const taskArgument = (): Argument => new Argument("<task>", "id of the task").argParser(parseId);
export const requestArgument = (): Argument =>
  new Argument("<request>", "id of the request, or how it begins").argParser(parseRequestId);

/** Which part of a long list. */
export const listed = (command: Command): Command =>
  command
    .addOption(new Option("--after <id>", "only what comes after this id").argParser(parseCount).default(0n, "0"))
    .addOption(new Option("--limit <count>", "at most so many, 1 to 1000").argParser(parseLimit).default(50n, "50"));

const parseLimit = (text: string): bigint => {
  const count = parseCount(text);
  if (count >= 1n && count <= 1_000n) return count;
  throw new InvalidArgumentError("It must be 1 to 1000.");
};
