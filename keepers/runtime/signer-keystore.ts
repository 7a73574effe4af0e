/** A signer on an encrypted keystore (Web3 Secret Storage, version 3). */
import { decryptKeystoreJson, isKeystoreJson } from "ethers";
import { SignerError } from "./errors.ts";
import { privateKeySigner, type Signer } from "./signer.ts";

export type KeystoreOptions = {
  /** Content of the keystore file. */
  json: string;
  /** Trailing line ends, as editors add to password files, are not part of it. */
  password: string;
};

/** Decrypts the keystore (takes about a second). Neither key nor password appears in errors. */
export const keystoreSigner = async ({ json, password }: KeystoreOptions): Promise<Signer> => {
  if (!isKeystoreJson(json)) throw new SignerError("the keystore is no version 3 keystore file");
  let privateKey: string;
  try {
    ({ privateKey } = await decryptKeystoreJson(json, password.replace(/[\r\n]+$/, "")));
  } catch {
    throw new SignerError("the keystore cannot be decrypted: wrong password or damaged file");
  }
  return privateKeySigner(privateKey);
};
