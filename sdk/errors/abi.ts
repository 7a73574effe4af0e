import type { Abi } from "viem";
import { accessManagerAbi } from "../abi/access-manager.ts";
import { agentWalletAbi } from "../abi/agent-wallet.ts";
import { atomaGovernorAbi } from "../abi/atoma-governor.ts";
import { atomaTimelockAbi } from "../abi/atoma-timelock.ts";
import { atomaTokenAbi } from "../abi/atoma-token.ts";
import { claimDeskAbi } from "../abi/claim-desk.ts";
import { dcapCollateralAbi } from "../abi/dcap-collateral.ts";
import { dcapVerifierAbi } from "../abi/dcap-verifier.ts";
import { disputesAbi } from "../abi/disputes.ts";
import { drandBeaconAbi } from "../abi/drand-beacon.ts";
import { emissionsAbi } from "../abi/emissions.ts";
import { erc20Abi } from "../abi/erc20.ts";
import { foldConsumerAbi } from "../abi/fold-consumer.ts";
import { generativeNftAbi } from "../abi/generative-nft.ts";
import { nodeRegistryAbi } from "../abi/node-registry.ts";
import { rateConsumerAbi } from "../abi/rate-consumer.ts";
import { requestEscrowAbi } from "../abi/request-escrow.ts";
import { taskRegistryAbi } from "../abi/task-registry.ts";
import { teeRegistryAbi } from "../abi/tee-registry.ts";
import { treasuryAbi } from "../abi/treasury.ts";

/** A custom error in an ABI. */
export type AbiError = Extract<Abi[number], { type: "error" }>;

const abis: readonly Abi[] = [
  requestEscrowAbi,
  nodeRegistryAbi,
  taskRegistryAbi,
  disputesAbi,
  dcapCollateralAbi,
  dcapVerifierAbi,
  teeRegistryAbi,
  drandBeaconAbi,
  atomaTokenAbi,
  atomaGovernorAbi,
  atomaTimelockAbi,
  accessManagerAbi,
  treasuryAbi,
  emissionsAbi,
  foldConsumerAbi,
  rateConsumerAbi,
  claimDeskAbi,
  generativeNftAbi,
  agentWalletAbi,
  erc20Abi,
];

/** Every error of the protocol's contracts, once per selector. */
export const protocolErrors: readonly AbiError[] = [
  ...new Map(
    abis
      .flatMap((abi) => abi.filter((item) => item.type === "error"))
      .map((error) => [`${error.name}(${error.inputs.map(({ type }) => type).join(",")})`, error] as const),
  ).values(),
];
