import { Command } from "commander";
import type { Address } from "viem";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { explain } from "../cli/explain.ts";
import { formatAmount } from "../cli/amounts.ts";
import { type Io, processIo } from "../cli/io.ts";
import { connected, counting } from "../cli/options.ts";
import { chainNowS, escrowOf, nodesOf, tasksOf } from "../cli/reads.ts";
import { type ConnectionOptions, openSession, placeOf, type Session } from "../cli/session.ts";
import { dateOf, jsonLine } from "../cli/text.ts";
import { openWallet, type WalletOptions } from "../cli/wallet.ts";
import { ConfigError } from "../config.ts";
import { examine, type Finding, findingLine } from "../doctor.ts";
import { systemClock } from "../runtime/clock.ts";
import { checkEndpoints } from "../runtime/rpc.ts";
import { readBalances } from "./account.ts";

type Options = ConnectionOptions & WalletOptions & { readonly maxHeadAge: bigint };
type Show = (finding: Finding) => void;

/** `atoma doctor`: what a wallet needs, or, with --config, what a keeper needs. */
export function doctorCommand(io: Io = processIo): Command {
  const command = new Command("doctor")
    .description(
      "Looks at the connection, the instance and the wallet, and says what is missing; with --config at everything that the\n" +
        "keeper needs. Exit status: 0 if nothing is missing, 1 if something is",
    )
    .option("--keystore <file>", "the wallet's key. Else ATOMA_KEYSTORE or ATOMA_PRIVATE_KEY")
    .option("--password-file <file>", "password of the keystore. Else ATOMA_PASSWORD_FILE")
    .addOption(counting("--max-head-age <seconds>", "the newest block may be this old; 0 does not look", 120n));
  return connected(command).action(async (options: Options) => io.exit(await doctor(io, options)));
}

const doctor = async (io: Io, options: Options): Promise<number> => {
  const findings: Finding[] = [];
  const show: Show = (finding) => {
    findings.push(finding);
    if (options.json !== true) io.out(findingLine(finding));
  };
  if (options.config === undefined) await look(show, "connection", () => examineWallet(io, options, show));
  else await look(show, "configuration", () => examineKeeper(io, options, show));
  const isFit = findings.every(({ verdict }) => verdict !== "bad");
  if (options.json === true) io.out(jsonLine({ isFit, findings }));
  return isFit ? 0 : 1;
};

/** What cannot be looked at is a finding of its own. */
const look = async (show: Show, name: string, work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems : [explain(error)];
    for (const text of problems) show({ name, verdict: "bad", text });
  }
};

const examineKeeper = async (io: Io, options: Options, show: Show): Promise<void> => {
  const { settings } = placeOf(io, options);
  if (settings === undefined) return;
  show({ name: "configuration", verdict: "ok", text: `${options.config}, jobs ${settings.jobs.join(", ")}` });
  await examine(settings, show);
};

const examineWallet = async (io: Io, options: Options, show: Show): Promise<void> => {
  const session = await openSession(io, options);
  const { instance } = session;
  const age = options.maxHeadAge === 0n ? {} : { maxHeadAgeS: Number(options.maxHeadAge) };
  await look(show, "chain", async () => {
    const unfit = await checkEndpoints(session.rpc.endpoints, { clock: systemClock, ...age });
    const text = unfit.length === 0 ? `chain ${instance.chainId} answers` : `unfit: ${unfit.join("; ")}`;
    show({ name: "chain", verdict: unfit.length === 0 ? "ok" : "warn", text });
  });
  await look(show, "instance", () => examineInstance(session, show));
  await look(show, "wallet", async () => {
    const { address } = await openWallet(io, session, options);
    show({ name: "wallet", verdict: "ok", text: `the key of ${address} can be used` });
    await examineBalances(session, address, show);
  });
};

const examineInstance = async (session: Session, show: Show): Promise<void> => {
  const { publicClient } = session.context;
  const [tasks, nodes, [, pausedUntil], nowS] = await Promise.all([
    publicClient.readContract({ ...tasksOf(session), functionName: "taskCount" }),
    publicClient.readContract({ ...nodesOf(session), functionName: "nodeCount" }),
    publicClient.readContract({ ...escrowOf(session), functionName: "parameters" }),
    chainNowS(session),
  ]);
  const text = `the escrow ${session.instance.escrow} answers: ${nodes} nodes, ${tasks} tasks`;
  if (pausedUntil > nowS)
    show({ name: "instance", verdict: "warn", text: `${text}; new requests are paused until ${dateOf(pausedUntil)}` });
  else show({ name: "instance", verdict: "ok", text });
};

const examineBalances = async (session: Session, account: Address, show: Show): Promise<void> => {
  const { tokens, context, instance } = session;
  const { gas, payment, allowance, inEscrow } = await readBalances(session, account);
  show(
    gas > 0n
      ? { name: "gas", verdict: "ok", text: formatAmount(gas, tokens.gas) }
      : { name: "gas", verdict: "bad", text: `${account} has nothing to pay gas with: send it some` },
  );
  const held = `${formatAmount(inEscrow, tokens.payment)} in the escrow, ${formatAmount(payment, tokens.payment)} in the wallet, of which the escrow may take ${formatAmount(allowance < payment ? allowance : payment, tokens.payment)}`;
  const isEmpty = inEscrow + payment === 0n;
  show({ name: "payment", verdict: isEmpty ? "warn" : "ok", text: isEmpty ? `${held}: requests need some` : held });
  const registry = { address: instance.nodeRegistry, abi: nodeRegistryAbi } as const;
  const nodeId = await context.publicClient.readContract({
    ...registry,
    functionName: "nodeOfSigner",
    args: [account],
  });
  if (nodeId !== 0)
    show({ name: "node", verdict: "warn", text: `this is the hot key of node ${nodeId}: pay with another` });
};
