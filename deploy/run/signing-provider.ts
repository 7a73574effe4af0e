import {
  type Address,
  formatGwei,
  type Hex,
  hexToBigInt,
  hexToNumber,
  type TransactionSerializableEIP1559,
} from "viem";
import { DeploymentError } from "../parameters/network-file.ts";
import type { Outbox } from "./outbox.ts";
import type { Provider } from "./rpc.ts";

/** Who signs a deployment. */
export type Deployer = {
  readonly address: Address;
  readonly signTransaction: (transaction: TransactionSerializableEIP1559) => Promise<Hex>;
};

type Wanted = {
  readonly to?: Address;
  readonly data?: Hex;
  readonly value?: Hex;
  readonly nonce: Hex;
  readonly gas: Hex;
  readonly gasPrice?: Hex;
  readonly maxFeePerGas?: Hex;
  readonly maxPriorityFeePerGas?: Hex;
};

export type SigningInput = {
  readonly provider: Provider;
  readonly deployer: Deployer;
  readonly chainId: number;
  readonly outbox: Outbox;
  /** Most wei for a unit of gas that is signed; any, if absent. A node names the fees, and may lie once it is trusted. */
  readonly mostFeeWei?: bigint;
};

/** A node that seems to hold the deployer's key: what is sent from it is signed here and written down first. */
export function signingProvider({ provider, deployer, chainId, outbox, mostFeeWei }: SigningInput): Provider {
  const send = async (wanted: Wanted): Promise<unknown> => {
    const transaction = signable(wanted, chainId);
    checkFee(transaction, mostFeeWei);
    const raw = await deployer.signTransaction(transaction);
    outbox.add(hexToNumber(wanted.nonce), raw);
    return provider.request({ method: "eth_sendRawTransaction", params: [raw] });
  };
  return {
    request: async ({ method, params = [] }) => {
      if (method === "eth_accounts") return [deployer.address];
      if (method === "eth_sendTransaction") return send(params[0] as Wanted);
      return provider.request({ method, params });
    },
  };
}

function checkFee({ maxFeePerGas = 0n }: TransactionSerializableEIP1559, mostFeeWei = maxFeePerGas): void {
  if (maxFeePerGas <= mostFeeWei) return;
  throw new DeploymentError("Fees rose since they were shown:", [
    `the node asks up to ${formatGwei(maxFeePerGas)} gwei for a unit of gas, and at most ${formatGwei(mostFeeWei)} is signed. Nothing is lost: run the same command again to see what it costs now.`,
  ]);
}

/** Chains with one gas price get it as both fees. */
function signable(wanted: Wanted, chainId: number): TransactionSerializableEIP1559 {
  const { to, data = "0x", value = "0x0", nonce, gas, gasPrice = "0x0" } = wanted;
  return {
    type: "eip1559",
    chainId,
    data,
    value: hexToBigInt(value),
    nonce: hexToNumber(nonce),
    gas: hexToBigInt(gas),
    maxFeePerGas: hexToBigInt(wanted.maxFeePerGas ?? gasPrice),
    maxPriorityFeePerGas: hexToBigInt(wanted.maxPriorityFeePerGas ?? gasPrice),
    ...(to === undefined ? {} : { to }),
  };
}
