import type { IgnitionModule, ModuleParameters } from "@nomicfoundation/ignition-core";
import type { Address } from "viem";
import { Instance } from "../modules/Instance.ts";
import { Network } from "../modules/Network.ts";
import { LocalTokens } from "../modules/Tokens.ts";
import { Token } from "../modules/Token.ts";
import type { NetworkFile } from "../parameters/schema.ts";
import type { Contracts } from "./engine.ts";

/** One module of a deployment; its parameters may name what those before it deployed. */
export type Step = {
  readonly module: IgnitionModule;
  readonly parametersOf: (before: Contracts) => ModuleParameters;
};

/** What an instance stands on that exists already. */
export type Base = {
  readonly authority: Address;
  readonly paymentToken: Address;
  readonly atoma: Address;
  readonly treasury: Address;
};

function at(contracts: Contracts, name: string): Address {
  const address = contracts[name];
  if (address === undefined) throw new Error(`No step before deployed ${name}.`);
  return address;
}

/** Values of an instance and its emissions, as the modules name them. */
function instanceParameters({ instance, emissions }: NetworkFile): ModuleParameters {
  const { beaconPublicKey, ...rest } = instance;
  return { ...rest, ...emissions, beaconPublicKey: [...beaconPublicKey] };
}

/** Steps of a whole network: tokens where it has none, then everything else with the hand-over at the end. */
export function networkSteps(file: NetworkFile): readonly Step[] {
  const { governance, guardian } = file;
  const { timelockDelay, ...governorSettings } = governance;
  const network: Step = {
    module: Network,
    parametersOf: (before) => ({
      ...instanceParameters(file),
      ...tokensOf(file, before),
      guardian,
      timelockDelay,
      governorSettings,
    }),
  };
  return [...tokenSteps(file), network];
}

function tokensOf({ paymentToken, atoma }: NetworkFile, before: Contracts): { paymentToken: Address; atoma: Address } {
  return {
    paymentToken: paymentToken === "deploy" ? at(before, "paymentToken") : paymentToken.address,
    atoma: "address" in atoma ? atoma.address : at(before, "atoma"),
  };
}

function tokenSteps({ paymentToken, atoma }: NetworkFile): readonly Step[] {
  if ("address" in atoma) return [];
  const { holder, supply } = atoma;
  if (paymentToken === "deploy" || holder === "deployer")
    // the file's checks let only both through
    return [{ module: LocalTokens, parametersOf: () => ({ supply }) }];
  return [{ module: Token, parametersOf: () => ({ holder, supply }) }];
}

/** The one step of another instance beside those of a network. */
export function instanceSteps(file: NetworkFile, base: Base): readonly Step[] {
  return [{ module: Instance, parametersOf: () => ({ ...instanceParameters(file), ...base }) }];
}
