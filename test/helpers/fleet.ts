import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex, hexToBytes, keccak256, numberToHex, type Hex } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import { localChainId } from "../../deploy/local/world.ts";
import { signerConsentHash } from "../../sdk/agreement/signer-consent.ts";
import type { NodeFleet } from "../../types/index.js";
import { farFutureS } from "./identity.ts";
import type { Market } from "./market.ts";

/** Nodes that fit one transaction. */
const perLaunch = 60;

/** Launches nodes until the pool has `count`, each with stake for the task. Returns their owner. */
export async function fillPool(market: Market, count: number, stake: bigint): Promise<NodeFleet> {
  const { ethers, nodeRegistry, taskRegistry, atoma, deployer, instance, taskId } = market;
  const fleet = await ethers.deployContract("NodeFleet", [nodeRegistry, taskRegistry, atoma]);
  const address = (await fleet.getAddress()) as Hex;
  await atoma.connect(deployer).transfer(fleet, stake * BigInt(count));
  const hash = hexToBytes(
    signerConsentHash(localChainId, instance.nodeRegistry, { owner: address, deadline: farFutureS }),
  );
  for (let first = 0; first < count; first += perLaunch) {
    const keys = Array.from({ length: Math.min(perLaunch, count - first) }, (_, i) =>
      keccak256(numberToHex(first + i + 1, { size: 32 })),
    );
    const consents = keys.map((key) => consentBy(key, hash));
    await fleet.launch(
      taskId,
      5n,
      stake,
      farFutureS,
      keys.map((key) => privateKeyToAddress(key)),
      consents,
    );
  }
  return fleet;
}

/** Signs without an account object: thousands of keys are used once each. */
function consentBy(key: Hex, hash: Uint8Array): Hex {
  const [recovery = 0, ...rest] = secp256k1.sign(hash, hexToBytes(key), { prehash: false, format: "recovered" });
  return bytesToHex(Uint8Array.from([...rest, 27 + recovery]));
}
