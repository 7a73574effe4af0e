/**
 * A signer whose key lives in a remote service that speaks web3signer's `eth1/sign`: the service hashes the posted bytes
 * with keccak256 and signs the hash. Tested against a stand-in with the same interface, not against the live product.
 */
import {
  type Address,
  concat,
  getTypesForEIP712Domain,
  hashDomain,
  hashStruct,
  type Hex,
  parseSignature,
  serializeSignature,
  serializeTransaction,
  type TransactionSerializableEIP1559,
  type TypedDataDefinition,
} from "viem";
import { publicKeyToAddress } from "viem/accounts";
import { SignerError } from "./errors.ts";
import { redactUrl } from "./redact.ts";
import { checked, type Signer } from "./signer.ts";

export type RemoteSignerOptions = {
  /** Base URL of the service. */
  url: string;
  /** Uncompressed public key, 64 bytes in hex (with or without 0x and the leading 04): names the key at the service. */
  publicKey: string;
  timeoutMs?: number;
  /** Sent as `Authorization`, where a proxy in front of the service asks for it. */
  authorization?: string;
};

const maxAnswer = 1_024;

const keyOf = (publicKey: string): { identifier: Hex; address: Address } => {
  const hex = publicKey.replace(/^0x/i, "").toLowerCase();
  const body = hex.length === 130 && hex.startsWith("04") ? hex.slice(2) : hex;
  if (!/^[0-9a-f]{128}$/.test(body)) throw new SignerError("the remote signer's public key is not 64 bytes in hex");
  return { identifier: `0x${body}`, address: publicKeyToAddress(`0x04${body}`) };
};

/** The bytes whose keccak256 is the EIP-712 digest. */
const typedDataBytes = ({ domain = {}, types, primaryType, message }: TypedDataDefinition): Hex => {
  const all = { EIP712Domain: getTypesForEIP712Domain({ domain }), ...types } as Record<
    string,
    { name: string; type: string }[]
  >;
  const parts: Hex[] = ["0x1901", hashDomain({ domain, types: all } as Parameters<typeof hashDomain>[0])];
  if (primaryType !== "EIP712Domain")
    parts.push(hashStruct({ data: message as Record<string, unknown>, primaryType, types: all }));
  return concat(parts);
};

/** A signer at the remote service. Makes no request by itself; `publicKey` fixes the address. */
export const remoteSigner = ({ url, publicKey, timeoutMs = 10_000, authorization }: RemoteSignerOptions): Signer => {
  const { identifier, address } = keyOf(publicKey);
  const endpoint = `${url.replace(/\/+$/, "")}/api/v1/eth1/sign/${identifier}`;
  const name = redactUrl(url);
  const headers = { "content-type": "application/json", ...(authorization === undefined ? {} : { authorization }) };
  const sign = async (data: Hex): Promise<Hex> => {
    try {
      const body = JSON.stringify({ data });
      const response = await fetch(endpoint, { method: "POST", headers, body, signal: AbortSignal.timeout(timeoutMs) });
      if (response.status !== 200) throw new SignerError(`HTTP status ${response.status}`);
      const text = (await response.text()).slice(0, maxAnswer).trim().replaceAll('"', "");
      if (!/^0x[0-9a-fA-F]{130}$/.test(text)) throw new SignerError("the answer is no signature");
      return text as Hex;
    } catch (cause) {
      throw new SignerError(`the remote signer ${name} did not sign`, { cause });
    }
  };
  const signTransaction = async (transaction: TransactionSerializableEIP1559): Promise<Hex> => {
    const signature = parseSignature(await sign(serializeTransaction(transaction)));
    return serializeTransaction(transaction, signature);
  };
  const signTypedData = async (typedData: TypedDataDefinition): Promise<Hex> =>
    serializeSignature(parseSignature(await sign(typedDataBytes(typedData))));
  return checked({ address, signTransaction, signTypedData });
};
