import { expect } from "chai";
import { FunctionFragment, Interface, type ParamType } from "ethers";
import { artifacts } from "hardhat";
import { guardedFunctions } from "../../../sdk/governance/guarded.ts";
import { type GovernedMarket, useGovernedMarket } from "../../helpers/governed.ts";
import { type Caller, functions } from "./functions.ts";

/** Errors that say that the caller has no right; every other one comes of the arguments. */
const refusals: Readonly<Record<Caller, readonly string[]>> = {
  anyone: [],
  admin: ["AccessManagedUnauthorized"],
  guardian: ["AccessManagedUnauthorized"],
  decision: [
    "GovernorOnlyExecutor",
    "AccessControlUnauthorizedAccount",
    "TimelockUnauthorizedCaller",
    "AccessManagerUnauthorizedAccount",
  ],
  governor: ["AccessControlUnauthorizedAccount"],
  instance: ["OnlyFrom", "OnlyTaskRegistry", "OnlyNodeRegistry", "OnlySlasher"],
  wiring: ["CannotConnect", "AlreadyConnected", "NotDeployer"],
  manager: ["AccessManagedUnauthorized"],
};
const everyRefusal = new Set(Object.values(refusals).flat());

/** Zeros, empty lists and empty texts for a function's arguments. */
function zeros(inputs: readonly ParamType[]): unknown[] {
  return inputs.map((input) => {
    if (input.baseType === "array") return [];
    if (input.baseType === "tuple") return zeros(input.components ?? []);
    if (input.type === "string") return "";
    if (input.type === "bool") return false;
    if (input.type === "address") return `0x${"00".repeat(20)}`;
    if (input.type === "bytes") return "0x";
    if (input.type.startsWith("bytes")) return `0x${"00".repeat(Number(input.type.slice(5)))}`;
    return 0n;
  });
}

async function interfaceOf(name: string): Promise<Interface> {
  return new Interface((await artifacts.readArtifact(name)).abi);
}

const changing = (abi: Interface): FunctionFragment[] =>
  abi.fragments.filter((f): f is FunctionFragment => FunctionFragment.isFragment(f) && !f.constant);

/** Addresses by contract; the extension answers at the escrow's. */
function addressesOf({ instance, governance, world }: GovernedMarket): Readonly<Record<string, string>> {
  return {
    RequestEscrow: instance.escrow,
    EscrowExtension: instance.escrow,
    NodeRegistry: instance.nodeRegistry,
    TaskRegistry: instance.taskRegistry,
    Disputes: instance.disputes,
    TeeRegistry: instance.teeRegistry,
    DcapCollateral: instance.collateral,
    DcapVerifier: instance.quoteVerifier,
    DrandBeacon: instance.beacon,
    AtomaToken: world.atoma,
    AtomaTimelock: governance.timelock,
    AtomaGovernor: governance.governor,
    Treasury: governance.treasury,
    Emissions: governance.emissions,
    AccessManager: instance.authority,
  };
}

describe("Functions that change state", () => {
  const market = useGovernedMarket({ nodes: 0 });

  for (const [name, rows] of Object.entries(functions)) {
    it(`of ${name} are those that the table declares`, async () => {
      const names = changing(await interfaceOf(name)).map((fragment) => fragment.name);
      expect(names.sort()).to.deep.equal(Object.keys(rows).sort());
    });

    it(`of ${name} refuse callers as the table declares`, async () => {
      const m = market();
      const abi = await interfaceOf(name);
      const to = addressesOf(m)[name];
      /** Name of the error that a call with zeros meets, or undefined. */
      const outcome = async (fragment: FunctionFragment, from: string): Promise<string | undefined> => {
        const data = abi.encodeFunctionData(fragment, zeros(fragment.inputs));
        try {
          await m.ethers.provider.call({ to: to ?? "", from, data });
          return undefined;
        } catch (error) {
          const { data: reason } = error as { data?: string | null };
          return reason == null || reason === "0x"
            ? "nothing"
            : (abi.parseError(reason)?.name ?? "an error of a library");
        }
      };
      const { deployer, guardian, stranger, governance, instance } = m;
      const outsiders = [deployer.address, stranger.address, m.voters[0].address];
      const powers: Readonly<Record<Caller, readonly string[]>> = {
        anyone: [...outsiders, guardian.address],
        admin: [governance.timelock],
        guardian: [guardian.address],
        decision: [governance.timelock],
        governor: [governance.governor],
        instance: [],
        wiring: [],
        manager: [instance.authority],
      };
      const everybody = [...outsiders, guardian.address, governance.timelock, governance.governor];
      for (const fragment of changing(abi)) {
        const caller = rows[fragment.name] ?? "anyone";
        const able = new Set(powers[caller]);
        for (const from of able) {
          const error = await outcome(fragment, from);
          expect(everyRefusal.has(error ?? ""), `${name}.${fragment.name} by its caller: ${error}`).to.equal(false);
        }
        if (caller === "anyone") continue;
        for (const from of everybody.filter((account) => !able.has(account))) {
          const error = await outcome(fragment, from);
          expect(refusals[caller], `${name}.${fragment.name} by ${from}`).to.include(error);
        }
      }
    });
  }

  it("have a table for every contract that is deployed", async () => {
    const deployed = Object.keys(addressesOf(market()));
    expect(Object.keys(functions).sort()).to.deep.equal(deployed.sort());
  });

  it("have their roles as the deployment declares them", async () => {
    const m = market();
    const addresses = addressesOf(m);
    for (const [name, rows] of Object.entries(functions)) {
      const abi = await interfaceOf(name);
      for (const fragment of changing(abi)) {
        const declared = guardedFunctions.find(({ signature }) => signature === fragment.format("sighash"));
        const role = await m.authority.getTargetFunctionRole(addresses[name] ?? "", fragment.selector);
        expect(role, `${name}.${fragment.name}`).to.equal(declared?.role ?? 0n);
        expect(rows[fragment.name] === "guardian", `${name}.${fragment.name}`).to.equal(declared !== undefined);
      }
    }
  });
});
