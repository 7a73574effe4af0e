import { expect } from "chai";
import { readFileSync } from "node:fs";
import { localEvidenceSeed } from "../../deploy/local/world.ts";
import { networkPath, parseNetwork, readNetworkFile } from "../../deploy/parameters/network-file.ts";
import { production, rootOf } from "../../deploy/parameters/parameters.ts";
import { checkChain } from "../../deploy/run/chain-faults.ts";
import { devRoot } from "../../keepers/attestation/dev/network.ts";
import { publicKeyOf } from "../../sdk/drand/bls.ts";
import { deployer, freshChain, localFile } from "./fixture.ts";

type Json = Record<string, unknown>;
const jsonOf = (name: string) => JSON.parse(readFileSync(networkPath(name), "utf8")) as Json;
const someone = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";
const other = "0x90F79bf6EB2c4f870365E785982E1f101E93b906";
/** What a team fills in. */
const filled = {
  chainId: 10,
  paymentToken: { address: other, decimals: 6 },
  atoma: { holder: someone, supply: (10n ** 27n).toString() },
  guardian: other,
};

/** A file's JSON with values changed at paths such as "governance.votingDelay". */
function changed(name: string, changes: Readonly<Record<string, unknown>>): Json {
  const json = { ...jsonOf(name), ...filled };
  for (const [path, value] of Object.entries(changes)) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    const inner = names.reduce<Json>((at, one) => at[one] as Json, json);
    inner[last] = value;
  }
  return json;
}

const errorOf = (json: unknown): string => {
  try {
    parseNetwork(json, "file");
    return "";
  } catch (error) {
    return (error as Error).message;
  }
};

describe("A network's file", () => {
  it("is refused with one sentence for each value that a team has to fill in", () => {
    const message = errorOf(jsonOf("l2"));
    for (const name of ["chainId", "paymentToken.address", "atoma.holder", "guardian"])
      expect(message).to.include(`${name} is not filled in: it must be the`);
    expect(message.match(/\n/g)).to.have.length(4);
  });

  it("is good as it is once that is done, for an L2 and for Ethereum, and locally at once", () => {
    expect(errorOf(changed("l2", {}))).to.equal("");
    expect(errorOf(changed("mainnet", {}))).to.equal("");
    expect(readNetworkFile("local").chainId).to.equal(31_337);
  });

  it("is the one source of the production parameters, and locally of keys that everybody knows", () => {
    expect(parseNetwork(changed("l2", {}), "file").instance).to.deep.equal(production);
    expect(localFile.instance.beaconPublicKey).to.deep.equal(publicKeyOf(0x5eedn));
    expect(localFile.instance.attestationRoot).to.deep.equal(rootOf(devRoot(localEvidenceSeed).point));
  });

  it("is refused at each bound, by name", () => {
    const day = 86_400;
    const cases: readonly (readonly [string, unknown, string])[] = [
      ["governance.timelockDelay", 2 * day - 1, "at least two days"],
      ["governance.timelockDelay", 30 * day + 1, "governance.timelockDelay must be a whole number from 0 to 2592000"],
      ["governance.leastVotingTime", day - 1, "at least a day"],
      ["governance.lateQuorumExtension", 30 * day, "governance.lateQuorumExtension must be at most votingPeriod"],
      ["governance.votingDelay", day - 1, "governance.votingDelay must be at least leastVotingTime"],
      ["governance.votingPeriod", 31 * day, "governance.votingPeriod must be a whole number"],
      ["governance.quorumPercent", 0, "from 1 to 20 (percent of the supply); it is 0"],
      ["governance.quorumPercent", 21, "from 1 to 20"],
      ["governance.proposalThreshold", (10n ** 22n - 1n).toString(), "a hundred-thousandth to a hundredth"],
      ["governance.proposalThreshold", (10n ** 25n + 1n).toString(), "a hundred-thousandth to a hundredth"],
      ["emissions.emissionPrice", "399999", "at least four times instance.stakePrice, 400000"],
      ["emissions.mostBudget", (10n ** 25n + 1n).toString(), "at most a hundredth of the supply"],
      ["emissions.epochLength", 90 * day + 1, "emissions.epochLength must be"],
      ["instance.unbonding", 7 * day, "instance: unbonding is not longer than"],
      [
        "instance.parameters.protocolFee",
        1_001,
        "instance.parameters.protocolFee must be a whole number from 0 to 1000",
      ],
      ["instance.parameters.beaconDelay", 6, "at least two blocks and a period of the beacon, 7 s"],
      ["instance.parameters.tipFloor", 0, "without a tip floor"],
      ["instance.disputeParameters.panelMin", 20, "fewer than 21 jurors"],
      ["instance.beaconGenesis", "1", "the beacon is not drand's evmnet"],
      ["instance.attestationRoot.x", `0x${"11".repeat(32)}`, "is not Intel's"],
      ["instance.stakePrice", 100_000, "instance.stakePrice must be a decimal string"],
      ["blockTime", 13, "at least five blocks, 65 s"],
      ["guardian", other.toLowerCase(), "guardian must be an address with a right checksum"],
      ["guardian", `0x${"00".repeat(20)}`, "guardian must be an address"],
      ["guardian", someone, "guardian must not hold the supply as well"],
      ["paymentToken", "deploy", "anybody can mint that token"],
      ["atoma.holder", "deployer", "its key would hold every vote"],
      ["name", "../x", "name must be 1 to 32 of a-z"],
      ["governance.votingDelays", 1, "governance.votingDelays is no parameter"],
    ];
    for (const [path, value, words] of cases)
      expect(errorOf(changed("l2", { [path]: value })), `${path} = ${String(value)}`).to.include(words);
  });

  it("is refused with all faults at once", () => {
    const message = errorOf(changed("l2", { "governance.timelockDelay": 1, "instance.parameters.tipFloor": 0 }));
    expect(message).to.include("two days").and.include("tip floor");
  });

  it("that is no JSON, or is not there, is an error that says so", () => {
    expect(() => readNetworkFile("/nowhere.json")).to.throw("cannot be read as JSON: ENOENT");
  });
});

describe("A network's file and its chain", () => {
  let world: Awaited<ReturnType<typeof freshChain>>;
  let token: `0x${string}`;
  let atoma: `0x${string}`;
  before(async () => {
    world = await freshChain();
    const { ethers } = world.connection;
    token = (await (await ethers.deployContract("LocalUsd")).getAddress()) as `0x${string}`;
    atoma = (await (await ethers.deployContract("AtomaToken", [someone, 10n ** 26n])).getAddress()) as `0x${string}`;
  });
  after(() => world.connection.close());
  const faultsOf = async (change: Partial<typeof localFile>) =>
    (await checkChain(world.chain, { ...localFile, ...change }, deployer)).faults.join("\n");

  it("fit, where the chain is the one, and what exists is what it should be", async () => {
    expect(await faultsOf({})).to.equal("");
    expect(await faultsOf({ paymentToken: { address: token, decimals: 6 } })).to.equal("");
    const governance = { ...localFile.governance, proposalThreshold: 10n ** 24n };
    const emissions = { ...localFile.emissions, mostBudget: 10n ** 24n };
    expect(await faultsOf({ atoma: { address: atoma }, governance, emissions })).to.equal("");
  });

  it("do not where chain, token, decimals, guardian or supply are others", async () => {
    expect(await faultsOf({ chainId: 1 })).to.include("the RPC serves chain 31337, and the file is for 1");
    const at = (address: `0x${string}`, decimals = 6) => faultsOf({ paymentToken: { address, decimals } });
    expect(await at(someone)).to.include("there is no contract at paymentToken.address");
    expect(await at(token, 18)).to.include("the payment token has 6 decimals, and paymentToken.decimals is 18");
    expect(await faultsOf({ guardian: deployer })).to.include("guardian cannot be the deployer");
    expect(await faultsOf({ atoma: { address: someone } })).to.include("there is no contract at atoma.address");
    expect(await faultsOf({ atoma: { address: token } })).to.include("does not count votes by time");
    const governance = { ...localFile.governance, proposalThreshold: 10n ** 24n + 1n };
    expect(await faultsOf({ atoma: { address: atoma }, governance })).to.include("a hundredth of the supply");
  });

  it("do not where the chain lacks Osaka's rules", async () => {
    const { provider, connection, chain } = await freshChain("prague");
    expect(provider).not.to.equal(undefined);
    const { faults } = await checkChain(chain, localFile, deployer);
    expect(faults.join("\n")).to.include("no CLZ instruction");
    await connection.close();
  });
});
