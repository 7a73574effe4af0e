/** A pool of eighty nodes on the real contracts, with what all keepers of one mix share. */
import { getAddress } from "viem";
import type { LocalNode } from "../../deploy/local/nodes.ts";
import { production } from "../../deploy/parameters/parameters.ts";
import { type ChainFollower, makeChainView } from "../../keepers/chain/chain-view.ts";
import { type Instance, loadInstance } from "../../keepers/chain/instance.ts";
import { chainMigrations } from "../../keepers/chain/schema.ts";
import { type Committees, makeCommittees } from "../../keepers/network/committees.ts";
import { type Cases, makeCases } from "../../keepers/panel/cases.ts";
import { makePanels } from "../../keepers/panel/draw.ts";
import { silentLog } from "../../keepers/runtime/log.ts";
import { openSqlite } from "../../keepers/runtime/sqlite.ts";
import { timeOf } from "../../sdk/drand/schedule.ts";
import type { EvilConsumer } from "../../types/index.js";
import { hireConsumer } from "../helpers/consumer.ts";
import { impersonate } from "../helpers/impersonate.ts";
import { type Market, openMarket } from "../helpers/market.ts";
import { type Activity, makeActivity } from "./activity.ts";
import { type Chain, makeChain } from "./chain.ts";
import { steady } from "./steady-view.ts";
import { makeVirtualClock } from "./virtual-clock.ts";
import { makeWire, type Wire } from "./wire.ts";

export const poolSize = 80;
export const committeeSize = 10;

/** The contracts, the pool, and a consumer with money, before any request. */
export type Ground = { readonly market: Market; readonly consumer: EvilConsumer; restore(): Promise<void> };

/** What the keepers of one mix share. Close it afterwards. */
export type World = {
  readonly market: Market;
  readonly consumer: EvilConsumer;
  readonly instance: Instance;
  readonly chain: Chain;
  readonly view: ChainFollower;
  readonly cases: Cases;
  readonly committees: Committees;
  readonly wire: Wire;
  readonly activity: Activity;
  close(): Promise<void>;
};

/** Opens the market under the windows of a public network, and lets all nodes' keys send transactions. */
export const openGround = async (): Promise<Ground> => {
  const market = await openMarket({
    nodes: poolSize,
    adjust: (p) => ({
      ...p,
      unbonding: production.unbonding,
      parameters: production.parameters,
      disputeParameters: production.disputeParameters,
    }),
  });
  const consumer = await hireConsumer(market);
  for (const { signer } of market.nodes) await impersonate(market, signer.address);
  const { networkHelpers } = market;
  let snapshot = await networkHelpers.takeSnapshot();
  const restore = async (): Promise<void> => {
    await snapshot.restore();
    snapshot = await networkHelpers.takeSnapshot();
  };
  return { market, consumer, restore };
};

/** A node of the pool. */
export const nodeOf = ({ market }: Pick<World, "market">, nodeId: bigint): LocalNode => {
  const node = market.nodes.find((one) => one.nodeId === nodeId);
  if (node === undefined) throw new Error(`Node ${nodeId} is not of this pool.`);
  return node;
};

/** Panels do not change while a mix is played, and are drawn for every message: each is drawn once. */
const keepPanels = (committees: Committees): Committees => {
  const kept = new Map<string, Awaited<ReturnType<Committees["of"]>>>();
  const of: Committees["of"] = async (request, level = 0n) => {
    const key = `${request.requestId} ${level}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const found = await committees.of(request, level);
    if (level > 0n && "committee" in found) kept.set(key, found);
    return found;
  };
  const byId: Committees["byId"] = async (requestId, level = 0n) =>
    kept.get(`${requestId} ${level}`) ?? committees.byId(requestId, level);
  return { of, byId };
};

/** A fresh view of the chain, with its own clock and an empty network. */
export const openWorld = async ({ market, consumer }: Ground): Promise<World> => {
  const clock = makeVirtualClock((await market.networkHelpers.time.latest()) * 1_000);
  const activity = makeActivity();
  const chain = makeChain(market.connection.provider, clock, activity);
  const { rpc } = chain;
  const escrow = getAddress(market.instance.escrow);
  const instance = await loadInstance(rpc, { chainId: 31_337, escrow, startBlock: 0n });
  const store = await openSqlite({ path: ":memory:", clock, migrations: chainMigrations });
  const followed = makeChainView({ store, rpc, clock, log: silentLog, instance });
  const node: ChainFollower["node"] = async (nodeId) => {
    const found = await followed.node(nodeId);
    return found === undefined ? undefined : { ...found, endpoint: nodeId.toString() };
  };
  const view = steady({ ...followed, node });
  const cases = makeCases({ rpc, instance, view, clock });
  const roundTimeS = (round: bigint): bigint => timeOf(instance.drand, round);
  const panels = makePanels({ view, cases, roundTimeS });
  const committees = keepPanels(makeCommittees({ view, roundTimeS, panels }));
  const wire = makeWire(activity);
  return { market, consumer, instance, chain, view, cases, committees, wire, activity, close: () => store.close() };
};
