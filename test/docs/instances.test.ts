import { expect } from "chai";
import { parse } from "yaml";
import { production } from "../../deploy/parameters/parameters.ts";
import { leastUnbondingS, longestDisputeS } from "../../deploy/parameters/unbonding.ts";
import { type InstancesInput, instancesOf } from "../../keepers/config.ts";
import { instanceIn } from "../../sdk/client/instances.ts";
import { clientsOf } from "./instances.example.ts";
import { blocksOf, pathOf, textOf } from "./pages.ts";
import { readFileSync } from "node:fs";

const page = "docs/instances.md";
const days = (seconds: number): string => `${(Math.ceil(seconds / 8_640) / 10).toFixed(1)} d`;

describe("The page of instances", () => {
  it("has settings and a deployment file that are taken", () => {
    const all = instancesOf(parse(blocksOf(page, "yaml")[0] ?? "") as InstancesInput);
    expect(all.map(({ chain, jobs }) => [chain.instance, jobs.length])).to.deep.equal([
      ["v1", 2],
      ["v2", 3],
    ]);
    expect(all[0]?.watchtower.open).to.equal(false);
    const record: unknown = JSON.parse(blocksOf(page, "json")[0] ?? "");
    expect(instanceIn(record, "v2")).to.include({ startBlock: 120 });
    expect(clientsOf).to.be.a("function");
    expect(blocksOf(page, "ts")[0]).to.equal(readFileSync(pathOf("test/docs/instances.example.ts"), "utf8"));
  });

  it("says how long things take by the production parameters", () => {
    const text = textOf(page);
    const { beaconDelay, beaconTimeout, fallbackDelay, chainPhase, expireDelay, disputeWindow } = production.parameters;
    const windowS = 86_400;
    const waitS = beaconDelay + Number(production.beaconPeriod) + beaconTimeout;
    const row = (name: string): string => text.split("\n").find((line) => line.startsWith(`| ${name}`)) ?? "";
    expect(row("an open request")).to.include(days(waitS + windowS + fallbackDelay + 2 * chainPhase + expireDelay));
    expect(row("a result in")).to.include(days(86_400 + disputeWindow));
    expect(row("a dispute")).to.include(days(longestDisputeS(production)));
    expect(row("stake")).to.include(`${production.unbonding / 86_400} d`);
    expect(text)
      .to.include(days(leastUnbondingS(production)))
      .and.to.include(days(leastUnbondingS(production, 60)));
  });
});
