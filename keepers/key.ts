/** The keeper's key, from wherever the settings say it is. */
import { readFileSync } from "node:fs";
import { SignerError } from "./runtime/errors.ts";
import { privateKeySigner, type Signer } from "./runtime/signer.ts";
import { keystoreSigner } from "./runtime/signer-keystore.ts";
import { remoteSigner } from "./runtime/signer-remote.ts";
import type { Settings } from "./settings.ts";

const readText = (path: string, what: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new SignerError(`the ${what} ${path} cannot be read`, { cause });
  }
};

/** Opens the key. Throws SignerError, in which no secret appears. A keystore takes about a second. */
export const openSigner = async ({ key }: Pick<Settings, "key">): Promise<Signer> => {
  const { keystoreFile, passwordFile, privateKey, remoteUrl, remotePublicKey, remoteAuthorization } = key;
  if (privateKey !== undefined) return privateKeySigner(privateKey);
  if (keystoreFile !== undefined && passwordFile !== undefined) {
    const json = readText(keystoreFile, "keystore");
    return keystoreSigner({ json, password: readText(passwordFile, "password file") });
  }
  if (remoteUrl !== undefined && remotePublicKey !== undefined) {
    const authorization = remoteAuthorization === undefined ? {} : { authorization: remoteAuthorization };
    return remoteSigner({ url: remoteUrl, publicKey: remotePublicKey, ...authorization });
  }
  throw new SignerError("no key is configured");
};

/** The secret key of a private network's beacon, decimal or 0x hex. Throws SignerError. */
export const openBeaconSecret = ({ beacon }: Pick<Settings, "beacon">): bigint => {
  const { secretKey, secretKeyFile } = beacon;
  const text = (secretKey ?? (secretKeyFile === undefined ? "" : readText(secretKeyFile, "beacon key"))).trim();
  if (!/^(\d{1,78}|0x[0-9a-fA-F]{1,64})$/.test(text))
    throw new SignerError("the beacon's key is no number, decimal or 0x hex");
  return BigInt(text);
};

/** Every secret that the settings hold, for redaction. */
export const secretsOf = ({ key, beacon }: Pick<Settings, "key" | "beacon">): readonly string[] =>
  [key.privateKey, key.privateKey?.slice(2), key.remoteAuthorization, beacon.secretKey].filter(
    (one) => one !== undefined,
  );
