import { expect } from "chai";
import type { Result } from "ethers";
import { readFile } from "node:fs/promises";
import { artifacts } from "hardhat";
import solc from "solc";
import { forge } from "../helpers/forge.ts";
import { ask, askAndPost, paramsFor, settle, startingBalance, useMarket } from "../helpers/market.ts";

const guardianRole = 2n;
const zero = `0x${"00".repeat(32)}`;
const maxPauseS = 7n * 86_400n;

describe("Who may do what in an instance", () => {
  const market = useMarket({ task: { window: 3_000 } });
  const managed = () => market().ethers.getContractAt("RequestEscrow", market().escrow);

  describe("parameters", () => {
    const values = () => market().world.parameters.parameters;

    it("are set by the admin alone", async () => {
      const m = market();
      const core = await managed();
      for (const caller of [m.stranger, m.requester, m.treasury]) {
        await expect(m.escrow.connect(caller).setParameters(values()))
          .to.be.revertedWithCustomError(core, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
      await expect(m.escrow.connect(m.deployer).setParameters(values())).to.emit(m.escrow, "ParametersSet");
    });

    it("are refused outside their bounds, each by name, and accepted at them", async () => {
      const m = market();
      const bounds: readonly (readonly [keyof ReturnType<typeof values>, number, number])[] = [
        ["protocolFee", 0, 1_000],
        ["fallbackDelay", 1, 3_600],
        ["chainPhase", values().chainPhase, 3_600],
        ["beaconDelay", values().beaconDelay, 300],
        ["expireDelay", 1, 3_600],
        ["beaconTimeout", 60, 604_800],
        ["disputeWindow", 1, 604_800],
        ["reputationFloor", 0, 1_000_000_000],
        ["tipFloor", 0, 10_000_000],
      ];
      const library = await m.ethers.getContractAt("ParametersWordFields", m.escrow);
      for (const [name, least, most] of bounds) {
        for (const value of [least - 1, most + 1].filter((candidate) => candidate >= 0)) {
          await expect(m.escrow.connect(m.deployer).setParameters({ ...values(), [name]: value }))
            .to.be.revertedWithCustomError(library, "ParameterOutOfBounds")
            .withArgs(name, value, least, most);
        }
        for (const value of [least, most]) {
          await m.escrow.connect(m.deployer).setParameters({ ...values(), [name]: value });
          expect((await m.escrow.parameters()).parameters[name]).to.equal(BigInt(value));
        }
      }
    });

    it("never make a draw foreseeable or a phase too short for a block: those times stay at least what they were first", async () => {
      const m = market();
      const set = (changes: Partial<ReturnType<typeof values>>) =>
        m.escrow.connect(m.deployer).setParameters({ ...values(), ...changes });
      expect(await m.escrow.leastTimes()).to.deep.equal([BigInt(values().beaconDelay), BigInt(values().chainPhase)]);
      await set({ beaconDelay: 299, chainPhase: 3_599 });
      const library = await m.ethers.getContractAt("ParametersWordFields", m.escrow);
      for (const name of ["beaconDelay", "chainPhase"] as const) {
        const [least, most] = [values()[name], name === "beaconDelay" ? 300 : 3_600];
        expect(least).to.be.greaterThan(1);
        await expect(set({ [name]: least - 1 }))
          .to.be.revertedWithCustomError(library, "ParameterOutOfBounds")
          .withArgs(name, least - 1, least, most);
      }
      await set({}); // back to the first ones
    });

    it("count millionths of a payment token, which needs six decimals for that", async () => {
      const { ethers, world, instance } = market();
      const token = await (await ethers.deployContract("EvilToken", [5])).getAddress();
      const { nodeRegistry, taskRegistry, beacon, disputes, teeRegistry, authority } = instance;
      const others = { treasury: world.treasury, nodeRegistry, taskRegistry, beacon, disputes, teeRegistry, authority };
      const factory = await ethers.getContractFactory("EscrowExtension");
      await expect(factory.deploy({ token, ...others, parameters: values() }))
        .to.be.revertedWithCustomError(factory, "TooFewDecimals")
        .withArgs(5);
      const enough = await (await ethers.deployContract("EvilToken", [6])).getAddress();
      await factory.deploy({ token: enough, ...others, parameters: values() });
    });

    it("count their versions, and leave requests made before as they were", async () => {
      const m = market();
      const request = await askAndPost(m);
      await m.escrow.connect(m.deployer).setParameters({ ...values(), protocolFee: 1_000, tipFloor: 2_000 });
      expect((await m.escrow.parameters()).version).to.equal(2n);
      const next = await ask(m, { slot: 1n });
      expect([request.fields.version, next.fields.version]).to.deep.equal([1n, 2n]);
      expect([request.fields.protocolFeeBps, next.fields.protocolFeeBps]).to.deep.equal([300n, 1_000n]);
      await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
      expect((await m.escrow.feesOf(m.taskId)).treasuryShare).to.equal(75n); // 3% of 5 * 5 * 100
    });
  });

  describe("a pause", () => {
    const pause = async (untilS: bigint) => {
      const m = market();
      await m.authority.connect(m.deployer).grantRole(guardianRole, m.stranger.address, 0);
      return m.escrow.connect(m.stranger).pauseRequests(untilS);
    };
    const nowS = async () => BigInt(await market().networkHelpers.time.latest());

    it("is called by the guardian alone", async () => {
      const m = market();
      const core = await managed();
      for (const caller of [m.deployer, m.stranger]) {
        await expect(m.escrow.connect(caller).pauseRequests(1n))
          .to.be.revertedWithCustomError(core, "AccessManagedUnauthorized")
          .withArgs(caller.address);
      }
    });

    it("lasts at most seven days", async () => {
      const m = market();
      await m.authority.connect(m.deployer).grantRole(guardianRole, m.stranger.address, 0);
      const at = (await nowS()) + 10n;
      await m.networkHelpers.time.setNextBlockTimestamp(at);
      await expect(m.escrow.connect(m.stranger).pauseRequests(at + maxPauseS + 1n))
        .to.be.revertedWithCustomError(m.escrow, "PauseTooLong")
        .withArgs(at + maxPauseS + 1n, at + maxPauseS);
      await m.networkHelpers.time.setNextBlockTimestamp(at + 1n);
      await expect(m.escrow.connect(m.stranger).pauseRequests(at + 1n + maxPauseS)).to.emit(m.escrow, "RequestsPaused");
    });

    it("refuses new requests until its last second, and no other call", async () => {
      const m = market();
      const open = await askAndPost(m);
      const untilS = (await nowS()) + 500n;
      await pause(untilS);
      await m.escrow.connect(m.deployer).setParameters(m.world.parameters.parameters); // a pause goes on
      await m.networkHelpers.time.setNextBlockTimestamp(untilS);
      await expect(ask(m, { slot: 1n }))
        .to.be.revertedWithCustomError(m.escrow, "Paused")
        .withArgs(untilS);
      await expect(settle(m, await forge(m, open))).to.emit(m.escrow, "Settled");
      await ask(m, { slot: 1n });
    });

    it("is taken back by the guardian", async () => {
      const m = market();
      await pause((await nowS()) + 500n);
      await pause(0n);
      await ask(m);
    });

    it("cannot follow another for seven days after its end, be it lifted or over: nobody pauses for good", async () => {
      const m = market();
      const { time } = m.networkHelpers;
      const untilS = (await nowS()) + 500n;
      await pause(untilS);
      const again = async (atS: bigint, wantedS: bigint) => {
        await time.setNextBlockTimestamp(atS);
        return m.escrow.connect(m.stranger).pauseRequests(wantedS);
      };
      await expect(again(untilS - 100n, untilS + 1n)) // longer, while it lasts
        .to.be.revertedWithCustomError(m.escrow, "PauseTooSoon")
        .withArgs(untilS + maxPauseS);
      const liftedS = untilS - 50n;
      await again(liftedS, 0n);
      expect((await m.escrow.parameters()).pausedUntil).to.equal(liftedS - 1n);
      await again(liftedS + 10n, 0n); // nothing to lift: the rest is not made longer
      for (const atS of [liftedS + 20n, liftedS - 1n + maxPauseS]) {
        await expect(again(atS, atS + 100n)).to.be.revertedWithCustomError(m.escrow, "PauseTooSoon");
      }
      await again(liftedS + maxPauseS, liftedS + maxPauseS + 100n);
    });

    it("is shortened, but not so that it begins anew", async () => {
      const m = market();
      const untilS = (await nowS()) + 500n;
      await pause(untilS);
      await m.escrow.connect(m.stranger).pauseRequests(untilS - 100n);
      await expect(m.escrow.connect(m.stranger).pauseRequests(untilS)).to.be.revertedWithCustomError(
        m.escrow,
        "PauseTooSoon",
      );
    });

    it("of registrations refuses new tasks and subscriptions until its last second, and nothing else", async () => {
      const m = market();
      await m.authority.connect(m.deployer).grantRole(guardianRole, m.stranger.address, 0);
      const untilS = (await nowS()) + 500n;
      await expect(m.taskRegistry.connect(m.stranger).pauseRegistrations(untilS))
        .to.emit(m.taskRegistry, "RegistrationsPausedUntil")
        .withArgs(untilS);
      const [first] = m.nodes;
      const nodeId = first?.nodeId ?? 0n;
      const task = await m.taskRegistry.taskOf(m.taskId);
      const refused = [
        () => m.taskRegistry.connect(m.owner).subscribe(m.taskId, nodeId, 5),
        () =>
          m.taskRegistry
            .connect(m.deployer)
            .register((task as unknown as Result).toObject(true) as typeof task, "ipfs://task"),
      ];
      await m.taskRegistry.connect(m.owner).updateAsk(m.taskId, nodeId, 6);
      await m.taskRegistry.publishSnapshot(m.taskId);
      await m.taskRegistry.connect(m.owner).unsubscribe(m.taskId, nodeId);
      for (const attempt of refused) {
        await expect(attempt()).to.be.revertedWithCustomError(m.taskRegistry, "RegistrationsPaused").withArgs(untilS);
      }
      await m.networkHelpers.time.setNextBlockTimestamp(untilS);
      await expect(refused[1]?.()).to.be.revertedWithCustomError(m.taskRegistry, "RegistrationsPaused");
      await m.networkHelpers.time.increaseTo(untilS);
      await refused[1]?.(); // a second later
    });

    it("does not stop what is under way", async () => {
      const m = market();
      const request = await askAndPost(m);
      await pause((await nowS()) + 500n);
      await expect(settle(m, await forge(m, request))).to.emit(m.escrow, "Settled");
      await m.escrow.connect(m.requester).withdraw(m.requester.address, 5n);
      await m.escrow.collect(m.taskId);
    });
  });

  describe("what contracts tell the escrow", () => {
    it("comes from the node registry, the task registry, the beacon and the disputes alone", async () => {
      const m = market();
      const { nodeRegistry, taskRegistry, beacon, disputes } = m.instance;
      const { words } = await askAndPost(m);
      const attempts = [
        [m.escrow.connect(m.deployer).setSigner(1n, m.stranger.address, 0n), nodeRegistry],
        [m.escrow.connect(m.deployer).setTaskWord(m.taskId, 0n), taskRegistry],
        [m.escrow.connect(m.deployer).recordRound(1n, 1n), beacon],
        [m.escrow.connect(m.deployer).jail(1n), nodeRegistry],
        [m.escrow.connect(m.deployer).blockOpen(words), disputes],
        [m.escrow.connect(m.deployer).blockOutcome(words, zero, 0n, m.deployer.address), disputes],
        [m.escrow.connect(m.deployer).uphold(words, zero, 0n), disputes],
        [m.escrow.connect(m.deployer).overturn(words, "0x00000000"), disputes],
        [m.escrow.connect(m.deployer).revokeResult(zero), disputes],
        [m.escrow.connect(m.deployer).collectBond(m.requester.address, 1n), disputes],
        [m.escrow.connect(m.deployer).payJurors([], 0n, 1n), disputes],
      ] as const;
      for (const [attempt, allowed] of attempts) {
        await expect(attempt).to.be.revertedWithCustomError(m.escrow, "OnlyFrom").withArgs(allowed);
      }
    });

    it("is not let in by a multicall, which calls in its caller's name", async () => {
      const m = market();
      const core = await managed();
      const encode = core.interface.encodeFunctionData.bind(core.interface);
      for (const call of [
        encode("recordRound", [1n, 1n]),
        encode("setTaskWord", [m.taskId, 0n]),
        encode("setSigner", [1n, m.stranger.address, 0n]),
      ]) {
        await expect(core.connect(m.stranger).multicall([call])).to.be.revertedWithCustomError(core, "OnlyFrom");
      }
      const pausing = m.escrow.interface.encodeFunctionData("pauseRequests", [0n]);
      await expect(core.connect(m.stranger).multicall([pausing])).to.be.revertedWithCustomError(
        core,
        "AccessManagedUnauthorized",
      );
    });

    it("about a round is final, and comes with a valid signature only (BCN-1)", async () => {
      const m = market();
      const request = await askAndPost(m);
      const { round } = request.fields;
      const word = await m.escrow.roundWord(round);
      await m.networkHelpers.time.increase(5);
      await m.beacon.submit(round, m.world.beacon.sign(round));
      expect(await m.escrow.roundWord(round)).to.equal(word);
      await expect(m.beacon.submit(round + 9n, m.world.beacon.sign(round)))
        .to.be.revertedWithCustomError(m.beacon, "SignatureInvalid")
        .withArgs(round + 9n);
      expect(await m.escrow.roundWord(round + 9n)).to.equal(0n);
    });

    it("takes stake in the name of the escrow and the disputes alone, and jails and freezes in that of the disputes", async () => {
      const { nodeRegistry, taskId, deployer } = market();
      const registry = nodeRegistry.connect(deployer);
      for (const attempt of [
        registry.slash(1n, taskId, 1n),
        registry.jail(1n, taskId),
        registry.freeze(1n, taskId, 1n),
      ]) {
        await expect(attempt).to.be.revertedWithCustomError(nodeRegistry, "OnlySlasher").withArgs(deployer.address);
      }
    });

    it("cannot be redirected: each is connected once, by its deployer", async () => {
      const m = market();
      for (const name of ["NodeRegistry", "TaskRegistry", "Disputes"] as const) {
        const deployed = { NodeRegistry: m.nodeRegistry, TaskRegistry: m.taskRegistry, Disputes: m.disputes }[name];
        const contract = await m.ethers.getContractAt(name, deployed);
        for (const caller of [m.deployer, m.stranger]) {
          await expect(contract.connect(caller).getFunction("connect")(m.stranger.address))
            .to.be.revertedWithCustomError(contract, "CannotConnect")
            .withArgs(caller.address);
        }
      }
    });
  });

  it("lets a multicall do several things at once, in core and extension", async () => {
    const m = market();
    const core = await managed();
    const { interface: words } = m.escrow;
    const calls = [
      words.encodeFunctionData("deposit", [m.requester.address, 1_000n]),
      words.encodeFunctionData("request", [paramsFor(m), "0x"]),
      words.encodeFunctionData("withdraw", [m.stranger.address, 400n]),
    ];
    const bundled = core.connect(m.requester).multicall(calls);
    await expect(bundled).to.emit(m.escrow, "Requested");
    await expect(bundled).to.emit(m.escrow, "Withdrawn").withArgs(m.requester.address, m.stranger.address, 400n);
  });

  describe("the extension, called directly,", () => {
    it("changes nothing of the escrow", async () => {
      const m = market();
      const extension = m.escrow.attach(m.instance.extension) as typeof m.escrow;
      const request = await askAndPost(m);
      const settlement = await forge(m, request);
      await expect(extension.finalize(settlement, m.settler.address)).to.be.revertedWithCustomError(
        m.escrow,
        "OutcomeUnknown",
      );
      await expect(extension.retryCallback(settlement)).to.be.revertedWithCustomError(m.escrow, "OutcomeUnknown");
      await expect(extension.expire(request.words)).to.be.revertedWithCustomError(m.escrow, "NotOpen");
      await expect(extension.connect(m.owner).claimEarnings(1n)).to.be.revertedWithCustomError(
        m.escrow,
        "NothingToClaim",
      );
      await expect(extension.connect(m.requester).withdraw(m.requester.address, 1n))
        .to.be.revertedWithCustomError(m.escrow, "InsufficientBalance")
        .withArgs(m.requester.address, 0n, 1n);
      await extension.connect(m.deployer).setParameters(m.world.parameters.parameters);
      expect((await m.escrow.parameters()).version).to.equal(1n);
      await m.token.connect(m.requester).approve(extension, 5n);
      await extension.connect(m.requester).deposit(m.stranger.address, 5n);
      expect((await m.escrow.accountOf(m.stranger)).balance).to.equal(0n);
      await extension.connect(m.stranger).withdraw(m.stranger.address, 5n); // nor is anything lost by the mistake
      expect(await m.token.balanceOf(m.escrow)).to.equal(startingBalance);
    });

    it("must be made with the config of its core", async () => {
      const m = market();
      const { nodeRegistry, taskRegistry, beacon, disputes, teeRegistry, authority } = m.instance;
      const { parameters } = m.world.parameters;
      const config = {
        token: m.world.paymentToken,
        treasury: m.treasury.address,
        nodeRegistry,
        taskRegistry,
        beacon,
        disputes,
        teeRegistry,
        authority,
        parameters,
      };
      const core = await managed();
      for (const changed of [
        { treasury: m.stranger.address },
        { disputes: m.stranger.address },
        { teeRegistry: m.stranger.address },
        { beacon: m.instance.beacon, parameters: { ...parameters, protocolFee: 1 } },
      ]) {
        const deployment = m.ethers.deployContract("RequestEscrow", [{ ...config, ...changed }, m.instance.extension]);
        await expect(deployment).to.be.revertedWithCustomError(core, "ExtensionMismatch");
      }
      await m.ethers.deployContract("RequestEscrow", [config, m.instance.extension]);
    });

    it("declares the same storage as its core", async () => {
      const [core = [], extension, state] = await storageOf("RequestEscrow", "EscrowExtension", "EscrowState");
      expect(core.length).to.be.at.least(13);
      expect(extension).to.deep.equal(core);
      expect(core.slice(0, state?.length)).to.deep.equal(state); // what else there is comes after all that is shared
    });
  });
});

type Layout = {
  readonly storage: readonly {
    readonly label: string;
    readonly slot: string;
    readonly offset: number;
    readonly type: string;
  }[];
};
type Output = {
  readonly contracts: Readonly<Record<string, Readonly<Record<string, { readonly storageLayout: Layout }>>>>;
};

/** Label, slot, offset and type of every storage variable that each contract has, from the compiler that built them. */
async function storageOf(...names: string[]): Promise<string[][]> {
  const id = await artifacts.getBuildInfoId("RequestEscrow");
  const path = id === undefined ? undefined : await artifacts.getBuildInfoPath(id);
  if (path === undefined) throw new Error("The contracts are not built.");
  const { input } = JSON.parse(await readFile(path, "utf8")) as { input: { settings: object } };
  const outputSelection = { "*": { "*": ["storageLayout"] } };
  const output = solc.compile(JSON.stringify({ ...input, settings: { ...input.settings, outputSelection } }));
  const contracts = Object.assign(
    {},
    ...Object.values((JSON.parse(output) as Output).contracts),
  ) as Output["contracts"][string];
  return names.map((name) => {
    const layout = contracts[name]?.storageLayout.storage ?? [];
    return layout.map(({ label, slot, offset, type }) => `${label} ${slot} ${offset} ${type.replace(/\)\d+/g, ")")}`);
  });
}
