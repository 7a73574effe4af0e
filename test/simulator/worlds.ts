/** Worlds that tests simulate. */
import type { Strategy } from "../../simulator/strategies/strategy.ts";
import { makeHonest } from "../../simulator/strategies/honest.ts";
import { fixedCamps, tiltedCamps } from "../../simulator/world/camps.ts";
import { type Campaign, runCampaign } from "../../simulator/world/campaign.ts";
import { makeWorld, type RequestResult } from "../../simulator/world/request.ts";
import { pays, type Setting, settingOf } from "../../simulator/world/setting.ts";
import { exactRatio } from "../../simulator/exact/enumerate.ts";

export const honestMargin = 1 - 1 / 1.2;
export const requests = 400;

/** A setting with a camp of one strategy among honest nodes. */
export const worldOf = (adversary: Strategy, more: Partial<Setting> = {}): Setting =>
  settingOf({ honest: makeHonest(), adversary, ...more });

/** Simulates a setting with a fixed camp. */
export function simulate(setting: Setting, seed = 1, count = requests): Campaign {
  const marked = Math.round(setting.share * setting.poolNodes);
  return runCampaign(makeWorld(setting, fixedCamps({ marked })), seed, count);
}

/** Simulates a setting whose nodes are the adversary's each by chance, as enumeration takes them. */
export function simulateByChance(setting: Setting, seed = 1, count = requests): Campaign {
  return runCampaign(makeWorld(setting, tiltedCamps({ share: setting.share })), seed, count);
}

export const adversaryNet = ({ books }: RequestResult): number => pays(books.balanceOf("adversary"));

/** The adversary's profit per seat by enumeration. */
export function exactProfit(setting: Setting): number {
  return exactRatio(setting, adversaryNet, ({ seats }) => seats.adversary);
}
