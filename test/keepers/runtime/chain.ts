/** Fixtures: a real local chain behind a real JSON-RPC server, and the runtime's parts on top of it. */
import { artifacts, network } from "hardhat";
import {
  type Abi,
  type Address,
  encodeDeployData,
  encodeFunctionData,
  getContractAddress,
  type Hex,
  numberToHex,
} from "viem";
import { mnemonicToAccount } from "viem/accounts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";
import { type FailoverRpc, makeRpc } from "../../../keepers/runtime/rpc.ts";
import { readNonce, readReceipt } from "../../../keepers/runtime/rpc-answers.ts";
import { privateKeySigner, type Signer } from "../../../keepers/runtime/signer.ts";

export const chainId = 31_337;

export type LocalChain = {
  url: string;
  rpc: FailoverRpc;
  /** Mines `blocks` blocks. */
  mine(blocks?: number): Promise<void>;
  snapshot(): Promise<() => Promise<void>>;
  setAutomine(on: boolean): Promise<void>;
  close(): Promise<void>;
};

/** A fresh simulated chain on 127.0.0.1, any free port. */
export const startChain = async (): Promise<LocalChain> => {
  const server = await network.createServer({ network: "default" }, "127.0.0.1", 0);
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  const rpc = makeRpc({ urls: [url], chainId, clock: systemClock, log: silentLog });
  return {
    url,
    rpc,
    mine: async (blocks = 1) => void (await rpc.request("hardhat_mine", [numberToHex(blocks)])),
    snapshot: async () => {
      const id = await rpc.request("evm_snapshot", []);
      return async () => void (await rpc.request("evm_revert", [id]));
    },
    setAutomine: async (on) => void (await rpc.request("evm_setAutomine", [on])),
    close: () => server.close(),
  };
};

const mnemonic = "test test test test test test test test test test test junk";

/** Private key of the chain's `index`-th funded account. */
export const devKey = (index: number): Hex => {
  const key = mnemonicToAccount(mnemonic, { addressIndex: index }).getHdKey().privateKey;
  if (key === null || key === undefined) throw new Error("no key");
  return `0x${Buffer.from(key).toString("hex")}`;
};

/** Signer of the chain's `index`-th funded account. */
export const devSigner = (index: number): Signer => privateKeySigner(devKey(index));

const rawFrom = async (
  rpc: FailoverRpc,
  signer: Signer,
  tx: { to?: Address; data: Hex; nonce?: number },
): Promise<Hex> =>
  signer.signTransaction({
    chainId,
    nonce: tx.nonce ?? (await readNonce(rpc, signer.address, "latest")),
    ...(tx.to === undefined ? {} : { to: tx.to }),
    data: tx.data,
    gas: 5_000_000n,
    maxFeePerGas: 100_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
  });

/** Sends outside of the runtime, as any other user of the chain would. */
export const sendRaw = async (
  rpc: FailoverRpc,
  signer: Signer,
  tx: { to?: Address; data: Hex; nonce?: number },
): Promise<Hex> => (await rpc.request("eth_sendRawTransaction", [await rawFrom(rpc, signer, tx)])) as Hex;

export type Probe = {
  address: Address;
  abi: Abi;
  hit(subject: bigint, value?: bigint): Hex;
  hitWhileOpen(subject: bigint): Hex;
  setClosed(value: boolean): Hex;
  burst(first: bigint, count: bigint): Hex;
  hits(rpc: FailoverRpc, subject: bigint): Promise<bigint>;
};

/** Deploys the probe contract from account 9 and mines it. */
export const deployProbe = async ({ rpc, mine }: LocalChain): Promise<Probe> => {
  const artifact = await artifacts.readArtifact("RuntimeProbe");
  const abi = artifact.abi as Abi;
  const deployer = devSigner(9);
  const nonce = await readNonce(rpc, deployer.address, "latest");
  const hash = await sendRaw(rpc, deployer, { data: encodeDeployData({ abi, bytecode: artifact.bytecode as Hex }) });
  if ((await readReceipt(rpc, hash)) === undefined) await mine();
  const address = getContractAddress({ from: deployer.address, nonce: BigInt(nonce) });
  const call = (functionName: string, args: readonly unknown[]): Hex => encodeFunctionData({ abi, functionName, args });
  return {
    address,
    abi,
    hit: (subject, value = 0n) => call("hit", [subject, value]),
    hitWhileOpen: (subject) => call("hitWhileOpen", [subject]),
    setClosed: (value) => call("setClosed", [value]),
    burst: (first, count) => call("burst", [first, count]),
    hits: async (from, subject) =>
      BigInt((await from.request("eth_call", [{ to: address, data: call("hits", [subject]) }, "latest"])) as Hex),
  };
};
