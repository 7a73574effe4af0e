import { expect } from "chai";
import { FunctionFragment, Interface, type ParamType } from "ethers";
import { artifacts } from "hardhat";
import { guardedFunctions } from "../../../sdk/governance/guarded.ts";
import { type GovernedMarket, useGovernedMarket } from "../../helpers/governed.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { type Caller, functions, instanceCallers } from "./functions.ts";

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
  target: ["AccessManagerUnauthorizedCall"],
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

/** Name of the error that a call with these arguments meets, zeros by default, or undefined. */
async function outcomeOf(
  { ethers }: Pick<GovernedMarket, "ethers">,
  { abi, to, from }: { readonly abi: Interface; readonly to: string; readonly from: string },
  fragment: FunctionFragment,
  args: readonly unknown[] = zeros(fragment.inputs),
): Promise<string | undefined> {
  try {
    await ethers.provider.call({ to, from, data: abi.encodeFunctionData(fragment, args) });
    return undefined;
  } catch (error) {
    const { data: reason } = error as { data?: string | null };
    return reason == null || reason === "0x" ? "nothing" : (abi.parseError(reason)?.name ?? "an error of a library");
  }
}

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
      const to = addressesOf(m)[name] ?? "";
      const outcome = (fragment: FunctionFragment, from: string) => outcomeOf(m, { abi, to, from }, fragment);
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
        target: [],
      };
      const everybody = [...outsiders, guardian.address, governance.timelock, governance.governor];
      for (const fragment of changing(abi)) {
        const caller = rows[fragment.name] ?? "anyone";
        if (caller === "target") continue;
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

  it("told by other contracts of the instance believe the one that the table names, and no other contract or account", async () => {
    const m = market();
    const addresses = addressesOf(m);
    const seen: Record<string, Record<string, string>> = {};
    for (const [name, rows] of Object.entries(functions)) {
      const abi = await interfaceOf(name);
      for (const fragment of changing(abi).filter((one) => rows[one.name] === "instance")) {
        const able: string[] = [];
        for (const [caller, from] of [...Object.entries(addresses), ["nobody", m.stranger.address] as const]) {
          const error = await outcomeOf(m, { abi, to: addresses[name] ?? "", from }, fragment);
          if (!refusals.instance.includes(error ?? "") && caller !== "EscrowExtension") able.push(caller); // the escrow's
        }
        (seen[name] ??= {})[fragment.name] = able.join();
      }
    }
    expect(seen).to.deep.equal(instanceCallers);
  });

  describe("through the access manager", () => {
    /** The access manager, a call of each function of the table in turn, and who may make it. */
    async function eachCall(
      visit: (call: { target: string; data: string; holder: string; what: string }) => Promise<void>,
    ) {
      const { guardian, governance } = market();
      const addresses = addressesOf(market());
      for (const [name, rows] of Object.entries(functions)) {
        const abi = await interfaceOf(name);
        for (const fragment of changing(abi)) {
          const holder = rows[fragment.name] === "guardian" ? guardian.address : governance.timelock;
          const data = abi.encodeFunctionData(fragment, zeros(fragment.inputs));
          await visit({ target: addresses[name] ?? "", data, holder, what: `${name}.${fragment.name}` });
        }
      }
    }
    const everybody = () => {
      const { deployer, stranger, guardian, voters, governance } = market();
      const accounts = [deployer, stranger, guardian, voters[0]].map(({ address }) => address);
      return [...accounts, governance.timelock, governance.governor, governance.treasury];
    };
    /** The error of a function of the access manager, or undefined. */
    const told = (name: string, from: string, args: readonly unknown[]) => {
      const { interface: abi, target } = market().authority;
      const fragment = abi.getFunction(name as "execute");
      return outcomeOf(market(), { abi, to: String(target), from }, fragment, args);
    };

    it("are executed for those alone who may call them directly", async () => {
      await eachCall(async ({ target, data, holder, what }) => {
        for (const from of everybody()) {
          const isRefused = (await told("execute", from, [target, data])) === "AccessManagerUnauthorizedCall";
          expect(isRefused, `${what} by ${from}`).to.equal(from !== holder);
        }
      });
    });

    it("are scheduled for nobody, as nobody has a role with a delay", async () => {
      await eachCall(async ({ target, data, holder, what }) => {
        for (const from of [holder, market().stranger.address]) {
          const error = await told("schedule", from, [target, data, 0n]);
          expect(error, `${what} by ${from}`).to.equal("AccessManagerUnauthorizedCall");
        }
      });
    });

    /** A role of the stranger's own, with a delay of an hour, to set the price of stake; and such a call, scheduled. */
    async function scheduled() {
      const m = market();
      const { taskRegistry, stranger } = m;
      const manager = m.authority.connect(await impersonate(m, m.governance.timelock));
      const { selector } = taskRegistry.interface.getFunction("setStakePrice");
      await manager.setTargetFunctionRole(taskRegistry, [selector], 9n);
      await manager.grantRole(9n, stranger, 3_600n);
      const price = await taskRegistry.stakePrice();
      const data = taskRegistry.interface.encodeFunctionData("setStakePrice", [price]);
      await m.authority.connect(stranger).schedule(taskRegistry, data, 0n);
      const operation = await m.authority.hashOperation(stranger, taskRegistry, data);
      return { ...m, manager, selector, price, data, operation };
    }

    it("are cancelled by who scheduled them and the admin alone", async () => {
      const m = await scheduled();
      const args = [m.stranger.address, m.taskRegistry.target, m.data] as const;
      const able = [m.stranger.address, m.governance.timelock];
      for (const from of everybody().filter((account) => !able.includes(account))) {
        const caller = await impersonate(m, from);
        await expect(m.authority.connect(caller).cancel(...args))
          .to.be.revertedWithCustomError(m.authority, "AccessManagerUnauthorizedCancel")
          .withArgs(from, args[0], args[1], m.selector);
      }
      expect(await m.authority.getSchedule(m.operation)).not.to.equal(0n);
      for (const from of able) expect(await told("cancel", from, args), from).to.equal(undefined);
      await m.manager.cancel(...args);
      await m.networkHelpers.time.increase(3_601n);
      await expect(m.authority.connect(m.stranger).execute(m.taskRegistry, m.data))
        .to.be.revertedWithCustomError(m.authority, "AccessManagerNotScheduled")
        .withArgs(m.operation);
    });

    it("are used up by their own contract alone, once, and not before the delay", async () => {
      const m = await scheduled();
      const setPrice = () => m.taskRegistry.connect(m.stranger).setStakePrice(m.price);
      await expect(setPrice())
        .to.be.revertedWithCustomError(m.authority, "AccessManagerNotReady")
        .withArgs(m.operation);
      await m.networkHelpers.time.increase(3_601n);
      const args = [m.stranger.address, m.data] as const;
      for (const from of everybody()) {
        const isManaged = from === m.governance.treasury; // only a contract of the instance is asked at all
        const expected = isManaged ? "AccessManagerUnauthorizedConsume" : "nothing";
        expect(await told("consumeScheduledOp", from, args), from).to.equal(expected);
      }
      const registry = await impersonate(m, m.instance.taskRegistry); // not while its function is called
      await expect(m.authority.connect(registry).consumeScheduledOp(...args))
        .to.be.revertedWithCustomError(m.authority, "AccessManagerUnauthorizedConsume")
        .withArgs(m.instance.taskRegistry);
      await expect(setPrice()).to.emit(m.authority, "OperationExecuted").withArgs(m.operation, 1n);
      await expect(setPrice())
        .to.be.revertedWithCustomError(m.authority, "AccessManagerNotScheduled")
        .withArgs(m.operation);
    });
  });

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
