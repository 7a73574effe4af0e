import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import {
  concatHex,
  encodeAbiParameters,
  encodeFunctionData,
  getAbiItem,
  type Hex,
  keccak256,
  toFunctionSelector,
} from "viem";
import { committeeOf } from "../../../deploy/local/committee.ts";
import { openSession } from "../../../keepers/cli/session.ts";
import { readCliEnvironment } from "../../../keepers/config.ts";
import { openGovernance } from "../../../keepers/governance/contracts.ts";
import { readSettings } from "../../../keepers/governance/settings.ts";
import { simulate } from "../../../keepers/governance/simulate.ts";
import { accessManagerAbi } from "../../../sdk/abi/access-manager.ts";
import { atomaGovernorAbi } from "../../../sdk/abi/atoma-governor.ts";
import { changeCalls } from "../../../sdk/governance/changes.ts";
import { boundsOf, type Parameter, parameters } from "../../../sdk/governance/parameters.ts";
import { parseProposal, proposalIdOf, proposalJson, proposalOf } from "../../../sdk/governance/proposal.ts";
import {
  day,
  epochS,
  type GovernedMarket,
  openGovernedMarket,
  timelockDelayS,
  votingDelayS,
  votingPeriodS,
} from "../../helpers/governed.ts";
import { forge } from "../../helpers/forge.ts";
import { impersonate } from "../../helpers/impersonate.ts";
import { askAndPost, paramsFor, settle } from "../../helpers/market.ts";
import { type Bridge, serveProvider } from "../bridge.ts";
import { devKey } from "../runtime/chain.ts";
import { makeShell, type Shell } from "./shell.ts";

const tokens = 10n ** 18n;
const guardianKey = { ATOMA_PRIVATE_KEY: devKey(6) };
const voterKey = { ATOMA_PRIVATE_KEY: devKey(7) };
const secondKey = { ATOMA_PRIVATE_KEY: devKey(8) };

describe("atoma governance", function () {
  this.timeout(120_000);
  let market: GovernedMarket;
  let bridge: Bridge;
  let shell: Shell;
  let deployment: string;
  let restore: () => Promise<void>;

  before(async () => {
    market = await openGovernedMarket({ nodes: 12 });
    bridge = await serveProvider(market.connection.provider);
    shell = makeShell({ market, bridge });
    const { governor, emissions } = market.governance;
    const { escrow } = market.instance;
    deployment = shell.file(
      "record.json",
      JSON.stringify({ chainId: 31_337, escrow, startBlock: 0, governor, emissions }),
    );
    const snapshot = await market.networkHelpers.takeSnapshot();
    restore = () => snapshot.restore();
  });
  beforeEach(() => restore());
  after(async () => {
    shell.close();
    await bridge.close();
  });

  const run = (args: readonly string[], env: Readonly<Record<string, string>> = voterKey) =>
    shell.atoma(["governance", ...args], { env: { ATOMA_DEPLOYMENT: deployment, ...env } });
  const done = async (args: readonly string[], env = voterKey): Promise<string> => {
    const ended = await run(args, env);
    expect(ended.status, `${args.join(" ")}: ${ended.err}`).to.equal(0);
    return ended.out;
  };
  const json = async (args: readonly string[], env = voterKey): Promise<Record<string, unknown>> =>
    JSON.parse(await done([...args, "--json"], env)) as Record<string, unknown>;
  const refused = async (args: readonly string[], env = voterKey, status = 2): Promise<string> => {
    const ended = await run(args, env);
    expect(ended.status, ended.out).to.equal(status);
    return ended.err + ended.out;
  };
  const pass = (seconds: bigint) => market.networkHelpers.time.increase(seconds);
  const output = (name: string): string => join(shell.folder, name);
  const known = async () => {
    const io = {
      out: () => undefined,
      err: () => undefined,
      exit: () => undefined,
      onInterrupt: () => () => undefined,
    };
    const environment = () => readCliEnvironment({});
    const session = await openSession({ ...io, environment }, { rpc: [bridge.url], deployment });
    const governance = await openGovernance(session);
    return { governance, settings: await readSettings({ ...io, environment }, governance) };
  };

  it("takes a change of parameters from a file through decode, vote, queue and execution, and says each wrong state", async () => {
    const file = output("change.json");
    const before = (await market.escrow.parameters()).parameters;
    const change = ["--set", "protocolFee=777", "--set", "jurorSlash=2500", "--set", "votingDelay=2d"];
    const built = await done(["propose", ...change, "--description", "Higher fee", "--output", file]);
    expect(built)
      .to.match(/protocolFee +\S+% -> 7.77%/)
      .and.to.contain("votingDelay: 1d -> 2d")
      .and.to.contain("unchanged: fallbackDelay");
    const proposal = parseProposal(JSON.parse(readFileSync(file, "utf8")));
    expect(proposal.targets).to.deep.equal([
      market.instance.escrow,
      market.instance.disputes,
      market.governance.governor,
    ]);
    expect(await done(["decode", file]))
      .to.match(/jurorSlash +\S+% -> 25%/)
      .and.to.contain("was not proposed");

    await refused(["propose", file, "--send", "--yes"], { ATOMA_PRIVATE_KEY: devKey(5) });
    const { proposalId } = await json(["propose", file, "--send", "--yes"]);
    expect(proposalId).to.equal(`${proposalIdOf(proposal)}`);
    expect(proposalId).to.equal(
      `${await market.governor.hashProposal([...proposal.targets], [...proposal.values], [...proposal.calldatas], market.ethers.id(proposal.description))}`,
    );
    const id = String(proposalId).slice(0, 8);
    expect(await refused(["vote", id, "for", "--yes"])).to.contain("is pending: voting begins after 20");
    expect(await refused(["queue", id, "--yes"]))
      .to.contain("cannot be queued")
      .and.to.contain("is pending");

    await pass(votingDelayS + 1n);
    expect(await done(["decode", id])).to.contain("is being voted on, until 20");
    expect(await refused(["vote", id, "for", "--yes"], { ATOMA_PRIVATE_KEY: devKey(5) }, 1)).to.contain(
      "had no votes at",
    );
    await done(["vote", id, "for", "--reason", "good", "--yes"]);
    expect(await refused(["vote", id, "against", "--yes"], voterKey, 1)).to.contain("cannot be changed");
    await done(["vote", id, "for", "--yes"], secondKey);
    expect(await refused(["queue", id, "--yes"])).to.contain("is being voted on, until");
    expect(await refused(["cancel", id, "--yes"]))
      .to.contain("the guardian")
      .and.to.contain("until voting begins");

    await pass(votingPeriodS + 1n);
    expect(await refused(["execute", id, "--yes"])).to.contain("has passed its vote");
    await done(["queue", id, "--yes"]);
    expect(await refused(["execute", id, "--yes"])).to.contain("is queued, and can be executed from 20");
    await pass(timelockDelayS);
    await done(["execute", id, "--yes"]);
    expect(await refused(["execute", id, "--yes"])).to.contain("was executed");

    const { parameters: after } = await market.escrow.parameters();
    expect(after.protocolFee).to.equal(777n);
    expect([...after].slice(1)).to.deep.equal([...before].slice(1));
    expect((await market.disputes.parameters())[1].jurorSlash).to.equal(2_500n);
    expect(await market.governor.votingDelay()).to.equal(2n * day);
  });

  it("refuses what would fail, before anything is written or sent, and what is outside its bounds", async () => {
    const count = (): number => readdirSync(shell.folder).length;
    const files = count();
    const nonce = await market.voters[0].getNonce();
    const grant = ["propose", "--grant", `1000:ATOMA:${market.stranger.address}`, "--output", output("grant.json")];
    expect(await refused([...grant, "--send", "--yes"]))
      .to.contain("Call 1 would fail")
      .and.to.contain("are free");
    expect(await refused(["propose", "--set", "protocolFee=1001"]))
      .to.contain("0% to 10%")
      .and.to.contain("10.01%");
    expect(await refused(["propose", "--set", "protocolFees=1"])).to.contain("There are protocolFee, fallbackDelay");
    expect(await refused(["propose", "--set", "timelockDelay=1s"])).to.contain("2d to 30d");
    expect(await refused(["propose", "--grant", `1:WETH:${market.stranger.address}`])).to.contain("must be ATOMA or");
    // the second call depends on the first: alone it would fail
    const least = await market.nodeRegistry.leastUnbonding();
    const shorter = ["propose", "--set", `unbonding=${least - 5n}s`];
    expect(await refused(shorter)).to.contain(`Unbonding takes ${least - 5n} s`);
    expect(await refused(["propose", "--set", "unbonding=60s"])).to.contain("Unbonding takes 60 s");
    expect([count(), await market.voters[0].getNonce()]).to.deep.equal([files, nonce]);
    const both = [...shorter, "--set", "fallbackDelay=1s", "--output", output("shorter.json")];
    expect(await done(both)).to.match(/1\. setParameters[^]*2\. setUnbonding/);
    await market.atoma.connect(market.deployer).transfer(market.governance.treasury, 4_000n * tokens);
    expect(await done(grant)).to.contain("1000 ATOMA, 25% of what is free");
    expect(await refused(grant)).to.contain("Name a new file");
  });

  it("warns that others can make a proposal first until it is made", async () => {
    const built = output("open.json");
    await done(["propose", "--set", "tipFloor=0", "--output", built], {});
    const warning = "anyone with enough votes can propose exactly this first";
    expect(await done(["decode", built], {})).to.contain(warning);
    const { proposalId } = await json(["propose", built, "--send", "--yes"]);
    expect(await done(["decode", built], {})).not.to.contain(warning);
    const made = await json(["decode", String(proposalId)], {});
    expect([made["proposalId"], made["warnings"]]).to.deep.equal([proposalId, []]);
    await pass(votingDelayS + 1n);
    const { status, err } = await run(["vote", String(proposalId), "for", "--yes"]);
    expect(status, err).to.equal(0);
    expect(err).not.to.contain(warning);
  });

  it("warns of what is hidden in a batch, of unknown targets, of closed contracts and of a new guardian", async () => {
    const { authority, escrow } = market.instance;
    const stranger = market.stranger.address as Hex;
    const of = (functionName: "grantRole" | "setTargetClosed" | "updateAuthority", args: readonly unknown[]): Hex =>
      encodeFunctionData({ abi: accessManagerAbi, functionName, args } as Parameters<typeof encodeFunctionData>[0]);
    const hidden = encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "multicall",
      args: [[of("grantRole", [0n, stranger, 0])]],
    });
    const call = (target: Hex, data: Hex, value = 0n) => ({ target, data, value });
    const proposal = proposalOf("Tidy up\u001b[2J", [
      call(authority, hidden),
      call(authority, of("setTargetClosed", [escrow, true])),
      call(authority, of("updateAuthority", [escrow, market.instance.nodeRegistry])),
      call(stranger, "0x12345678", 5n),
      call(escrow, "0x12345678"),
    ]);
    const text = await done(["decode", shell.file("hostile.json", proposalJson(proposal))]);
    for (const warning of [
      `call 1: within it: gives ${stranger} the role admin`,
      "call 1: governance does not usually call multicall",
      "call 2: closes or opens every restricted function",
      "call 3: hands",
      `call 4: ${stranger} is no contract of this network`,
      "call 4: sends 0.000000000000000005 ETH",
      "call 5: the data is none",
      "anyone with enough votes can propose exactly this first",
    ])
      expect(text).to.contain(`WARNING: ${warning}`);
    expect(text).not.to.contain("\u001b");
    const guardian = await done([
      "propose",
      "--set-guardian",
      stranger,
      "--output",
      output("guardian.json"),
      "--proposer",
      stranger,
    ]);
    expect(guardian).to.contain(`makes ${stranger} the guardian`).and.not.to.contain("anyone with enough votes");
    const plain = ["propose", "--set", "tipFloor=0", "--proposer", stranger, "--output", output("plain.json")];
    expect(await done(plain)).not.to.contain("WARNING");
    expect(await refused(["decode", shell.file("no.json", '{"targets":[]}')])).to.contain("values: it is not a list");
  });

  it("names the functions that a role gets, everybody's role, and a setter whose first call does not count", async () => {
    const { authority, escrow } = market.instance;
    const open = encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "setTargetFunctionRole",
      args: [
        escrow,
        [market.escrow.interface.getFunction("setParameters").selector as Hex, "0x01020304"],
        2n ** 64n - 1n,
      ],
    });
    const { governance, settings } = await known();
    const set = (fee: bigint) =>
      changeCalls(governance.addresses, new Map([["protocolFee", fee]]), settings.limits.values);
    const now = settings.limits.values.get("protocolFee") ?? 0n;
    const proposal = proposalOf("Lower fee", [{ target: authority, data: open, value: 0n }, ...set(1n), ...set(now)]);
    const text = await done(["decode", shell.file("twice.json", proposalJson(proposal))]);
    expect(text)
      .to.contain("the role 18446744073709551615, which is everybody, call setParameters (0x")
      .and.to.contain("the unknown function 0x01020304 of escrow 0x");
    expect(text).to.contain("WARNING: setParameters of the escrow is called more than once: only its last call counts");
  });

  it("tells no roles where the record names a block after they were given", async () => {
    const { escrow } = market.instance;
    const startBlock = await market.world.chain.getBlockNumber();
    const { governor } = market.governance;
    const record = { chainId: 31_337, escrow, startBlock: Number(startBlock), governor };
    const late = { ...voterKey, ATOMA_DEPLOYMENT: shell.file("late.json", JSON.stringify(record)) };
    expect(await refused(["show"], late)).to.contain("as authorityBlock");
    const pauser = ["propose", "--set-pauser", market.stranger.address, "--output", output("late-pauser.json")];
    expect(await refused(pauser, late)).to.contain("as authorityBlock"); // it would leave the present one its role
  });

  it("finds proposals whose description is no plain text: nobody hides one from voters and guardian", async () => {
    const propose = getAbiItem({ abi: atomaGovernorAbi, name: "propose" });
    const inputs = propose.inputs.map((input) => (input.name === "description" ? { type: "bytes" } : input));
    const grant = encodeFunctionData({
      abi: accessManagerAbi,
      functionName: "grantRole",
      args: [0n, market.stranger.address as Hex, 0],
    });
    const ids: string[] = [];
    for (const description of ["0xefbbbf476f6f64", "0x476fff6f64"] as const) {
      const args = encodeAbiParameters(inputs, [[market.instance.authority], [0n], [grant], description]);
      const data = concatHex([toFunctionSelector(propose), args]);
      await market.voters[0].sendTransaction({ to: market.governance.governor, data });
      ids.push(
        `${await market.governor.hashProposal([market.instance.authority], [0n], [grant], keccak256(description))}`,
      );
    }
    for (const id of ids) {
      expect(await done(["show"])).to.contain(`${id} is pending`);
      expect(await done(["decode", id]))
        .to.contain(`Proposal ${id}`)
        .and.to.contain("the role admin")
        .and.to.contain("WARNING: its description is no plain text");
      await done(["cancel", id, "--yes"], guardianKey);
      expect(await market.governor.state(id)).to.equal(2n);
    }
    expect(await done(["show"])).to.contain("No proposal is open");
  });

  it("shows roles, bounds and what is pinned; a record of another instance is refused", async () => {
    const shown = await done(["show"]);
    expect(shown).to.match(/protocolFee +\S+% +0% +10% +escrow.setParameters/);
    expect(shown)
      .to.match(new RegExp(`authority +admin +${market.governance.timelock}`))
      .and.to.match(/timelock +executor +everybody/);
    expect(shown).not.to.contain(market.deployer.address); // it gave up what events say it was given
    expect(shown).to.contain("attestation root").and.to.contain("No proposal is open");
    expect((await json(["show"]))["guardian"]).to.equal(market.guardian.address);
    const record = { chainId: 31_337, escrow: market.instance.escrow, startBlock: 0 };
    const bare = { ATOMA_DEPLOYMENT: shell.file("bare.json", JSON.stringify(record)) };
    expect(await refused(["show"], { ...voterKey, ...bare })).to.contain("names no governor");
    const { timelock } = market.governance;
    const wrong = shell.file("wrong.json", JSON.stringify({ ...record, governor: timelock }));
    expect(await refused(["show"], { ...voterKey, ATOMA_DEPLOYMENT: wrong } as typeof voterKey)).to.contain(
      "does not answer as a governor",
    );
  });

  it("shows who gets a role later, though the manager does not call it a member yet", async () => {
    const { address: thief } = market.stranger;
    const authority = market.authority.connect(await impersonate(market, market.governance.timelock));
    await authority.setGrantDelay(0n, 30n * day);
    await pass(6n * day); // a change of that delay waits itself
    await authority.grantRole(0n, thief, 0);
    expect((await market.authority.hasRole(0n, thief)).isMember).to.equal(false);
    expect(await done(["show"])).to.match(new RegExp(`authority +admin, from 20\\S+ .*on +${thief}`));
    await pass(30n * day);
    expect(await done(["show"])).to.match(new RegExp(`authority +admin +${thief}`));
  });

  it("lets only the guardian pause, for a week at most, lift, and cancel", async () => {
    expect(await refused(["pause", "requests", "2d", "--yes"])).to.contain("is not the guardian");
    expect(await refused(["pause", "requests", "8d", "--yes"], guardianKey)).to.contain("at most 7 days");
    await done(["pause", "registrations", "2d", "--yes"], guardianKey);
    expect(await done(["show"])).to.match(/registrations +paused until 20/);
    await done(["lift", "registrations", "--yes"], guardianKey);
    expect(await refused(["lift", "registrations", "--yes"], guardianKey, 1)).to.contain("are not paused");
    expect(await refused(["pause", "registrations", "1d", "--yes"], guardianKey)).to.contain(
      "open for a week: pause again after 20",
    );
    const change = ["propose", "--set", "tipFloor=0", "--output", output("vetoed.json"), "--send", "--yes"];
    const { proposalId } = await json(change);
    await done(["cancel", String(proposalId), "--yes"], guardianKey);
    expect(await refused(["cancel", String(proposalId), "--yes"], guardianKey)).to.contain("was canceled");
    expect(await refused(["vote", "99999999", "for", "--yes"])).to.contain("There is no proposal 99999999");
  });

  it("records settled work in emissions once, and claims it for a node after the epoch", async () => {
    const { emissions, governance, atoma, deployer } = market;
    await atoma.connect(deployer).transfer(governance.emissions, 1_000n * tokens);
    const request = await askAndPost(market, paramsFor(market, { units: 100_000n }));
    const settlement = await forge(market, request, {});
    await settle(market, settlement);
    const dry = await done(["emissions", "record", "--dry-run"]);
    expect(dry).to.contain("Record 1 requests in epoch 0").and.to.contain("has no ATOMA to give");
    const timelock = await impersonate(market, governance.timelock);
    await emissions.connect(timelock).setBudget(100n * tokens);
    expect(await done(["emissions", "record", "--dry-run"])).not.to.contain("has no ATOMA to give");
    const { value, requestIds } = await json(["emissions", "record", "--yes"]);
    expect(requestIds).to.deep.equal([request.requestId]);
    expect((await emissions.epochOf(0n)).valued).to.equal(BigInt(String(value)));
    expect(await refused(["emissions", "record", "--yes"], voterKey, 1)).to.contain("No settled request");
    const nodeId = market.nodes.map((node) => node.nodeId);
    const credits = await Promise.all(nodeId.map((id) => emissions.creditOf(0n, id)));
    const at = credits.findIndex((credit) => credit > 0n);
    const claim = ["emissions", "claim", `${nodeId[at]}`, "--yes"];
    expect(await refused(claim, voterKey, 1)).to.contain("can be claimed from 20");
    await pass(epochS);
    expect(await done(["emissions", "status", "--node", `${nodeId[at]}`])).to.contain("in epoch 0, to be claimed");
    const before = await atoma.balanceOf(market.owner);
    await done(claim);
    const after = await atoma.balanceOf(market.owner);
    expect(after - before).to.equal(credits[at]);
    expect(await refused(claim, voterKey, 1)).to.contain("has nothing to claim");
  });

  it("counts no member that was jailed in the challenge window, as emissions credit none", async () => {
    const { emissions, instance, nodeRegistry, world, taskId } = market;
    const request = await askAndPost(market, paramsFor(market, { units: 100_000n, challengeWindow: 100n }));
    const settlement = await forge(market, request, {});
    await settle(market, settlement);
    const [jailed = 0n, ...others] = (await committeeOf(world, request)).map(({ nodeId }) => nodeId);
    await nodeRegistry.connect(await impersonate(market, instance.disputes)).jail(jailed, taskId);
    await pass(101n);
    await market.escrow.finalize(settlement, market.settler.address);
    expect(await refused(["emissions", "record", "--node", `${jailed}`, "--yes"], voterKey, 1)).to.contain(
      "No settled",
    );
    const { value } = await json(["emissions", "record", "--node", `${others[0]}`, "--yes"]);
    expect(value).to.equal(`${(await emissions.epochOf(0n)).valued}`);
    expect(await emissions.creditOf(0n, jailed)).to.equal(0n);
  });

  it("knows every bound: values at it are taken by the contracts, values beyond it are not", async () => {
    await pass(8n * day); // prices may move again
    const { governance, settings } = await known();
    const { limits } = settings;
    const why = async ({ name }: Parameter, value: bigint): Promise<string | undefined> =>
      (
        await simulate(
          governance,
          proposalOf("", changeCalls(governance.addresses, new Map([[name, value]]), limits.values)),
        )
      )?.why;
    for (const parameter of parameters) {
      const { least, most } = boundsOf(parameter, limits);
      for (const value of [least, most])
        expect((await why(parameter, value)) ?? "Unbonding takes", `${parameter.name} ${value}`).to.contain(
          "Unbonding takes",
        );
      const beyond = [...(least > 0n ? [least - 1n] : []), ...(most < 2n ** 128n - 1n ? [most + 1n] : [])];
      for (const value of beyond)
        expect((await why(parameter, value)) ?? "taken", `${parameter.name} ${value}`).to.match(
          /outside|within|longer than|more than|bounds/i,
        );
    }
    expect(parameters.length).to.equal(28);
  });

  it("lists workloads with their measurements and the tasks that ask for them", async () => {
    expect(await done(["workloads"])).to.equal("No workload is registered.");
    const workload = {
      owner: market.stranger.address,
      tee: 0x81,
      parts: 0,
      statuses: 6,
      minEvaluation: 5,
      maxAge: 86_400,
      minIsvSvn: 0,
    };
    const measurement = `0x${"ab".repeat(32)}`;
    await market.teeRegistry.connect(market.stranger).registerWorkload(workload, [measurement], measurement);
    const text = await done(["workloads"]);
    expect(text)
      .to.contain("TDX, owner")
      .and.to.contain("TCB statuses 1, 2")
      .and.to.contain(`measurement ${measurement} active`);
    const { workloads } = (await json(["workloads"])) as { workloads: { workloadId: string }[] };
    const id = workloads[0]?.workloadId ?? "";
    const revoke = ["propose", "--revoke-workload", id, "--output", output("revoke.json")];
    expect(await done(revoke)).to.contain(`ends the workload ${id}`);
    await market.teeRegistry.connect(market.stranger).revokeWorkload(id);
    expect(await done(["workloads"])).to.contain(`${id}  REVOKED`);
  });
});
