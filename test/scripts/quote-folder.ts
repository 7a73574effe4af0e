import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hexOf } from "../../keepers/attestation/dev/bytes.ts";
import { mintGpuWorld } from "../../keepers/attestation/dev/gpu-world.ts";
import type { DcapVerdict } from "../../scripts/vectors/dcap-file.ts";
import { runSeed } from "../helpers/attestation/seed.ts";
import { mintWorld } from "../helpers/attestation/world.ts";

/**
 * Makes a folder of one quote that Intel's root does not vouch for, and of one GPU's evidence that NVIDIA's does not, with what
 * its manifest expects. Evidence is rejected unless something else is expected of it.
 */
export async function writeQuoteFolder(
  folder: string,
  expected: DcapVerdict | object,
  expectedGpu: object = {},
): Promise<string> {
  const world = mintWorld();
  const gpuWorld = mintGpuWorld({ seed: runSeed });
  const gpu = gpuWorld.evidence();
  const entry = { name: "minted", quote: "quote.bin", collateral: "collateral.json", at: world.at, ...expected };
  const gpuEntry = {
    name: "minted",
    report: "gpu.hex",
    chain: "gpu.pem",
    nonce: null,
    at: gpuWorld.at,
    verdict: "reject",
    ...expectedGpu,
  };
  await mkdir(folder);
  await writeFile(join(folder, "quote.bin"), world.quote().bytes);
  await writeFile(join(folder, "collateral.json"), JSON.stringify(world.collateral()));
  await writeFile(join(folder, "gpu.hex"), `${hexOf(gpu.report)}\n`);
  await writeFile(join(folder, "gpu.pem"), gpu.chain);
  await writeFile(join(folder, "manifest.json"), JSON.stringify({ dcap: [entry], nvidia: [gpuEntry] }));
  return folder;
}
