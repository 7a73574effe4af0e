import { readFileSync } from "node:fs";
import { readCliEnvironment } from "../../keepers/config.ts";
import { privateKeySigner, type Signer } from "../../keepers/runtime/signer.ts";
import { keystoreSigner } from "../../keepers/runtime/signer-keystore.ts";
import { DeploymentError } from "../../deploy/parameters/network-file.ts";

/** Where a key may be named on the command line: never the key itself. */
export type KeyOptions = { readonly keystore?: string | undefined; readonly passwordFile?: string | undefined };

function read(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new DeploymentError("The key cannot be opened:", [`the ${what} ${path} cannot be read.`], { cause });
  }
}

/** The deployer's key, or undefined if none is named. Throws DeploymentError or SignerError; no secret is in either. */
export async function openKey(options: KeyOptions): Promise<Signer | undefined> {
  const environment = readCliEnvironment();
  const { privateKey } = environment;
  if (options.keystore === undefined && environment.keystore !== undefined && privateKey !== undefined)
    throw new DeploymentError("There are two keys:", [
      "ATOMA_KEYSTORE and ATOMA_PRIVATE_KEY are both set: unset one, or name the keystore with --keystore FILE.",
    ]);
  const keystore = options.keystore ?? environment.keystore;
  if (keystore === undefined) return privateKey === undefined ? undefined : privateKeySigner(privateKey);
  const passwordFile = options.passwordFile ?? environment.passwordFile;
  if (passwordFile === undefined)
    throw new DeploymentError("The keystore needs its password:", [
      "name its file with --password-file or ATOMA_PASSWORD_FILE.",
    ]);
  return keystoreSigner({ json: read(keystore, "keystore"), password: read(passwordFile, "password file") });
}
