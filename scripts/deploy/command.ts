import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { formatEther, isAddressEqual } from "viem";
import { DeploymentError, readNetworkFile } from "../../deploy/parameters/network-file.ts";
import { checkBegun } from "../../deploy/run/begun.ts";
import { checkChain } from "../../deploy/run/chain-faults.ts";
import { jsonText, replaceFile } from "../../deploy/run/files.ts";
import { withLock } from "../../deploy/run/lock.ts";
import { openOutbox } from "../../deploy/run/outbox.ts";
import { type DeploymentRecord, makeRecord, readRecord } from "../../deploy/run/record.ts";
import { type Planned, rehearse, type Rehearsal } from "../../deploy/run/rehearse.ts";
import { authorityReport, costOf, planLines } from "../../deploy/run/report.ts";
import { clientOf, feeNow, httpProvider, type Provider } from "../../deploy/run/rpc.ts";
import { runSteps } from "../../deploy/run/run.ts";
import { instanceSteps, networkSteps } from "../../deploy/run/steps.ts";
import { mostFeeOf } from "../../keepers/cli/max-fee.ts";
import { visible } from "../../keepers/cli/text.ts";
import { openNamedKey } from "../../keepers/cli/wallet.ts";
import { readCliEnvironment } from "../../keepers/config.ts";
import { guardedFunctions } from "../../sdk/governance/guarded.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import { buildFacts } from "./build-facts.ts";
import { defaultDeployments, type Options, readOptions, usage } from "./options.ts";

type Ready = Extract<Options, { readonly network: string }>;

/** What a deployment is, put together once. */
type Plan = Awaited<ReturnType<typeof prepare>>;

type Say = (line: string) => void;

/** The command `npm run deploy`. Throws DeploymentError with what to do. */
export async function deployCommand(args: readonly string[], say: Say): Promise<void> {
  const options = readOptions(args);
  if (options.help) return say(usage);
  if (!("network" in options)) throw new DeploymentError("The command is not complete:", options.faults);
  const plan = await prepare(options, say);
  if (existsSync(plan.recordPath)) {
    return say(
      `${plan.recordPath} says that this is deployed. Prove it: ${verifyCommandOf(plan)}\nIf its chain is gone, as a local one that was stopped, delete ${plan.folder} and run this again.`,
    );
  }
  await checkBegun(plan.provider, plan.folder);
  const { planned, feeWei } = await review(plan);
  if (!options.send) return say("Nothing was sent. To send all this, run the same command with --send.");
  const mostFeeWei = mostFeeOf(feeWei, 4n * feeWei + 2n * gwei, options.maxFeeWei); // room for what Ignition adds and the market does
  if (!options.yes) await askFor(plan.label);
  const record = await withLock(plan.folder, () => send(plan, planned, mostFeeWei));
  replaceFile(plan.recordPath, jsonText(record));
  say(`The record is ${plan.recordPath}. Prove all of it: ${verifyCommandOf(plan)}`);
  if (plan.base !== undefined) for (const line of rolesLines(plan)) say(line);
}

/** What proves this deployment. A node's address may hold a key, and is not repeated. */
const verifyCommandOf = ({ options: { network, instance, deployments } }: Plan): string =>
  [
    `npm run deploy:verify -- --network "${network}" --rpc-url URL`,
    ...(instance === undefined ? [] : [`--instance ${instance}`]),
    ...(deployments === defaultDeployments ? [] : [`--deployments "${deployments}"`]),
  ].join(" ");

/** What gives the guardian its functions of another instance. The program puts the proposer's address into the proposal. */
const rolesLines = ({ recordPath, terms }: Plan): readonly string[] => [
  "Nobody can pause this instance until governance lets the guardian. With a key that has the votes to propose:",
  `  atoma governance propose --roles --description "Roles of instance ${terms.instance}" --deployment "${recordPath}" --send`,
];

/** Checks everything that can be checked before a transaction exists. */
async function prepare(options: Ready, say: Say) {
  const file = readNetworkFile(options.network);
  const provider = httpProvider(options.rpcUrl);
  const chain = clientOf(provider, file.chainId);
  const signer = await openNamedKey({ err: say, environment: readCliEnvironment }, options);
  const deployer = signer?.address ?? options.from;
  const faults = [
    ...(deployer === undefined ? ["name the deployer: a key, or --from ADDRESS for a rehearsal."] : []),
    ...(options.send && signer === undefined ? ["name the key that sends: --keystore FILE or ATOMA_PRIVATE_KEY."] : []),
    ...(signer !== undefined && options.from !== undefined && !isAddressEqual(options.from, signer.address)
      ? [`--from is ${options.from}, and the key is that of ${signer.address}.`]
      : []),
  ];
  if (deployer === undefined || faults.length > 0) throw new DeploymentError("The command is not complete:", faults);
  const check = await checkChain(chain, file, deployer);
  for (const note of check.notes) say(`Note: ${note}`);
  if (check.faults.length > 0) throw new DeploymentError(`${file.name} does not fit the chain:`, check.faults);
  const label = options.instance === undefined ? file.name : `${file.name}-${options.instance}`;
  const folder = join(options.deployments, label);
  const base = baseOf(options, file.name);
  if (base !== undefined && base.chainId !== file.chainId)
    throw new DeploymentError("The record does not fit:", [`it is of chain ${base.chainId}.`]);
  const steps = base === undefined ? networkSteps(file) : instanceSteps(file, { ...base, paymentToken: base.token });
  const { $comment: _, ...values } = file;
  const terms = { file: values, instance: options.instance ?? "first", deployer };
  const recordPath = join(folder, "record.json");
  return { options, say, file, provider, chain, signer, deployer, label, folder, base, steps, terms, recordPath };
}

function baseOf({ instance, beside, deployments }: Ready, name: string): DeploymentRecord | undefined {
  return instance === undefined ? undefined : readRecord(beside ?? join(deployments, name, "record.json"));
}

/** What was shown, and wei for a unit of gas as the node says. */
type Reviewed = { readonly planned: readonly Planned[]; readonly feeWei: bigint };

const gwei = 10n ** 9n;

/** Rehearses, and shows what a reviewer has to see. Throws DeploymentError where something is left to the deployer. */
async function review(plan: Plan): Promise<Reviewed> {
  const { file, provider, deployer, base, folder, say } = plan;
  const known = new Map([
    ...Object.entries(timelockRoles).map(([name, role]) => [role, name] as const),
    ...guardedFunctions.map(({ selector, signature }) => [selector, signature] as const),
    [file.guardian.toLowerCase(), "guardian"] as const,
  ]);
  const url = plan.options.rpcUrl;
  const fromBlock = await firstBlock(plan);
  say("Rehearsing on a copy of the chain: some seconds, and more where the node is far away ...");
  const rehearsal = await rehearse({ ...plan, chainId: file.chainId, url, known, folder });
  try {
    const feeWei = await feeNow(provider);
    for (const line of planLines(rehearsal.planned, deployer, feeWei)) say(line);
    const { lines, kept } = await authorityAfter(plan, rehearsal, base?.authorityBlock ?? fromBlock);
    for (const line of lines) say(line);
    if (kept.length > 0) throw new DeploymentError("The deployer would keep power:", kept);
    await checkBalance(plan, costOf(rehearsal.planned, feeWei));
    return { planned: rehearsal.planned, feeWei };
  } finally {
    await rehearsal.close();
  }
}

async function authorityAfter({ file, deployer, base }: Plan, { contracts, provider }: Rehearsal, from: number) {
  const at = (name: "authority" | "timelock" | "governor") => {
    const address = base?.[name] ?? contracts[name];
    if (address === undefined) throw new Error(`The rehearsal made no ${name}.`);
    return address;
  };
  return authorityReport({
    chain: clientOf(provider, file.chainId),
    ...{ authority: at("authority"), timelock: at("timelock"), governor: at("governor") },
    ...{ guardian: file.guardian, deployer, fromBlock: BigInt(from) },
  });
}

/** The block of the first transaction of this deployment, or the latest if there is none yet. */
async function firstBlock({ chain, folder }: Plan): Promise<number> {
  const latest = Number(await chain.getBlockNumber());
  if (!existsSync(folder)) return latest;
  const mined = await Promise.all(
    openOutbox(folder)
      .all()
      .map(({ hash }) => chain.getTransactionReceipt({ hash }).catch(() => undefined)),
  );
  return Math.min(latest, ...mined.flatMap((receipt) => (receipt === undefined ? [] : [Number(receipt.blockNumber)])));
}

async function checkBalance({ chain, deployer, options, say }: Plan, costWei: bigint): Promise<void> {
  const held = await chain.getBalance({ address: deployer });
  if (held >= costWei) return;
  const sentence = `the deployer holds ${formatEther(held)} ether, and all this costs about ${formatEther(costWei)}.`;
  if (options.send) throw new DeploymentError("The deployer cannot pay:", [sentence]);
  say(`Note: ${sentence}`);
}

async function askFor(label: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new DeploymentError("Nobody can be asked:", [
      "there is no terminal: add --yes if all of the above is right.",
    ]);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const typed = await terminal.question(`Type ${label} to send all this: `);
  terminal.close();
  if (typed.trim() !== label) throw new DeploymentError("Nothing was sent:", [`"${typed.trim()}" is not ${label}.`]);
}

async function send(plan: Plan, planned: readonly Planned[], mostFeeWei: bigint): Promise<DeploymentRecord> {
  const { file, signer, chain, folder } = plan;
  if (signer === undefined) throw new Error("There is no key.");
  const pollMs = Math.min(1_000, file.blockTime * 250);
  const provider = telling(plan, planned);
  const { confirmations, chainId } = file;
  const contracts = await runSteps({ ...plan, provider, deployer: signer, chainId, confirmations, pollMs, mostFeeWei });
  return makeRecord({
    ...{ chain, file, contracts, deployer: signer.address },
    instance: plan.options.instance ?? "first",
    signed: openOutbox(folder).all(),
    build: buildFacts(),
    ...(plan.base === undefined ? {} : { base: plan.base }),
  });
}

/** Says each transaction as it is sent. */
function telling({ provider, say }: Plan, planned: readonly Planned[]): Provider {
  let sent = 0;
  return {
    request: async (call) => {
      const answer = await provider.request(call);
      if (call.method !== "eth_sendRawTransaction") return answer;
      const { call: what = "again" } = planned[sent] ?? {};
      say(`Sent ${++sent} of ${planned.length}: ${what.split("(")[0] ?? what} ${visible(String(answer))}`);
      return answer;
    },
  };
}
