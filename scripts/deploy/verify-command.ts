import { join } from "node:path";
import { type Explorer, explorerOf } from "../../deploy/explorer/explorer.ts";
import { ownContracts, type Submission, submissionLine, submitContracts } from "../../deploy/explorer/submit.ts";
import { DeploymentError, readNetworkFile } from "../../deploy/parameters/network-file.ts";
import { readRecord } from "../../deploy/run/record.ts";
import { clientOf, httpProvider } from "../../deploy/run/rpc.ts";
import { proofLines } from "../../deploy/verify/proof.ts";
import type { Subject } from "../../deploy/verify/subject.ts";
import { verifyDeployment } from "../../deploy/verify/verify.ts";
import { readCliEnvironment } from "../../keepers/config.ts";
import { defaultDeployments, parse, pathOf } from "./options.ts";

const usage = `Proves from the chain alone that a deployment is what it should be: code, roles, wiring, keys, parameters. One line for
each proof; exits 1 if one fails. It needs no key and sends nothing. With --explorer it then submits the sources to a block
explorer, where all is proved, one line for each contract; exits 1 if one is refused.

  npm run deploy:verify -- --network FILE-OR-NAME --rpc-url URL

  --network FILE-OR-NAME   the network's file, as it was deployed
  --rpc-url URL            a node of the chain. Else ATOMA_RPC
  --instance NAME          an instance beside the first
  --record FILE            the record (default: DIR/NETWORK[-INSTANCE]/record.json)
  --deployments DIR        default: deploy/deployments
  --explorer URL           the explorer's interface as Blockscout has it: https://explorer.example/api.
                           Its key, if it wants one, is in ATOMA_EXPLORER_KEY
  --help                   this text`;

const options = {
  network: { type: "string" },
  "rpc-url": { type: "string" },
  instance: { type: "string" },
  record: { type: "string" },
  deployments: { type: "string" },
  explorer: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Explorers compile what they are given, one after the other: most of them take less than a minute. */
const explorerLimitMs = 300_000;

/**
 * The command `npm run deploy:verify`. Returns whether everything is proved, and nothing refused by an explorer that was named.
 * Throws DeploymentError with what to do.
 */
export async function verifyCommand(args: readonly string[], say: (line: string) => void): Promise<boolean> {
  const { values } = parse(args, options);
  if (values.help) {
    say(usage);
    return true;
  }
  const { file, url, record } = readSubject(values);
  const key = process.env["ATOMA_EXPLORER_KEY"];
  const explorer = values.explorer === undefined ? undefined : explorerOf(values.explorer, key, file.chainId);
  const subject = { chain: clientOf(httpProvider(url), file.chainId), file, record };
  say(
    `Proving ${record.escrow} and what belongs to it from the chain: this takes seconds, on a public node a minute or two ...`,
  );
  const proofs = await verifyDeployment(subject);
  for (const line of proofLines(proofs)) say(line);
  const isProved = proofs.every(({ fault }) => fault === undefined);
  if (explorer === undefined) return isProved;
  if (isProved) return submitAll(subject, url, explorer, say);
  say("Nothing was submitted to the explorer: not everything is proved.");
  return false;
}

async function submitAll(subject: Subject, rpcUrl: string, explorer: Explorer, say: (line: string) => void) {
  const onAnswer = (one: Parameters<typeof submissionLine>[0]) => say(submissionLine(one));
  const names = ownContracts(subject);
  const all = await submitContracts({ subject, rpcUrl, explorer, names, limitMs: explorerLimitMs, onAnswer });
  const count = (outcome: Submission["outcome"]): number => all.filter((one) => one.outcome === outcome).length;
  say(`${count("verified")} verified, ${count("shown before")} shown before, ${count("refused")} refused`);
  if (count("shown before") > 0)
    say("What was shown before may be sources of others, and was not compared: look at it.");
  return count("refused") === 0;
}

type Values = ReturnType<typeof parse<typeof options>>["values"];

function readSubject(values: Values) {
  const { network, instance } = values;
  const url = values["rpc-url"] ?? readCliEnvironment().rpc;
  if (network === undefined || url === undefined)
    throw new DeploymentError("The command is not complete:", ["name --network and --rpc-url; see --help."]);
  const file = readNetworkFile(/[/.]/.test(network) ? pathOf(network) : network);
  const folder = values.deployments === undefined ? defaultDeployments : pathOf(values.deployments);
  const label = instance === undefined ? file.name : `${file.name}-${instance}`;
  const record = readRecord(values.record === undefined ? join(folder, label, "record.json") : pathOf(values.record));
  return { file, url, record };
}
