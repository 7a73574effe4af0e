import { exactRatio } from "../exact/enumerate.ts";
import { honestProfit } from "../exact/profit.ts";
import { bondOf } from "../rules/bond.ts";
import { panelSeats } from "../rules/panel.ts";
import type { Estimate } from "../statistics/estimate.ts";
import { scaled } from "../statistics/estimate.ts";
import { makeRatio } from "../statistics/ratio.ts";
import { dissenting, silentJuror } from "../strategies/griefing.ts";
import { makeHonest } from "../strategies/honest.ts";
import { fixedCamps, placedCamps, tiltedCamps } from "../world/camps.ts";
import { runCampaign } from "../world/campaign.ts";
import { makeWorld, type RequestResult } from "../world/request.ts";
import { pays, payUnits, type Setting, settingOf } from "../world/setting.ts";
import type { Effort, FigureMaker } from "./figure.ts";

const k = 10;
const margin = honestProfit({ workCost: 1 / 1.2 });

/** What an outsider loses that challenges a right result, in pays: its bond. */
export function simulateChallenge({ seed, requests }: Effort): Estimate {
  const honest = makeHonest();
  const setting = settingOf({ honest, adversary: honest, share: 0, k, isOutsiderHostile: true });
  const { netPerRequest } = runCampaign(makeWorld(setting, fixedCamps({ marked: 0 })), seed, requests);
  return scaled(netPerRequest("outsider"), -1);
}

/** What a member loses that attests a wrong digest to force a dispute, in pays, against being honest. */
export function simulateDissent({ seed, requests }: Effort): Estimate {
  const setting = settingOf({ honest: makeHonest(), adversary: dissenting, k });
  const loss = makeRatio();
  runCampaign(makeWorld(setting, placedCamps({ k, seats: "one" })), seed, requests, ({ books }) => {
    loss.add(margin - pays(books.balanceOf("adversary")), 1);
  });
  return loss.estimate();
}

const hostileSetting = (share: number): Setting =>
  settingOf({ honest: makeHonest(), adversary: silentJuror, k, isOutsiderHostile: true, share });

/** What silent nodes lose in a request against being honest, and whether it ended without fault. */
function silentLoss({ seats, jurorSeats, books, ruling }: RequestResult) {
  const asHonest = (seats.adversary + jurorSeats.adversary) * margin;
  return { loss: asHonest - pays(books.balanceOf("adversary")), isBlocked: Number(ruling === "noFault") };
}

/** What silent jurors lose for each dispute that they keep from being decided, in pays, against being honest. */
export function exactSilentJurors(share: number): number {
  return exactRatio(
    hostileSetting(share),
    (result) => silentLoss(result).loss,
    (result) => silentLoss(result).isBlocked,
  );
}

/** The same by importance sampling. */
export function simulateSilentJurors(share: number, { seed, requests }: Effort): Estimate {
  const ratio = makeRatio();
  const drawnShares = [() => share, (level: number) => (level === 0 ? share : Math.max(share, 0.38))];
  const world = makeWorld(hostileSetting(share), tiltedCamps({ share, drawnShares }));
  runCampaign(world, seed, requests, (result) => {
    const { loss, isBlocked } = silentLoss(result);
    ratio.add(result.weight * loss, result.weight * isBlocked);
  });
  return ratio.estimate();
}

export const disturbanceFigure: FigureMaker = {
  name: "disturbance",
  make: (effort) => ({
    ...{ name: "disturbance", title: "Other ways to disturb, and what one costs", plots: [] },
    notes: [
      "In pays, k = 10, stake of 100 pays, against being honest. Silent jurors stand for no fault in two panels, each silent",
      "only where that blocks; here over results that were right and that somebody challenged.",
    ],
    head: ["disturbance", "does", "exact", "simulated"],
    rows: [
      [
        ...["challenge a right result", "delays it by a panel"],
        pays(bondOf(panelSeats(k, 1), payUnits)),
        simulateChallenge(effort),
      ],
      ["dissent alone", "delays it by a panel", 100 + margin, simulateDissent(effort)],
      [
        "silent jurors, 20% of the pool",
        "ends it without fault",
        exactSilentJurors(0.2),
        simulateSilentJurors(0.2, effort),
      ],
      [
        "silent jurors, 33% of the pool",
        "ends it without fault",
        exactSilentJurors(0.33),
        simulateSilentJurors(0.33, effort),
      ],
    ],
  }),
};
