import { Argument, Command } from "commander";
import { type Address, encodeFunctionData } from "viem";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { guardianRole } from "../../sdk/governance/guarded.ts";
import { parseDuration } from "../../sdk/governance/values.ts";
import type { Call } from "../../sdk/client/send.ts";
import { act, type Intent, type SendingOptions } from "../cli/act.ts";
import type { Io } from "../cli/io.ts";
import { sending } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import type { Session } from "../cli/session.ts";
import { dateOf } from "../cli/text.ts";
import { authorityOf, type Governance, openGovernance } from "../governance/contracts.ts";
import { type GovernedSettings, readSettings } from "../governance/settings.ts";
import { UsageError } from "./usage-error.ts";

const kinds = ["requests", "registrations"] as const;
type Kind = (typeof kinds)[number];

const longestS = 604_800n;

const kindArgument = (): Argument => new Argument("<what>", "what").choices([...kinds]);

const callOf = ({ addresses }: Governance, kind: Kind, untilS: bigint): Call =>
  kind === "requests"
    ? {
        action: "Cannot pause requests",
        to: addresses.escrow,
        data: encodeFunctionData({ abi: requestEscrowAbi, functionName: "pauseRequests", args: [untilS] }),
      }
    : {
        action: "Cannot pause registrations",
        to: addresses.taskRegistry,
        data: encodeFunctionData({ abi: taskRegistryAbi, functionName: "pauseRegistrations", args: [untilS] }),
      };

const pausedUntil = (settings: GovernedSettings, kind: Kind): bigint =>
  kind === "requests" ? settings.requestsPausedUntilS : settings.registrationsPausedUntilS;

/** Throws UsageError for a time that is none, is past, or is more than a week ahead. */
const untilOf = (text: string, nowS: bigint): bigint => {
  const duration = parseDuration(text);
  const moment = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?Z)?$/.test(text) ? Date.parse(text) : NaN;
  const untilS =
    duration !== undefined && /[smhd]$/.test(text)
      ? nowS + duration
      : Number.isNaN(moment)
        ? undefined
        : BigInt(moment / 1_000);
  if (untilS === undefined)
    throw new UsageError(
      `"${text}" is no time: give how long, such as 12h or 2d, or until when, such as 2027-01-31T12:00Z.`,
    );
  if (untilS > nowS && untilS <= nowS + longestS) return untilS;
  throw new UsageError(
    `${dateOf(untilS)} is not within the next 7 days: a pause lasts at most ${longestS / 86_400n} days, and now is ${dateOf(nowS)}.`,
  );
};

const requireGuardian = async (governance: Governance, caller: Address): Promise<void> => {
  const read = { ...authorityOf(governance), functionName: "hasRole", args: [guardianRole, caller] } as const;
  const [isGuardian] = await governance.session.context.publicClient.readContract(read);
  if (!isGuardian)
    throw new UsageError(`${caller} is not the guardian: only the guardian pauses. atoma governance show says who is.`);
};

const open = async (io: Io, session: Session, caller: Address, kind: Kind) => {
  const governance = await openGovernance(session);
  await requireGuardian(governance, caller);
  const [settings, nowS] = await Promise.all([readSettings(io, governance), chainNowS(session)]);
  return { governance, nowS, currentS: pausedUntil(settings, kind) };
};

const restS = 604_800n;

/** `atoma governance pause`. */
export function pauseCommand(io: Io): Command {
  const command = new Command("pause")
    .description("Pauses new requests, or new tasks and subscriptions, for at most a week. By the guardian")
    .addArgument(kindArgument())
    .argument("<until>", "how long (12h, 2d), or until when (2027-01-31T12:00Z)");
  return sending(command).action(async (kind: Kind, until: string, options: SendingOptions) =>
    io.exit(await act(io, options, (session, { address }) => intendPause(io, session, address, kind, until))),
  );
}

const intendPause = async (io: Io, session: Session, caller: Address, kind: Kind, text: string): Promise<Intent> => {
  const { governance, nowS, currentS } = await open(io, session, caller, kind);
  const untilS = untilOf(text, nowS);
  const shortens = currentS >= nowS && untilS <= currentS;
  if (!shortens && currentS !== 0n && nowS <= currentS + restS)
    throw new UsageError(
      `The last pause ${currentS >= nowS ? "ends" : "ended"} ${dateOf(currentS)}, and after it everything stays open for a week: pause again after ${dateOf(currentS + restS)}.`,
    );
  return {
    plan: {
      title: `Pause ${kind} until ${dateOf(untilS)}:`,
      calls: [callOf(governance, kind, untilS)],
      warnings: ["After its end everything stays open for seven days: it cannot be paused again before."],
    },
    done: () => ({ sentence: `New ${kind} are refused until ${dateOf(untilS)}.`, kind, untilS }),
  };
};

/** `atoma governance lift`. */
export function liftCommand(io: Io): Command {
  const command = new Command("lift").description("Ends a pause now. By the guardian").addArgument(kindArgument());
  return sending(command).action(async (kind: Kind, options: SendingOptions) =>
    io.exit(await act(io, options, (session, { address }) => intendLift(io, session, address, kind))),
  );
}

const intendLift = async (io: Io, session: Session, caller: Address, kind: Kind): Promise<Intent> => {
  const { governance, nowS, currentS } = await open(io, session, caller, kind);
  if (currentS < nowS) return { no: `New ${kind} are not paused.` };
  return {
    plan: { title: `Lift the pause of ${kind}:`, calls: [callOf(governance, kind, 0n)] },
    done: () => ({ sentence: `New ${kind} are open.`, kind }),
  };
};
