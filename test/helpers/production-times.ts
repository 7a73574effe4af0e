import { production } from "../../deploy/parameters/parameters.ts";
import type { MarketOptions } from "./market.ts";

/**
 * A market with the production parameters, but for the size of panels, which no time depends on, the key of the beacon, and
 * the wait before a subscription counts. Its task has the longest window that there is.
 */
export const withProductionTimes = {
  nodes: 30,
  task: { window: 86_400 },
  beaconPeriodS: production.beaconPeriod,
  adjust: ({ beaconGenesis, beaconPublicKey, disputeParameters: { panelMin } }) => ({
    ...production,
    ...{ beaconGenesis, beaconPublicKey },
    disputeParameters: { ...production.disputeParameters, panelMin },
    taskSettings: { ...production.taskSettings, activationDelay: 0 },
  }),
} satisfies MarketOptions;
