// Interrupts deployments at every transaction and every moment, each on a chain of its own state, and resumes them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { network } from "hardhat";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { privateKeyToAccount } from "viem/accounts";
import { deployLocally, deployUntil, type Interruption, localDeployerKey, moments } from "../deploy/local/interrupt.ts";
import { readNetworkFile } from "../deploy/parameters/network-file.ts";
import type { Contracts } from "../deploy/run/engine.ts";
import { openOutbox } from "../deploy/run/outbox.ts";
import { makeRecord } from "../deploy/run/record.ts";
import { clientOf, type Provider } from "../deploy/run/rpc.ts";
import { verifyDeployment } from "../deploy/verify/verify.ts";

const usage = `Deploys the local network again and again, stops each deployment at another transaction (before signing, before sending,
before the answer), resumes it, and compares: same addresses, every transaction sent once, everything proved.

  npm run deploy:drill`;

const file = readNetworkFile("local");
const deployer = privateKeyToAccount(localDeployerKey).address;

type Outcome = { readonly contracts: Contracts; readonly sent: number; readonly failed: number };

/** One deployment from nothing, with an interruption or none. The chain is as before afterwards. */
async function deployOnce(provider: Provider, at?: Interruption): Promise<Outcome> {
  const chain = clientOf(provider, file.chainId);
  const snapshot = await provider.request({ method: "evm_snapshot", params: [] });
  const folder = mkdtempSync(join(tmpdir(), "atoma-drill-"));
  try {
    if (at !== undefined && (await deployUntil({ provider, file, folder, at })) !== "interrupted")
      throw new Error(`Nothing was interrupted ${at.moment} of transaction ${at.nonce}.`);
    const contracts = await deployLocally({ provider, file, folder });
    const sent = await chain.getTransactionCount({ address: deployer });
    const build = { version: "0", commit: "0", compiler: "0" };
    const signed = openOutbox(folder).all();
    const record = await makeRecord({ chain, file, instance: "first", contracts, signed, deployer, build });
    const proofs = await verifyDeployment({ chain, file, record });
    return { contracts, sent, failed: proofs.filter(({ fault }) => fault !== undefined).length };
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await provider.request({ method: "evm_revert", params: [snapshot] });
  }
}

async function drill(): Promise<void> {
  const startedMs = Date.now();
  const connection = await network.create({ network: "default", chainType: "l1" });
  const provider = connection.provider as Provider;
  const expected = await deployOnce(provider);
  const all = moments.flatMap((moment) => Array.from({ length: expected.sent }, (_, nonce) => ({ nonce, moment })));
  const wrong: string[] = [];
  for (const at of all) {
    const outcome = await deployOnce(provider, at);
    if (!isDeepStrictEqual(outcome, expected)) wrong.push(`${at.moment} of transaction ${at.nonce}`);
    console.error(`${at.moment} of transaction ${at.nonce}: ${wrong.length} of them differ so far`);
  }
  const seconds = Math.round((Date.now() - startedMs) / 1_000);
  console.log(
    `${all.length} interruptions of a deployment of ${expected.sent} transactions: ${all.length - wrong.length} came to the same result, ${wrong.length} did not; ${expected.failed} proofs failed; ${seconds} s.`,
  );
  for (const one of wrong) console.log(`Different: ${one}`);
  if (wrong.length > 0 || expected.failed > 0) process.exitCode = 1;
  await connection.close();
}

const { values } = parseArgs({ options: { help: { type: "boolean", short: "h", default: false } } });
if (values.help) console.log(usage);
else await drill();
