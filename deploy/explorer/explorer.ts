import { DeploymentError } from "../parameters/network-file.ts";

/** A block explorer that takes sources by Blockscout's interface. */
export type Explorer = {
  /** Address of the interface, such as https://explorer.example/api. */
  readonly url: string;
  /** A key of the interface. It is a secret: never printed. */
  readonly key: string | undefined;
};

/** Chains of this machine: hardhat-verify refuses them, as no explorer knows them. */
const unknownChains: readonly number[] = [1_337, 31_337];

/** Throws DeploymentError where this explorer cannot be asked about this chain. */
export function explorerOf(url: string, key: string | undefined, chainId: number): Explorer {
  const faults = [...urlFaults(url), ...chainFaults(chainId)];
  if (faults.length > 0) throw new DeploymentError("The explorer cannot be asked:", faults);
  return { url, key: key === "" ? undefined : key };
}

const chainFaults = (chainId: number): readonly string[] =>
  unknownChains.includes(chainId)
    ? [`hardhat-verify submits nothing for chain ${chainId}: give a local chain another number.`]
    : [];

/** The key travels in the address: it must be encrypted, unless it stays on this machine. */
function urlFaults(text: string): readonly string[] {
  const url = URL.parse(text);
  if (url === null) return ["--explorer must be an address such as https://explorer.example/api."];
  const isHere = url.hostname === "127.0.0.1" || url.hostname === "localhost";
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isHere);
  return [
    ...(isSafe ? [] : ["--explorer must begin with https://, or be on this machine."]),
    ...(url.username + url.password + url.search + url.hash === ""
      ? []
      : ["--explorer must hold no password and no question: give a key in ATOMA_EXPLORER_KEY."]),
  ];
}
