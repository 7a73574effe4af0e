import { expect } from "chai";
import { readFileSync } from "node:fs";
import { artifacts } from "hardhat";
import {
  type Abi,
  type Address,
  concat,
  encodeFunctionData,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  toFunctionSelector,
} from "viem";
import { accessManagerAbi } from "../../sdk/abi/access-manager.ts";
import { atomaTimelockAbi } from "../../sdk/abi/atoma-timelock.ts";
import { taskRegistryAbi } from "../../sdk/abi/task-registry.ts";
import { requestEscrowAbi } from "../../sdk/abi/request-escrow.ts";
import { deployLocally } from "../../deploy/local/interrupt.ts";
import { openOutbox } from "../../deploy/run/outbox.ts";
import { type ContractName, type DeploymentRecord, makeRecord } from "../../deploy/run/record.ts";
import { timelockRoles } from "../../sdk/governance/timelock-roles.ts";
import { readBuilt } from "../../deploy/verify/build.ts";
import { proveCode } from "../../deploy/verify/code.ts";
import { proveParameters } from "../../deploy/verify/parameters.ts";
import { type Proof, proofLines } from "../../deploy/verify/proof.ts";
import { proveRoles } from "../../deploy/verify/roles.ts";
import { contractOf, type Subject } from "../../deploy/verify/subject.ts";
import { verifyDeployment } from "../../deploy/verify/verify.ts";
import { proveWiring } from "../../deploy/verify/wiring.ts";
import { deployer, freshChain, freshFolder, localFile } from "./fixture.ts";

const stranger: Address = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const publicRole = 2n ** 64n - 1n;

describe("The proof of a deployment", () => {
  let world: Awaited<ReturnType<typeof freshChain>>;
  let record: DeploymentRecord;
  let snapshot: unknown;
  const subject = (): Subject => ({ chain: world.chain, file: localFile, record });

  before(async () => {
    world = await freshChain();
    const folder = freshFolder();
    const contracts = await deployLocally({ provider: world.provider, file: localFile, folder });
    const signed = openOutbox(folder).all();
    const build = { version: "0", commit: "0", compiler: "0" };
    record = await makeRecord({
      ...{ chain: world.chain, file: localFile, instance: "first", contracts, signed, deployer, build },
    });
  });
  beforeEach(async () => {
    snapshot = await world.provider.request({ method: "evm_snapshot", params: [] });
  });
  afterEach(async () => {
    await world.provider.request({ method: "evm_revert", params: [snapshot] });
  });
  after(() => world.connection.close());

  /** A call from a contract's address, as no key could make it. */
  async function callAs(from: Address, to: Address, abi: Abi, functionName: string, args: readonly unknown[]) {
    const { provider } = world;
    await provider.request({ method: "hardhat_impersonateAccount", params: [from] });
    await provider.request({ method: "hardhat_setBalance", params: [from, "0xde0b6b3a7640000"] });
    const data = encodeFunctionData({ abi, functionName, args });
    await provider.request({ method: "eth_sendTransaction", params: [{ from, to, data }] });
  }
  const asTimelock = (functionName: string, args: readonly unknown[]) =>
    callAs(record.timelock, record.authority, accessManagerAbi as Abi, functionName, args);

  /** Changes the last byte of an immutable, or of the code before everything else. */
  async function tamper(name: ContractName, immutable?: string): Promise<void> {
    const code = Buffer.from(((await world.chain.getCode({ address: record[name] })) ?? "0x").slice(2), "hex");
    const { immutables } = await readBuilt(contractOf[name]);
    const places = immutable === undefined ? [{ start: 3, length: 1 }] : (immutables[immutable] ?? []);
    expect(places, immutable).not.to.be.empty;
    for (const { start, length } of places) code[start + length - 1] = (code[start + length - 1] ?? 0) ^ 1;
    const params = [record[name], `0x${code.toString("hex")}`];
    await world.provider.request({ method: "hardhat_setCode", params });
  }

  async function store(name: ContractName, slot: Hex, value: Hex): Promise<void> {
    await world.provider.request({ method: "hardhat_setStorageAt", params: [record[name], slot, value] });
  }

  /** Slot of a variable, from the compiler. */
  async function slotOf(name: ContractName, label: string): Promise<Hex> {
    const {
      sourceName,
      contractName,
      buildInfoId = "",
      inputSourceName = sourceName,
    } = await artifacts.readArtifact(contractOf[name]);
    const path = (await artifacts.getBuildInfoOutputPath(buildInfoId)) ?? "";
    type Layout = { storageLayout: { storage: { label: string; slot: string }[] } };
    const { output } = JSON.parse(readFileSync(path, "utf8")) as {
      output: { contracts: Record<string, Record<string, Layout>> };
    };
    const found = output.contracts[inputSourceName]?.[contractName]?.storageLayout.storage.find(
      (one) => one.label === label,
    );
    if (found === undefined) throw new Error(`${contractName} has no ${label}.`);
    return numberToHex(BigInt(found.slot));
  }

  const failed = (proofs: readonly Proof[]): string =>
    proofs.flatMap(({ title, fault }) => (fault === undefined ? [] : [`${title}: ${fault}`])).join("\n");

  it("holds for what was deployed, line by line", async () => {
    const proofs = await verifyDeployment(subject());
    expect(failed(proofs)).to.equal("");
    expect(proofLines(proofs).at(-1)).to.equal("77 proved, 0 failed");
  });

  it("fails where one byte of any contract's code is another", async () => {
    for (const name of ["treasury", "escrow", "timelock"] as const) await tamper(name);
    const faults = failed(await proveCode(subject()));
    for (const name of ["Treasury", "RequestEscrow", "AtomaTimelock"])
      expect(faults).to.include(`its code is the build's ${name}: the code differs`);
    expect(failed(await verifyDeployment(subject()))).to.include("the code of treasury is not what it was");
  });

  it("fails where an immutable is another, by its name", async () => {
    const changes: readonly (readonly [ContractName, string])[] = [
      ["extension", "TREASURY"],
      ["escrow", "NODE_REGISTRY"],
      ["governor", "LEAST_VOTING_TIME"],
      ["nodeRegistry", "_deployer"],
      ["emissions", "START"],
      ["teeRegistry", "_cachedDomainSeparator"],
      ["extension", "configHash"],
    ];
    for (const [name, immutable] of changes) await tamper(name, immutable);
    const faults = failed(await proveCode(subject()));
    for (const [, immutable] of changes) expect(faults).to.include(`${immutable} is 0x`);
  });

  it("fails where another transaction, or other values, made a contract", async () => {
    const { contracts } = record;
    const swapped = { ...contracts, treasury: { ...contracts["treasury"], ...only(contracts["governor"]) } };
    const other = { ...record, contracts: swapped as DeploymentRecord["contracts"] };
    expect(failed(await proveCode({ ...subject(), record: other }))).to.match(/treasury: made .* did not make it/);
    const file = { ...localFile, governance: { ...localFile.governance, timelockDelay: 11 } };
    expect(failed(await proveCode({ ...subject(), file }))).to.include(
      "timelock: made by the build's constructor with the file's values: its constructor was given other values",
    );
  });

  it("says that it did not look at the code of an ATOMA that another deployment made, and fails where it is not the file's", async () => {
    const existing = (address: Address) => ({ ...subject(), file: { ...localFile, atoma: { address } } });
    const proofs = await proveCode(existing(record.atoma));
    expect(failed(proofs)).to.equal("");
    expect(proofLines(proofs).join("\n")).to.include("it is the file's (NOT looked at: its code");
    expect(failed(await proveCode(existing(stranger)))).to.include("the file names another");
  });
  const only = (entry: { transaction?: Hex | undefined } | undefined) => ({ transaction: entry?.transaction });

  it("fails where the deployer or anybody else holds a role of the access manager", async () => {
    await asTimelock("grantRole", [0n, deployer, 0]);
    await asTimelock("grantRole", [2n, stranger, 0]);
    await asTimelock("grantRole", [7n, stranger, 0]);
    const faults = failed(await proveRoles(subject()));
    expect(faults).to.include(`${deployer} holds role 0`).and.include(`${stranger} holds role 2`);
    expect(faults).to.include(`${stranger} holds role 7`);
    expect(faults).to.include("the deployer holds nothing: it holds role 0");
  });

  it("fails where a declared holder is missing or has a delay", async () => {
    await asTimelock("grantRole", [2n, localFile.guardian, 60]);
    expect(failed(await proveRoles(subject()))).to.include("role 2 has a delay");
    await asTimelock("revokeRole", [2n, localFile.guardian]);
    expect(failed(await proveRoles(subject()))).to.include(`${localFile.guardian} does not hold role 2`);
  });

  it("fails where somebody else holds a role of the timelock, or grants one", async () => {
    const abi = atomaTimelockAbi as Abi;
    const { PROPOSER, CANCELLER } = timelockRoles;
    await callAs(record.timelock, record.timelock, abi, "grantRole", [PROPOSER, deployer]);
    await callAs(record.timelock, record.timelock, abi, "revokeRole", [CANCELLER, record.governor]);
    const slot = BigInt(keccak256(concat([PROPOSER, pad("0x0")]))) + 1n;
    await store("timelock", numberToHex(slot), pad("0x01"));
    const faults = failed(await proveRoles(subject()));
    expect(faults).to.include(`${deployer} holds role PROPOSER`).and.include("it holds role PROPOSER");
    expect(faults).to.include(`${record.governor} does not hold role CANCELLER`).and.include("grants PROPOSER");
  });

  it("fails where a function needs another role than declared, or its contract obeys nobody here", async () => {
    const unbonding = toFunctionSelector("setUnbonding(uint40)");
    const pause = toFunctionSelector("pauseRequests(uint256)");
    await asTimelock("setTargetFunctionRole", [record.nodeRegistry, [unbonding], publicRole]);
    await asTimelock("setTargetFunctionRole", [record.escrow, [pause], 0n]);
    await asTimelock("setTargetClosed", [record.emissions, true]);
    await asTimelock("updateAuthority", [record.treasury, record.escrow]);
    await asTimelock("setRoleAdmin", [2n, 5n]);
    const faults = failed(await proveRoles(subject()));
    expect(faults).to.include(`setUnbonding needs role ${publicRole} and not 0`);
    expect(faults).to.include("pauseRequests needs role 0 and not 2");
    expect(faults).to.include("it is closed").and.include(`it obeys ${record.escrow}`);
    expect(faults).to.include("only the admin grants the guardian's role: role 5 grants it");
  });

  it("fails where a contract is wired to something else", async () => {
    await store("beacon", await slotOf("beacon", "sink"), pad(stranger));
    await store("disputes", await slotOf("disputes", "_escrow"), pad(stranger));
    const faults = failed(await proveWiring(subject()));
    expect(faults).to.include(`beacon.sink is ${stranger}`).and.include(`disputes.escrow is ${stranger}`);
  });

  it("fails where the beacon's key or the root of evidence is another", async () => {
    await tamper("beacon", "keyX0");
    await tamper("collateral", "_rootY");
    const faults = failed(await proveWiring(subject()));
    expect(faults).to.include("beacon: the key, genesis and period of the file: its key is");
    expect(faults).to.include("evidence: its root is the file's: its root has the key");
  });

  it("fails for a public network whose beacon is not evmnet, although the file says so", async () => {
    const faults = failed(await proveWiring({ ...subject(), file: { ...localFile, kind: "public" } }));
    expect(faults).to.include("beacon: drand's evmnet: its key is").and.include("evidence: its root is Intel's");
  });

  it("fails where a parameter changed that governance never set, or is out of its bounds", async () => {
    await store("nodeRegistry", await slotOf("nodeRegistry", "_unbonding"), pad(numberToHex(61n << 32n), { size: 32 }));
    const faults = failed(await proveParameters(subject()));
    expect(faults).to.include("nodeRegistry.unbonding as in the file: it is 61");
    expect(faults).to.include("governance never changed it");
    expect(faults).to.include("every parameter is in its bounds: instance.unbonding must be more than");
    expect(faults).to.include("unbonding of 61 s is longer than any dispute: a dispute can take");
  });

  it("holds where governance changed a parameter, and says where", async () => {
    const values = { ...localFile.instance.parameters, tipFloor: 1_001 };
    await callAs(record.timelock, record.escrow, requestEscrowAbi as Abi, "setParameters", [values]);
    const price = localFile.instance.stakePrice + 1n;
    await callAs(record.timelock, record.taskRegistry, taskRegistryAbi as Abi, "setStakePrice", [price]);
    const proofs = await proveParameters(subject());
    expect(failed(proofs)).to.equal("");
    const notes = proofs.flatMap(({ note }) => note ?? []).join("\n");
    expect(notes).to.include("changed since: ParametersSet in block").and.include("StakePriceSet in block");
  });

  it("fails where guardian, supply or settings of votes are not the file's", async () => {
    const atoma = { holder: "deployer", supply: 10n ** 26n } as const;
    const file = { ...localFile, guardian: stranger, atoma };
    const faults = failed(await proveParameters({ ...subject(), file }));
    expect(faults).to.include("governor.guardian as in the file");
    expect(faults).to.include("atoma: the supply is 100000000 ATOMA: it is 1000000000 ATOMA");
    const governance = { ...localFile.governance, quorumPercent: 5 };
    expect(failed(await proveParameters({ ...subject(), file: { ...localFile, governance } }))).to.include(
      "governor.settings as in the file",
    );
  });

  it("goes on where a contract does not answer, and refuses another chain", async () => {
    await world.provider.request({ method: "hardhat_setCode", params: [record.governor, "0x"] });
    const proofs = await verifyDeployment(subject());
    expect(failed(proofs)).to.include("has code: there is no code").and.include("could not be read");
    const error = await verifyDeployment({ ...subject(), file: { ...localFile, chainId: 1 } }).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as Error).message).to.include("the RPC serves chain 31337, the file is for 1");
  });
});
