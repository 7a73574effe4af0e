import { type Address, type Hex, hexToBigInt, hexToNumber, type TransactionSerializableEIP1559 } from "viem";
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
};

/** A node that seems to hold the deployer's key: what is sent from it is signed here and written down first. */
export function signingProvider({ provider, deployer, chainId, outbox }: SigningInput): Provider {
  const send = async (wanted: Wanted): Promise<unknown> => {
    const raw = await deployer.signTransaction(signable(wanted, chainId));
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
