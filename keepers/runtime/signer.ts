/**
 * One interface over every way to hold a key. What a signer returns has been checked to recover to its address, so a
 * wrong or hostile remote signer is an error here and not a lost transaction later.
 */
import {
  type Address,
  type Hex,
  recoverTransactionAddress,
  recoverTypedDataAddress,
  type TransactionSerializableEIP1559,
  type TransactionSerializedEIP1559,
  type TypedDataDefinition,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { SignerError } from "./errors.ts";

export type Signer = {
  address: Address;
  /** The signed raw transaction. */
  signTransaction(transaction: TransactionSerializableEIP1559): Promise<Hex>;
  /** The 65-byte EIP-712 signature, v = 27 or 28. */
  signTypedData(typedData: TypedDataDefinition): Promise<Hex>;
};

/** Wraps a signer so that each signature is recovered and compared with its address. */
export const checked = (signer: Signer): Signer => {
  const expect = (recovered: Address): void => {
    if (recovered.toLowerCase() !== signer.address.toLowerCase())
      throw new SignerError(`the signer of ${signer.address} signed with the key of ${recovered}`);
  };
  return {
    address: signer.address,
    signTransaction: async (transaction) => {
      const raw = await signer.signTransaction(transaction);
      expect(await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerializedEIP1559 }));
      return raw;
    },
    signTypedData: async (typedData) => {
      const signature = await signer.signTypedData(typedData);
      expect(
        await recoverTypedDataAddress({ ...typedData, signature } as Parameters<typeof recoverTypedDataAddress>[0]),
      );
      return signature;
    },
  };
};

/** A signer on a private key (0x and 64 hex digits). The key never appears in an error. */
export const privateKeySigner = (privateKey: string): Signer => {
  try {
    const account = privateKeyToAccount(privateKey as Hex);
    return {
      address: account.address,
      signTransaction: (transaction) => account.signTransaction(transaction),
      signTypedData: (typedData) => account.signTypedData(typedData),
    };
  } catch {
    throw new SignerError("the private key is not valid: expected 0x and 64 hex digits of a secp256k1 key");
  }
};
