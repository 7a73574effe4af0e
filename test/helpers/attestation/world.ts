/** Minted worlds whose seed is the run's unless given. */
import {
  type CollateralOptions,
  mintWorld as mintSeeded,
  type World,
  type WorldOptions,
} from "../../../keepers/attestation/dev/world.ts";
import { runSeed } from "./seed.ts";

export type { CollateralOptions, World, WorldOptions };

export const mintWorld = (options: Partial<WorldOptions> = {}): World => mintSeeded({ seed: runSeed, ...options });
