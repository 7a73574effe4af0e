import { p256 } from "@noble/curves/nist.js";
import { network } from "hardhat";
import { bytesToHex, type Hex, hexToBytes, numberToHex, sha256, stringToHex, toHex } from "viem";
import { deployHarness } from "./harness.ts";

/** The only issuer that the harness knows. */
export const issuerId = numberToHex(1, { size: 32 });

export type Signature = { readonly r: Hex; readonly s: Hex };

/** Signs a text as Intel does; half of the signatures have the larger s. */
export function signText(secretKey: Uint8Array, text: string): Signature {
  const bytes = p256.sign(hexToBytes(sha256(stringToHex(text))), secretKey, { prehash: false, lowS: false });
  return { r: bytesToHex(bytes.slice(0, 32)), s: bytesToHex(bytes.slice(32, 64)) };
}

/** The other s that the same signature can have. */
export function otherS({ r, s }: Signature): Signature {
  return { r, s: numberToHex(p256.Point.Fn.ORDER - BigInt(s), { size: 32 }) };
}

/** A harness with a new signer, and the way to post texts there. */
export async function makePoster() {
  const connection = await network.create();
  const secretKey = p256.utils.randomSecretKey();
  const publicKey = p256.getPublicKey(secretKey, false);
  const harness = await deployHarness(connection, toHex(publicKey.slice(1, 33)), toHex(publicKey.slice(33)));
  const { provider } = connection.ethers;
  const sign = (text: string) => signText(secretKey, text);
  return {
    connection,
    harness,
    sign,
    /** Sends a text that Intel signed. */
    postTcbInfo: (text: string, { r, s } = sign(text)) => harness.postTcbInfo(stringToHex(text), r, s, issuerId),
    postQeIdentity: (text: string, { r, s } = sign(text)) => harness.postQeIdentity(stringToHex(text), r, s, issuerId),
    nowS: async () => (await provider.getBlock("latest"))?.timestamp ?? 0,
    /** The next block is mined at this time. */
    nextBlockAt: (timeS: number) => provider.send("evm_setNextBlockTimestamp", [timeS]),
    codeOf: (address: string) => provider.getCode(address),
  };
}
