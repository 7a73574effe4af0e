import { Command } from "commander";
import type { Address } from "viem";
import { say } from "../cli/act.ts";
import { type ConsentFor, makeConsent } from "../cli/consent.ts";
import type { Io } from "../cli/io.ts";
import { connected, counting, parseAddress, parseCount } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, type Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { openHotKey, type SignerOptions } from "../cli/wallet.ts";
import { loadInstances } from "../config.ts";
import { UsageError } from "./usage-error.ts";

type Options = ConnectionOptions &
  SignerOptions & { owner: Address; days: bigint; chainId?: bigint; registry?: Address };

/** `atoma node consent`: run on the machine with the hot key, which never leaves it. Sends nothing. */
export function nodeConsentCommand(io: Io): Command {
  const command = new Command("consent")
    .description(
      "Has the hot key agree to sign for a node of an owner. For `node register --consent` and `node rotate --consent`",
    )
    .requiredOption("--owner <address>", "the node's owner: the key that pays for the registration", parseAddress)
    .addOption(counting("--days <count>", "how long it holds", 7n))
    .option("--chain-id <id>", "with --registry: needs no connection", parseCount)
    .option("--registry <address>", "the node registry of the instance", parseAddress)
    .option("--signer-keystore <file>", "the hot key. Else ATOMA_SIGNER_PRIVATE_KEY, or the key of --config")
    .option("--signer-password-file <file>", "its password");
  return connected(command).action(async (options: Options) => io.exit(await consent(io, options)));
}

type Where = Pick<ConsentFor, "chainId" | "registry"> & { readonly nowS: bigint };

/** Without a connection the machine's own clock counts. */
const whereOf = async (options: Options, open: () => Promise<Session>): Promise<Where> => {
  const { chainId, registry } = options;
  if (chainId !== undefined && registry !== undefined)
    return { chainId, registry, nowS: BigInt(Math.floor(Date.now() / 1_000)) };
  if (chainId !== undefined || registry !== undefined) throw new UsageError("Give --chain-id and --registry together.");
  const session = await open();
  const { chainId: id, nodeRegistry } = session.context.deployment;
  return { chainId: id, registry: nodeRegistry, nowS: await chainNowS(session) };
};

const consent = async (io: Io, options: Options): Promise<number> => {
  const { chainId, registry, nowS } = await whereOf(options, () => openSession(io, options));
  const [settings] = options.config === undefined ? [] : loadInstances(options.config); // all have the same key
  const hot = await openHotKey(io, settings === undefined ? {} : { settings }, options);
  if (hot === undefined)
    throw new UsageError(
      "Name the hot key: --signer-keystore and --signer-password-file, ATOMA_SIGNER_PRIVATE_KEY, or --config.",
    );
  const deadlineS = nowS + options.days * 86_400n;
  const made = await makeConsent(hot, { chainId, registry, owner: options.owner, deadlineS });
  const sentence = `${made.signer} agrees to sign for a node of ${made.owner} until ${dateOf(deadlineS)}:\n  ${made.consent}`;
  for (const line of options.json === true ? [sentence] : sentence.split("\n"))
    say(io, options.json, { sentence: line, ...made });
  return 0;
};
