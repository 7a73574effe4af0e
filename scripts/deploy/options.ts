import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Address, getAddress, isAddress } from "viem";
import { defaultMaxFee, feeOf, maxFeeSentence } from "../../keepers/cli/max-fee.ts";
import { readCliEnvironment } from "../../keepers/config.ts";
import { defaultMaxFeeGwei } from "../../keepers/settings.ts";
import { DeploymentError } from "../../deploy/parameters/network-file.ts";

export const usage = `Deploys a whole network, or another instance beside one. Without --send it rehearses on a copy of the chain, and prints
every transaction, its cost, and who holds what power afterwards. Nothing is sent.

  npm run deploy -- --network FILE-OR-NAME --rpc-url URL [--from ADDRESS]
  npm run deploy -- --network FILE-OR-NAME --rpc-url URL --send

  --network FILE-OR-NAME   local, l2 or mainnet (deploy/networks/), or a file of your own
  --rpc-url URL            a node of the chain. Else ATOMA_RPC
  --from ADDRESS           the deployer, where a rehearsal has no key
  --keystore FILE          the deployer's key. Else ATOMA_KEYSTORE, or ATOMA_PRIVATE_KEY
  --password-file FILE     the keystore's password. Else ATOMA_PASSWORD_FILE
  --max-fee GWEI           never pays more for a unit of gas (default: ${defaultMaxFeeGwei})
  --send                   rehearses, asks for the network's name, sends, and writes the record
  --yes                    does not ask
  --instance NAME          another instance beside the network of --beside; governance gives it its roles
  --beside FILE            the network's record (default: the one of its own deployment)
  --deployments DIR        journals and records (default: deploy/deployments)
  --help                   this text

A deployment that was interrupted goes on where it stopped: run the same command again. See docs/deploy.md.`;

const options = {
  network: { type: "string" },
  "rpc-url": { type: "string" },
  from: { type: "string" },
  keystore: { type: "string" },
  "password-file": { type: "string" },
  "max-fee": { type: "string" },
  send: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  instance: { type: "string" },
  beside: { type: "string" },
  deployments: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** Paths are from where the person is, which npm keeps in INIT_CWD. */
export const pathOf = (path: string): string => resolve(process.env["INIT_CWD"] ?? process.cwd(), path);

export const defaultDeployments = resolve(import.meta.dirname, "../../deploy/deployments");

export type Options = ReturnType<typeof readOptions>;

/** Throws DeploymentError that names what is missing or wrong. */
export function readOptions(args: readonly string[]) {
  const { values } = parse(args, options);
  const rpcUrl = values["rpc-url"] ?? readCliEnvironment().rpc;
  const maxFeeWei = values["max-fee"] === undefined ? defaultMaxFee : feeOf(values["max-fee"]);
  const faults = [
    ...(values.network === undefined ? ["name the network with --network."] : []),
    ...(rpcUrl === undefined ? ["name a node with --rpc-url, or ATOMA_RPC."] : []),
    ...(values.beside !== undefined && values.instance === undefined ? ["--beside goes with --instance."] : []),
    ...(values.instance !== undefined && !/^[a-z0-9-]{1,32}$/.test(values.instance)
      ? ["--instance must be 1 to 32 of a-z, 0-9 and -."]
      : []),
    ...(maxFeeWei === undefined ? [`--max-fee ${values["max-fee"]}: ${maxFeeSentence}`] : []),
  ];
  const { network, keystore, from, beside } = values;
  if (values.help || network === undefined || rpcUrl === undefined || maxFeeWei === undefined || faults.length > 0)
    return { help: values.help, faults };
  return {
    ...{ help: false as const, faults: [], network: /[/.]/.test(network) ? pathOf(network) : network, rpcUrl },
    ...{ maxFeeWei, send: values.send, yes: values.yes, instance: values.instance },
    from: from === undefined ? undefined : addressOf(from),
    keystore: keystore === undefined ? undefined : pathOf(keystore),
    passwordFile: values["password-file"] === undefined ? undefined : pathOf(values["password-file"]),
    beside: beside === undefined ? undefined : pathOf(beside),
    deployments: values.deployments === undefined ? defaultDeployments : pathOf(values.deployments),
  };
}

/** Throws DeploymentError at an option that there is not. */
export function parse<T extends NonNullable<Parameters<typeof parseArgs>[0]>["options"]>(
  args: readonly string[],
  known: T,
) {
  try {
    return parseArgs({ args: [...args], options: known });
  } catch (cause) {
    const why = (cause as Error).message.replace(/\.?$/, ".");
    throw new DeploymentError("The command cannot be understood:", [`${why} See --help.`], { cause });
  }
}

function addressOf(text: string): Address {
  if (isAddress(text)) return getAddress(text);
  throw new DeploymentError("The command cannot be understood:", [`--from ${text} is no address.`]);
}
