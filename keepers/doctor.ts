/** `atoma-keeper doctor`: looks at everything that a keeper needs, and says what is missing and what to do. */
import { type Address, BaseError } from "viem";
import { disputesAbi } from "../sdk/abi/disputes.ts";
import { nodeRegistryAbi } from "../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../sdk/abi/request-escrow.ts";
import { publicKeyOf } from "../sdk/drand/bls.ts";
import { roundAt } from "../sdk/drand/schedule.ts";
import { makeRoundCheck } from "./beacon/run.ts";
import { drandSource } from "./beacon/source.ts";
import { type Instance, loadInstance } from "./chain/instance.ts";
import { deploymentOf } from "./deployment.ts";
import { examineModels } from "./doctor-models.ts";
import { examineEvidence } from "./doctor-evidence.ts";
import { makeWasmExecutor } from "./executors/wasm/executor.ts";
import { openBeaconSecret, openSigner } from "./key.ts";
import { makePeerClient } from "./network/client.ts";
import { makeHttp } from "./network/http.ts";
import { allMigrations, openRpc } from "./shared.ts";
import { systemClock } from "./runtime/clock.ts";
import { errorLine } from "./runtime/errors.ts";
import { silentLog } from "./runtime/log.ts";
import { makeRedactor, redactUrl } from "./runtime/redact.ts";
import { checkEndpoints, type FailoverRpc } from "./runtime/rpc.ts";
import { readBalance } from "./runtime/rpc-answers.ts";
import { openSqlite } from "./runtime/sqlite.ts";
import { makePublicClient, rpcErrorIn } from "./runtime/viem-client.ts";
import { type Settings, weiOfGwei } from "./settings.ts";
import { readSubscriptions } from "./subscriptions.ts";

/** ok: fine. warn: works, but look at it. bad: the keeper cannot do its work. */
export type Finding = {
  readonly name: string;
  readonly verdict: "ok" | "warn" | "bad";
  readonly text: string;
  /** Of a keeper that serves several. */
  readonly instance?: string;
};

const marks = { ok: "ok  ", warn: "look", bad: "BAD " } as const;

/** A finding for people. */
export const findingLine = ({ verdict, name, text, instance }: Finding): string =>
  `${marks[verdict]} ${instance === undefined ? "" : `${instance} `}${name.padEnd(13)} ${text}`;

type Found = Omit<Finding, "name">;
type Node = { readonly nodeId: number; readonly endpoint: string };

const ok = (text: string): Found => ({ verdict: "ok", text });
const warn = (text: string): Found => ({ verdict: "warn", text });
const bad = (text: string): Found => ({ verdict: "bad", text });
const redact = makeRedactor();

const findEndpoints = async (settings: Settings, rpc: FailoverRpc): Promise<Found> => {
  const { maxHeadAgeS, id } = settings.chain;
  const unfit = await checkEndpoints(rpc.endpoints, {
    clock: systemClock,
    ...(maxHeadAgeS === 0 ? {} : { maxHeadAgeS }),
  });
  const good = rpc.endpoints.length - unfit.length;
  return unfit.length === 0
    ? ok(`chain ${id}, ${good} of ${good} endpoints are fit`)
    : warn(`unfit: ${unfit.join("; ")}`);
};

const findBalance = async ({ ops }: Settings, rpc: FailoverRpc, address: Address): Promise<Found> => {
  const balance = await readBalance(rpc, address);
  const text = `${address} has ${Number(balance) / 1e18} ether`;
  return balance >= weiOfGwei(ops.minBalanceGwei) ? ok(text) : bad(`${text}: send it some to pay for gas`);
};

const readNode = async (rpc: FailoverRpc, instance: Instance, address: Address): Promise<Node | undefined> => {
  const client = makePublicClient(rpc, instance.chainId);
  const registry = { address: instance.nodeRegistry, abi: nodeRegistryAbi } as const;
  const nodeId = await client.readContract({ ...registry, functionName: "nodeOfSigner", args: [address] });
  if (nodeId === 0) return undefined;
  const { signer, endpoint } = await client.readContract({ ...registry, functionName: "nodeOf", args: [nodeId] });
  return signer.toLowerCase() === address.toLowerCase() ? { nodeId, endpoint } : undefined;
};

const findNode = ({ jobs }: Settings, node: Node | undefined, address: Address): Found => {
  if (node !== undefined) return ok(`${address} signs for node ${node.nodeId}`);
  const text = `${address} is the signer of no node`;
  return jobs.includes("executor")
    ? bad(`${text}: register one with it, or configure that node's key`)
    : ok(`${text}, which these jobs do not need`);
};

const findSubscriptions = async (rpc: FailoverRpc, instance: Instance, { nodeId }: Node): Promise<Found> => {
  const { taskCount, subscriptions } = await readSubscriptions(rpc, instance, nodeId);
  const names = subscriptions.map(({ taskId, isActive }) =>
    isActive ? `${taskId}` : `${taskId} (from the next snapshot)`,
  );
  if (names.length > 0) return ok(`node ${nodeId} serves tasks ${names.join(", ")}`);
  return bad(`node ${nodeId} subscribes to none of the ${taskCount} tasks: subscribe it to one, with stake`);
};

const findEndpoint = async ({ network }: Settings, { endpoint }: Node): Promise<Found> => {
  if (endpoint === "") return bad("the node is registered without an endpoint: set one that other members can reach");
  const isSame =
    network.publicUrl === undefined || network.publicUrl.replace(/\/+$/, "") === endpoint.replace(/\/+$/, "");
  if (!isSame) return bad(`the node is registered at ${endpoint}, but network.publicUrl is ${network.publicUrl}`);
  const http = makeHttp({ allowPrivate: network.allowPrivatePeers });
  try {
    const answer = await makePeerClient({ http }).held(endpoint, { requestId: `0x${"00".repeat(32)}`, level: 0n });
    if ("value" in answer || "refusal" in answer) return ok(`${endpoint} answers`);
    return warn(`${endpoint} does not answer (${answer.failure}): start the keeper, then look again`);
  } finally {
    http.close();
  }
};

const findSandbox = async ({ executor }: Settings): Promise<Found> => {
  const { isolation, warnings } = await makeWasmExecutor().capabilities();
  const text = `guests are confined by ${isolation.join(", ")}`;
  if (warnings.length === 0) return ok(text);
  const isEnough = isolation.includes("no-network") || !executor.requireIsolation;
  return isEnough
    ? warn(`${text}; ${warnings.join(" ")}`)
    : bad(`${warnings.join(" ")} Or set executor.requireIsolation to false.`);
};

const findDrand = async ({ beacon }: Settings, instance: Instance): Promise<Found> => {
  const check = makeRoundCheck({ instance });
  const round = roundAt(instance.drand, BigInt(Math.floor(Date.now() / 1_000) - 60));
  const results = await Promise.all(
    beacon.urls.map(async (url) => {
      const source = drandSource({ url, chainHash: beacon.chainHash, timeoutMs: beacon.timeoutMs });
      const signature = await source.signature(round).catch((error: unknown) => errorLine(error));
      if (signature === undefined) return `${redactUrl(url)} does not have round ${round}`;
      if (!signature.startsWith("0x")) return `${redactUrl(url)}: ${signature}`;
      return check(round, signature as `0x${string}`)
        ? ""
        : `${redactUrl(url)} serves another beacon: check beacon.chainHash`;
    }),
  );
  const faults = results.filter((fault) => fault !== "");
  if (faults.length === 0) return ok(`round ${round} is there and signed by the instance's key`);
  return faults.length === results.length ? bad(faults.join("; ")) : warn(faults.join("; "));
};

const findLocalBeacon = async (settings: Settings, instance: Instance): Promise<Found> => {
  const mine = publicKeyOf(openBeaconSecret(settings));
  const isKey = mine.every((coordinate, i) => coordinate === instance.drand.publicKey[i]);
  return isKey ? ok("the key is that of the instance's beacon") : bad("the key is not that of the instance's beacon");
};

const findDisputes = async (
  { jobs, watchtower }: Settings,
  rpc: FailoverRpc,
  { chainId, disputes, nodeRegistry, escrow }: Instance,
  address: Address | undefined,
): Promise<Found> => {
  const client = makePublicClient(rpc, chainId);
  await client.readContract({ address: disputes, abi: disputesAbi, functionName: "parameters" });
  const unbondingS = await client.readContract({
    address: nodeRegistry,
    abi: nodeRegistryAbi,
    functionName: "unbonding",
  });
  if (watchtower.maxBond > 0n && address !== undefined) {
    const account = { address: escrow, abi: requestEscrowAbi, functionName: "accountOf", args: [address] } as const;
    const [balance] = await client.readContract(account);
    if (balance < watchtower.maxBond)
      return warn(`the key's account in the escrow holds ${balance}, less than watchtower.maxBond: deposit into it`);
  }
  const text = `the disputes at ${disputes} answer; who contradicts itself is punished for ${unbondingS} s`;
  if (jobs.includes("executor") || jobs.includes("settler")) return ok(`${text}; evidence comes from the other jobs`);
  if (watchtower.sample > 0) return ok(`${text}; members are asked about up to ${watchtower.sample} requests a pass`);
  return warn(`${text}, but no evidence comes in: set watchtower.sample, or run a settler beside it`);
};

const findEvidence = async (
  settings: Settings,
  rpc: FailoverRpc,
  instance: Instance,
  { nodeId }: Node,
  signer: Address,
): Promise<Found> => {
  const { count, faults } = await examineEvidence(settings, { rpc, instance }, { nodeId, signer });
  if (faults.length > 0) return bad(faults.join("; "));
  if (count > 0) return ok(`the key is bound to ${count} of ${count} workloads`);
  return warn("there is no workload to serve: subscribe to a task that names one, or set attest.workloads");
};

const findStore = async ({ store }: Settings): Promise<Found> => {
  const opened = await openSqlite({ path: store.path, clock: systemClock, migrations: allMigrations });
  await opened.close();
  return ok(`${store.path} can be written`);
};

/** Looks at one thing after another; calls `onFinding` as each is known. What cannot be looked at, for want of another, is left out. */
export const examine = async (settings: Settings, onFinding: (finding: Finding) => void): Promise<boolean> => {
  let isFit = true;
  const look = async <T>(name: string, fn: () => Promise<{ found: Found; value?: T }>): Promise<T | undefined> => {
    const result = await fn().catch((error: unknown) => ({
      found: bad(String(redact(errorLine(error instanceof BaseError ? (rpcErrorIn(error) ?? error) : error)))),
      value: undefined,
    }));
    if (result.found.verdict === "bad") isFit = false;
    onFinding({ name, ...result.found });
    return result.value;
  };
  const only = (name: string, fn: () => Promise<Found>): Promise<unknown> =>
    look(name, async () => ({ found: await fn() }));

  const lookAtModels = async (): Promise<void> => {
    const servers = await look("models", async () => {
      const value = await examineModels(settings);
      return { found: ok(`${settings.models.length} are configured, with ${value.length} servers`), value };
    });
    for (const found of servers ?? []) await only("model", async () => found);
  };

  const signer = await look("key", async () => {
    const value = await openSigner(settings);
    return { found: ok(`the key of ${value.address} can be used`), value };
  });
  await only("store", () => findStore(settings));
  const { rpc } = openRpc(settings, systemClock, silentLog);
  await only("chain", () => findEndpoints(settings, rpc));
  const instance = await look("contracts", async () => {
    const value = await loadInstance(rpc, deploymentOf(settings));
    return { found: ok(`the escrow ${value.escrow} answers`), value };
  });
  const isExecutor = settings.jobs.includes("executor");
  if (signer !== undefined) await only("balance", () => findBalance(settings, rpc, signer.address));
  if (signer !== undefined && instance !== undefined) {
    const node = await look("node", async () => {
      const value = await readNode(rpc, instance, signer.address);
      return { found: findNode(settings, value, signer.address), ...(value === undefined ? {} : { value }) };
    });
    if (node !== undefined && settings.jobs.includes("attest"))
      await only("evidence", () => findEvidence(settings, rpc, instance, node, signer.address));
    if (node !== undefined && isExecutor) {
      await only("subscriptions", () => findSubscriptions(rpc, instance, node));
      await only("endpoint", () => findEndpoint(settings, node));
    }
  }
  const computesAgain = settings.jobs.includes("watchtower") && settings.watchtower.reexecute > 0;
  if (isExecutor || computesAgain) {
    if (settings.executor.wasm) await only("sandbox", () => findSandbox(settings));
    if (settings.models.length > 0) await lookAtModels();
  }
  if (settings.jobs.includes("watchtower") && instance !== undefined)
    await only("disputes", () => findDisputes(settings, rpc, instance, signer?.address));
  if (settings.jobs.includes("beacon") && instance !== undefined)
    await only("beacon", () => (settings.beacon.source === "drand" ? findDrand : findLocalBeacon)(settings, instance));
  return isFit;
};
