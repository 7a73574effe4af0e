import { distributeSlash } from "../rules/distribution.ts";
import { panelSeats } from "../rules/panel.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { makeMean } from "../statistics/mean.ts";
import { honestProfit } from "../exact/profit.ts";
import { makeHonest } from "../strategies/honest.ts";
import { selfDisputing } from "../strategies/self-dealing.ts";
import type { Strategy } from "../strategies/strategy.ts";
import { placedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld } from "../world/request.ts";
import { money, pays, payUnits, settingOf } from "../world/setting.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const k = 10;

/** How much of a dispute is in one hand: the guilty member always. */
export type SelfDisputeCase = {
  readonly name: string;
  readonly stakePays: number;
  readonly isChallenger?: boolean;
  readonly isRequester?: boolean;
  readonly isWholeCommittee?: boolean;
  readonly jurorShare?: number;
};

/** Ever more roles in one hand. */
export const selfDisputeCases: readonly SelfDisputeCase[] = [100, 1_000, 10_000].flatMap((stakePays) => {
  const all = { stakePays, isChallenger: true, isRequester: true, isWholeCommittee: true };
  return [
    { name: "guilty member only", stakePays },
    { name: "and challenger (sock puppet)", stakePays, isChallenger: true },
    { name: "and requester", stakePays, isChallenger: true, isRequester: true },
    { name: "and all other members", ...all },
    { name: "and a third of the jurors", ...all, jurorShare: 1 / 3 },
    { name: "and all jurors", ...all, jurorShare: 1 },
  ];
});

/** The profit of disputing oneself against not doing so, in pays, where the jurors are others. */
export function exactSelfDispute(one: SelfDisputeCase): number | undefined {
  if (one.jurorShare !== undefined) return undefined;
  const jurorsDue = BigInt(panelSeats(k, 1)) * payUnits;
  const slash = money(one.stakePays);
  const parts = distributeSlash({ slash, jurorsDue, pay: payUnits, hasChallenger: true, hasHonestMembers: true });
  const own = [
    one.isChallenger && parts.challenger,
    one.isRequester && parts.requester,
    one.isWholeCommittee && parts.honest,
  ];
  const back = own.reduce<bigint>((sum, part) => sum + (part || 0n), 0n);
  return pays(back - slash) - honestProfit({ workCost: 1 / 1.2 });
}

/** The same by simulation: the dispute's world less the world in which the member is honest, request by request. */
export function simulateSelfDispute(one: SelfDisputeCase, { seed, requests }: Effort): Estimate {
  const nets = [selfDisputing, makeHonest()].map((strategy) => netsOf(one, strategy, { seed, requests }));
  const gain = makeMean();
  nets[0]?.forEach((net, index) => gain.add(net - (nets[1]?.[index] ?? NaN)));
  return gain.estimate();
}

function netsOf(one: SelfDisputeCase, adversary: Strategy, { seed, requests }: Effort): number[] {
  const setting = settingOf({
    ...{ honest: makeHonest(), adversary, k, stakePays: one.stakePays },
    ...{ asker: one.isRequester ? "adversary" : "requester", opener: one.isChallenger ? "adversary" : "member" },
  });
  const seats = one.isWholeCommittee ? "all" : "one";
  const camps = placedCamps({ k, seats, jurorShare: one.jurorShare ?? 0 });
  const nets: number[] = [];
  runCampaign(makeWorld(setting, camps), seed, requests, ({ books }) => nets.push(pays(books.balanceOf("adversary"))));
  return nets;
}

export const selfDisputeFigure: FigureMaker = {
  name: "selfDispute",
  make: (effort) => ({
    ...{ name: "selfDispute", title: "Disputing oneself", plots: [] },
    notes: [
      "Profit in pays of attesting a wrong digest and having it disputed, against being honest, k = 10, first panel decides.",
      "Kept: part of the slashed stake that comes back. Stake at its conservative price: at a higher one more is lost.",
    ],
    head: ["roles in one hand", "stake", "closed form", "simulated", "kept", "a loss"],
    rows: selfDisputeCases.map((one) => {
      const few = { ...effort, requests: Math.ceil(effort.requests / 10) };
      const simulated = simulateSelfDispute(one, few);
      const kept = Math.max(0, 1 + simulated.mean / one.stakePays);
      return [
        one.name,
        String(one.stakePays),
        exactSelfDispute(one),
        simulated,
        `${(100 * kept).toFixed(0)}%`,
        simulated.mean < 0,
      ];
    }),
  }),
};
