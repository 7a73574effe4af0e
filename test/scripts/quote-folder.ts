import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DcapVerdict } from "../../scripts/vectors/dcap-file.ts";
import { mintWorld } from "../helpers/attestation/world.ts";

/** Makes a folder of one quote that Intel's root does not vouch for, with what its manifest expects. */
export async function writeQuoteFolder(folder: string, expected: DcapVerdict | object): Promise<string> {
  const world = mintWorld();
  const entry = { name: "minted", quote: "quote.bin", collateral: "collateral.json", at: world.at, ...expected };
  await mkdir(folder);
  await writeFile(join(folder, "quote.bin"), world.quote().bytes);
  await writeFile(join(folder, "collateral.json"), JSON.stringify(world.collateral()));
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ dcap: [entry], nvidia: [{}, {}] }));
  return folder;
}
