import { join } from "node:path";
import { parseArgs } from "node:util";
import { DeploymentError, readNetworkFile } from "../../deploy/parameters/network-file.ts";
import { readRecord } from "../../deploy/run/record.ts";
import { clientOf, httpProvider } from "../../deploy/run/rpc.ts";
import { proofLines } from "../../deploy/verify/proof.ts";
import { verifyDeployment } from "../../deploy/verify/verify.ts";
import { readCliEnvironment } from "../../keepers/config.ts";
import { defaultDeployments, pathOf } from "./options.ts";

const usage = `Proves from the chain alone that a deployment is what it should be: code, roles, wiring, keys, parameters. One line for
each proof; exits 1 if one fails. It needs no key and sends nothing.

  npm run deploy:verify -- --network FILE-OR-NAME --rpc-url URL

  --network FILE-OR-NAME   the network's file, as it was deployed
  --rpc-url URL            a node of the chain. Else ATOMA_RPC
  --instance NAME          an instance beside the first
  --record FILE            the record (default: DIR/NETWORK[-INSTANCE]/record.json)
  --deployments DIR        default: deploy/deployments
  --help                   this text`;

const options = {
  network: { type: "string" },
  "rpc-url": { type: "string" },
  instance: { type: "string" },
  record: { type: "string" },
  deployments: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** The command `npm run deploy:verify`. Returns whether everything is proved. Throws DeploymentError with what to do. */
export async function verifyCommand(args: readonly string[], say: (line: string) => void): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    say(usage);
    return true;
  }
  const { file, url, record } = readSubject(values);
  const chain = clientOf(httpProvider(url), file.chainId);
  const proofs = await verifyDeployment({ chain, file, record });
  for (const line of proofLines(proofs)) say(line);
  return proofs.every(({ fault }) => fault === undefined);
}

type Values = ReturnType<typeof parseArgs<{ options: typeof options }>>["values"];

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
