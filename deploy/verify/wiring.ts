import { type Address, isAddressEqual } from "viem";
import { atomaGovernorAbi } from "../../sdk/abi/atoma-governor.ts";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../../sdk/abi/dcap-verifier.ts";
import { drandBeaconAbi } from "../../sdk/abi/drand-beacon.ts";
import { nodeRegistryAbi } from "../../sdk/abi/node-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { teeRegistryAbi } from "../../sdk/abi/tee-registry.ts";
import { evmnet } from "../../sdk/drand/evmnet.ts";
import { isEvmnet, isIntels } from "../parameters/parameters.ts";
import { type Proof, proof, proofOf } from "./proof.ts";
import type { Subject } from "./subject.ts";

type Link = readonly [what: string, found: Address, wanted: Address];

/** Proves that the contracts know each other, and that beacon and evidence hang on the right keys. */
export async function proveWiring(subject: Subject): Promise<Proof[]> {
  const links = await readLinks(subject);
  const wrong = links.filter(([, found, wanted]) => !isAddressEqual(found, wanted));
  return [
    proofOf(
      `wiring: ${links.length} references between contracts are right`,
      wrong.map(([what, found, wanted]) => `${what} is ${found} and must be ${wanted}`),
    ),
    await proveBeacon(subject),
    await proveRoot(subject),
  ];
}

async function readLinks({ chain, record: r }: Subject): Promise<readonly Link[]> {
  const escrowOf = async (name: "nodeRegistry" | "taskRegistry" | "disputes"): Promise<Link> => {
    const read = { address: r[name], abi: nodeRegistryAbi, functionName: "escrow" } as const; // Connected is all three's
    return [`${name}.escrow`, await chain.readContract(read).catch(() => zero), r.escrow];
  };
  const escrow = { address: r.escrow, abi: requestEscrowAbi } as const;
  const governor = { address: r.governor, abi: atomaGovernorAbi } as const;
  const [nodeRegistry, taskRegistry, beacon, treasury] = await chain.readContract({
    ...escrow,
    functionName: "instance",
  });
  const sink = await chain.readContract({ address: r.beacon, abi: drandBeaconAbi, functionName: "sink" });
  const tee = await chain.readContract({ ...escrow, functionName: "teeRegistry" });
  const disputes = await chain.readContract({ ...escrow, functionName: "disputes" });
  const verifier = await chain.readContract({ address: r.teeRegistry, abi: teeRegistryAbi, functionName: "verifier" });
  const collateral = await chain.readContract({
    ...{ address: r.quoteVerifier, abi: dcapVerifierAbi, functionName: "collateral" },
  } as const);
  const timelock = await chain.readContract({ ...governor, functionName: "timelock" });
  const token = await chain.readContract({ ...governor, functionName: "token" });
  return [
    ...(await Promise.all((["nodeRegistry", "taskRegistry", "disputes"] as const).map(escrowOf))),
    ["beacon.sink", sink, r.escrow],
    ["escrow.nodeRegistry", nodeRegistry, r.nodeRegistry],
    ["escrow.taskRegistry", taskRegistry, r.taskRegistry],
    ["escrow.beacon", beacon, r.beacon],
    ["escrow.treasury", treasury, r.treasury],
    ["escrow.teeRegistry", tee, r.teeRegistry],
    ["escrow.disputes", disputes, r.disputes],
    ["teeRegistry.verifier", verifier, r.quoteVerifier],
    ["quoteVerifier.collateral", collateral, r.collateral],
    ["governor.timelock", timelock, r.timelock],
    ["governor.token", token, r.atoma],
  ];
}

const zero: Address = "0x0000000000000000000000000000000000000000";

async function proveBeacon({ chain, record, file }: Subject): Promise<Proof> {
  const at = { address: record.beacon, abi: drandBeaconAbi } as const;
  const [key, genesis, period] = await Promise.all([
    chain.readContract({ ...at, functionName: "publicKey" }),
    chain.readContract({ ...at, functionName: "genesis" }),
    chain.readContract({ ...at, functionName: "period" }),
  ]);
  const found = { beaconPublicKey: key, beaconGenesis: genesis, beaconPeriod: period };
  if (isEvmnet(found))
    return proof(`beacon: drand's evmnet, genesis ${evmnet.genesisS}, ${evmnet.periodS} s`, true, "");
  const { beaconPublicKey, beaconGenesis, beaconPeriod } = file.instance;
  const isFiles = key.every((one, i) => one === beaconPublicKey[i]);
  const holds = file.kind === "local" && isFiles && genesis === beaconGenesis && period === beaconPeriod;
  const note = "NOT drand's evmnet: whoever has this key chooses committees; fit for a local network only";
  const title = file.kind === "local" ? "beacon: the key, genesis and period of the file" : "beacon: drand's evmnet";
  return proof(title, holds, `its key is ${key.join(", ")}, its genesis ${genesis}, its period ${period} s`, note);
}

async function proveRoot({ chain, record, file }: Subject): Promise<Proof> {
  const read = { address: record.collateral, abi: dcapCollateralAbi, functionName: "root" } as const;
  const [x, y, name] = await chain.readContract(read);
  if (isIntels({ x, y, name })) return proof("evidence: its root is Intel's", true, "");
  const wanted = file.instance.attestationRoot;
  const holds = file.kind === "local" && x === wanted.x && y === wanted.y && name === wanted.name;
  const title = file.kind === "local" ? "evidence: its root is the file's" : "evidence: its root is Intel's";
  return proof(title, holds, `its root has the key ${x}${y.slice(2)}`, "NOT Intel's: fit for a local network only");
}
