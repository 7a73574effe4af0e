import { Command, InvalidArgumentError } from "commander";
import type { Hex } from "viem";
import { lookAt, type Look } from "../attest/look.ts";
import { type AttestDeps, readNode, readWorkloads } from "../attest/run.ts";
import type { NodeKeys } from "../attest/evidence.ts";
import { loadSettings } from "../config.ts";
import { nowSeconds } from "../job.ts";
import { type Keeper, makeKeeper } from "../keeper.ts";
import { openAttest } from "../tee-jobs.ts";
import type { Settings } from "../settings.ts";
import { explainLook, type LookSummary, summaryOf } from "./attest-text.ts";
import { UsageError } from "./usage-error.ts";

type Options = {
  readonly config: string;
  readonly instance?: string;
  readonly workload: readonly Hex[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
};

/** `atoma attest`: binds a node's keys to workloads. Exit status 0 if all are bound, or would be; 1 if one is refused. */
export function attestCommand(): Command {
  return new Command("attest")
    .description(
      "Makes a quote that binds this node's keys, verifies it as the chain will, and sends what the chain lacks. Exit\n" +
        "status: 0 if all keys are bound (with --dry-run: would be), 1 if one is refused, 2 if it cannot be looked at.\n" +
        "Docs: docs/attest-a-node.md",
    )
    .option("--config <file>", "the keeper's settings", "atoma-keeper.yaml")
    .option("--instance <name>", "which one, where the settings name several")
    .option("--workload <id>", "besides those of the tasks that the node subscribes to; can be repeated", parseId, [])
    .option("--dry-run", "send nothing; say what would be sent")
    .option("--json", "one line of JSON")
    .exitOverride()
    .action(async (options: Options) => void (process.exitCode = await run(options)));
}

function parseId(value: string, before: readonly Hex[]): Hex[] {
  if (!/^0x[0-9a-fA-F]{64}$/.test(value)) throw new InvalidArgumentError("A workload id is 0x and 64 hex digits.");
  return [...before, value.toLowerCase() as Hex];
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (text: string): void => void process.stdout.write(text);

function settingsOf({ config, workload, ...chosen }: Options): Settings {
  const { instance } = chosen;
  const settings = loadSettings(config, { jobs: ["attest"], ...(instance === undefined ? {} : { instance }) });
  const workloads = [...settings.attest.workloads, ...workload];
  return { ...settings, attest: { ...settings.attest, workloads } };
}

async function run(options: Options): Promise<number> {
  const keeper = await makeKeeper(settingsOf(options), {
    logDestination: { write: (line) => process.stderr.write(line) },
  });
  try {
    say("The chain is read ...");
    while (!(await keeper.parts.chain.sync()).isCaughtUp);
    const deps = await openAttest(keeper.parts);
    const node = await nodeOf(deps);
    const before = await lookAll(deps, node);
    if (options.json !== true) print(before.map((look) => explainLook(look, node)).join("\n"));
    const isRefused = before.some(({ kind }) => kind === "refused");
    if (options.dryRun === true) {
      if (options.json === true) print(`${JSON.stringify(answerOf(node, before, false))}\n`);
      else print("\nDry run: nothing was sent.\n");
      return isRefused ? 1 : 0;
    }
    return (await bind(keeper, deps, node, before, options.json === true)) && !isRefused ? 0 : 1;
  } finally {
    await keeper.stop();
  }
}

async function nodeOf(deps: AttestDeps): Promise<NodeKeys> {
  const node = await readNode(deps);
  if (node !== undefined) return node;
  throw new UsageError(`${deps.signer.address} is the signer of no node: register one with it, or set attest.nodeId.`);
}

/** Every workload, whether its binding is ending or not. */
async function lookAll(deps: AttestDeps, node: NodeKeys): Promise<readonly Look[]> {
  const workloads = await readWorkloads(deps, node.nodeId);
  if (workloads.length === 0)
    throw new UsageError(
      `Node ${node.nodeId} serves no task that names a workload: subscribe it to one, or give --workload.`,
    );
  const nowS = Number(await nowSeconds({ chain: deps.view, clock: deps.clock }));
  const looks: Look[] = [];
  for (const workloadId of workloads) {
    say(`A quote is made for workload ${workloadId} ...`);
    const bound = await deps.view.boundKey(workloadId, node.signer);
    looks.push(await lookAt(deps, { workloadId, node, bound, nowS, always: true }));
  }
  return looks;
}

/** Sends what is due and waits until it is mined. Answers whether all workloads are bound then. */
async function bind(
  keeper: Keeper,
  deps: AttestDeps,
  node: NodeKeys,
  before: readonly Look[],
  json: boolean,
): Promise<boolean> {
  say("What is missing is sent, and waited for ...");
  const { exitCode, note } = await keeper.once("attest");
  const nowS = Number(await nowSeconds({ chain: deps.view, clock: deps.clock }));
  const bound = await Promise.all(
    before.map(async (look) => ({ ...look, binding: await deps.chain.binding(look.workloadId, node.signer) })),
  );
  if (json) print(`${JSON.stringify(answerOf(node, bound, true))}\n`);
  else {
    for (const { workloadId, binding } of bound)
      print(
        binding.until >= nowS
          ? `Workload ${workloadId}: bound until ${new Date(binding.until * 1_000).toISOString()}.\n`
          : `Workload ${workloadId}: NOT bound. ${note}\n`,
      );
  }
  return exitCode === 0 && bound.every(({ binding }) => binding.until >= nowS);
}

type Answer = { nodeId: string; signer: Hex; hpkeKey: Hex; isSent: boolean; workloads: readonly LookSummary[] };

const answerOf = ({ nodeId, signer, hpkeKey }: NodeKeys, looks: readonly Look[], isSent: boolean): Answer => ({
  nodeId: nodeId.toString(),
  signer,
  hpkeKey,
  isSent,
  workloads: looks.map((look) => summaryOf(look)),
});
