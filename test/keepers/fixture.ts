/** Fixtures: a market on a fresh chain, and keepers' parts over it. */
import { settingsOf } from "../../keepers/config.ts";
import { openParts, type Parts } from "../../keepers/parts.ts";
import type { Clock } from "../../keepers/runtime/clock.ts";
import { systemClock } from "../../keepers/runtime/clock.ts";
import type { SettingsInput } from "../../keepers/settings.ts";
import { type Market, type MarketOptions, openMarket } from "../helpers/market.ts";
import { type Bridge, serveProvider } from "./bridge.ts";
import { devKey } from "./runtime/chain.ts";

export type Scene = {
  readonly market: Market;
  readonly bridge: Bridge;
  /** A clock that shows the chain's time, and sleeps really. */
  readonly clock: Clock;
  /** Settings of a keeper on the chain's account `index`, in memory, all jobs quick. */
  settings(changes?: Partial<SettingsInput>, index?: number): ReturnType<typeof settingsOf>;
  open(changes?: Partial<SettingsInput>, index?: number): Promise<Parts>;
  mine(blocks?: number): Promise<void>;
  /** Moves the chain's time on and mines. */
  passTime(seconds: number | bigint): Promise<void>;
  /** Everything back to now, when called. */
  snapshot(): Promise<() => Promise<void>>;
  close(): Promise<void>;
};

/** Opens a market of 12 nodes and a bridge to it. Accounts 6 and on are free for keepers. */
export const openScene = async (options: MarketOptions = {}): Promise<Scene> => {
  const market = await openMarket(options);
  const { provider } = market.connection;
  const bridge = await serveProvider(provider);
  const opened: Parts[] = [];
  let nowMs = 0;
  const clock: Clock = { ...systemClock, now: () => nowMs };
  const tick = async (): Promise<void> => {
    nowMs = (await market.networkHelpers.time.latest()) * 1_000;
  };
  await tick();
  const settings: Scene["settings"] = (changes = {}, index = 6) =>
    settingsOf({
      jobs: ["settler"],
      chain: {
        id: 31_337,
        rpcUrls: [bridge.url],
        escrow: market.instance.escrow,
        startBlock: 0,
        maxHeadAgeS: 0,
        pollMs: 50,
        confirmations: 1,
      },
      store: { path: ":memory:" },
      key: { privateKey: devKey(index) },
      ops: { port: 0 },
      log: { level: "silent" },
      network: { port: 0, allowPrivatePeers: true },
      settler: { turnS: 1, pollPeersMs: 50 },
      executor: { requireIsolation: false },
      ...changes,
    });
  return {
    market,
    bridge,
    clock,
    settings,
    open: async (changes, index) => {
      const parts = await openParts(settings(changes, index), { clock });
      opened.push(parts);
      return parts;
    },
    mine: async (blocks = 1) => {
      // one by one: blocks that hardhat_mine makes at once do not link to each other by hash
      for (let i = 0; i < blocks; i++) await provider.request({ method: "evm_mine", params: [] });
      await tick();
    },
    passTime: async (seconds) => {
      await market.networkHelpers.time.increase(seconds);
      await tick();
    },
    snapshot: async () => {
      const id = await provider.request({ method: "evm_snapshot", params: [] });
      return async () => {
        await provider.request({ method: "evm_revert", params: [id] });
        await tick();
      };
    },
    close: async () => {
      for (const parts of opened) await parts.close();
      await bridge.close();
    },
  };
};
