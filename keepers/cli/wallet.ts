/** The key that pays and signs: from a keystore, the environment, or a keeper's settings. */
import { readFileSync } from "node:fs";
import { type Account, createWalletClient, formatGwei } from "viem";
import { toAccount } from "viem/accounts";
import type { SendContext } from "../../sdk/client/context.ts";
import { UsageError } from "../commands/usage-error.ts";
import { openSigner } from "../key.ts";
import type { Rpc } from "../runtime/rpc-endpoint.ts";
import { privateKeySigner, type Signer } from "../runtime/signer.ts";
import { keystoreSigner } from "../runtime/signer-keystore.ts";
import { chainOf, transportOf } from "../runtime/viem-client.ts";
import type { Io } from "./io.ts";
import { during } from "./progress.ts";
import type { Session } from "./session.ts";

/** Options of every command that sends. */
export type WalletOptions = { readonly keystore?: string | undefined; readonly passwordFile?: string | undefined };

/** Options for a node's hot key. */
export type SignerOptions = { readonly signerKeystore?: string; readonly signerPasswordFile?: string };

const read = (path: string, what: string): string => {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new UsageError(`The ${what} ${path} cannot be read: check the path and its permissions.`, { cause });
  }
};

const fromKeystore = (
  io: Pick<Io, "err">,
  file: string,
  passwordFile: string | undefined,
  option: string,
): Promise<Signer> => {
  if (passwordFile === undefined) throw new UsageError(`${option} is missing: a file with the keystore's password.`);
  const opened = keystoreSigner({ json: read(file, "keystore"), password: read(passwordFile, "password file") });
  return during(io, "The keystore is decrypted", opened);
};

/** The key that options or environment name, or undefined. Throws UsageError or SignerError, in which no secret appears. */
export const openNamedKey = async (
  io: Pick<Io, "err" | "environment">,
  options: WalletOptions,
): Promise<Signer | undefined> => {
  const { keystore, passwordFile, privateKey } = io.environment();
  if (options.keystore === undefined && keystore !== undefined && privateKey !== undefined)
    throw new UsageError(
      "ATOMA_KEYSTORE and ATOMA_PRIVATE_KEY are both set: unset one, or name the keystore that pays with --keystore FILE.",
    );
  const file = options.keystore ?? keystore;
  if (file !== undefined) return fromKeystore(io, file, options.passwordFile ?? passwordFile, "--password-file");
  return privateKey === undefined ? undefined : privateKeySigner(privateKey);
};

/** The wallet's key. Throws UsageError or SignerError, in which no secret appears. */
export const openWallet = async (io: Io, session: Session, options: WalletOptions): Promise<Signer> => {
  const named = await openNamedKey(io, options);
  if (named !== undefined) return named;
  if (session.settings !== undefined) return openSigner(session.settings);
  throw new UsageError(
    "Name the key that pays: --keystore FILE and --password-file FILE (or ATOMA_KEYSTORE and ATOMA_PASSWORD_FILE), or ATOMA_PRIVATE_KEY.",
  );
};

/** A node's hot key, or undefined if none is named. A keeper's settings name it where another key pays. */
export const openHotKey = async (
  io: Io,
  session: Pick<Session, "settings">,
  options: SignerOptions,
): Promise<Signer | undefined> => {
  const { signerPrivateKey } = io.environment();
  const { signerKeystore, signerPasswordFile } = options;
  if (signerKeystore !== undefined)
    return fromKeystore(io, signerKeystore, signerPasswordFile, "--signer-password-file");
  if (signerPrivateKey !== undefined) return privateKeySigner(signerPrivateKey);
  return session.settings === undefined ? undefined : openSigner(session.settings);
};

type Signed = Parameters<Signer["signTransaction"]>[0];

/** What a client prepared: a node can have made it one with a gas price. */
type Prepared = Omit<Signed, "gasPrice"> & { readonly gasPrice?: bigint };

/** What may be signed: transactions of one chain, at no more than so many wei per gas. */
type Agreed = { readonly chainId: number; readonly mostFeeWei: bigint };

/**
 * An RPC says what gas costs, and fills in what a call leaves open: one that lies, or a market that runs away, must not spend
 * what nobody agreed to, nor have it signed for another chain.
 */
const agreedTo = (transaction: Prepared, { chainId, mostFeeWei }: Agreed): Signed => {
  const { to, data, nonce, gas, gasPrice = 0n, maxFeePerGas: feeWei = gasPrice, maxPriorityFeePerGas } = transaction;
  if (feeWei > mostFeeWei)
    throw new UsageError(
      `Not sent: gas costs ${formatGwei(feeWei)} gwei now, and at most ${formatGwei(mostFeeWei)} was agreed to. Look at the RPC and the market, and run it again.`,
    );
  if (transaction.chainId !== chainId)
    throw new UsageError(
      `Not sent: the RPC filled it in for the chain ${transaction.chainId}, and not ${chainId}. Use another RPC.`,
    );
  return { type: "eip1559", chainId, to, data, nonce, gas, maxFeePerGas: feeWei, maxPriorityFeePerGas };
};

const accountOf = ({ address, signTransaction, signTypedData }: Signer, agreed: Agreed): Account =>
  toAccount({
    address,
    signTransaction: async (transaction) => signTransaction(agreedTo(transaction as Prepared, agreed)),
    signTypedData: (data) => signTypedData(data as Parameters<Signer["signTypedData"]>[0]),
    signMessage: () => Promise.reject(new Error("This program signs no messages.")),
  });

/** What `send` needs. Says the hash of a transaction as soon as it is sent. Nothing is signed that costs more than `mostFeeWei` per gas. */
export const sendContextOf = (
  io: Io,
  { rpc, context, instance }: Session,
  signer: Signer,
  mostFeeWei: bigint,
): SendContext => {
  const telling: Rpc = {
    request: async (method, params) => {
      const answer = await rpc.request(method, params);
      if (method === "eth_sendRawTransaction") io.err(`Sent ${String(answer)}; it is not mined yet ...`);
      return answer;
    },
  };
  const chain = chainOf(instance.chainId);
  const walletClient = createWalletClient({
    account: accountOf(signer, { chainId: instance.chainId, mostFeeWei }),
    chain,
    transport: transportOf(telling),
  });
  return { publicClient: context.publicClient, walletClient };
};
