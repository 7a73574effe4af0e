import { expect } from "chai";
import { toHex } from "../../../sdk/attestation/bytes.ts";
import { statuses } from "../../../sdk/attestation/status.ts";
import { verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { caseSeed, printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { kinds, mergeCase, merges, withModule } from "../../helpers/attestation/cases/kinds.ts";
import { mintWorld } from "../../helpers/attestation/world.ts";
import { expectAccepted, expectRejected, judge } from "./judging.ts";

const worldsPerKind = 6;

describe("Minted quotes", () => {
  printSeedOnFailure();

  for (const { version, tee, td, body } of kinds)
    it(`of version ${version} and ${body} are accepted, whoever issued the PCK and whatever the half of s`, () => {
      for (let i = 0; i < worldsPerKind; i++) {
        const world = mintWorld({
          seed: caseSeed(`${version} ${body} ${i}`),
          ca: i % 2 === 0 ? "platform" : "processor",
        });
        const s = (["any", "low", "high"] as const)[i % 3] ?? "any";
        const quote = world.quote({ version, tee, td, s, qeS: s, nul: i % 2 === 0 });
        const verdict = judge(world, { quote: quote.bytes, collateral: world.collateral({ tee, s }) });
        expectAccepted(verdict);
        expect(verdict.facts).to.include({ version, tee, body });
      }
    });

  it("tell what they measure, the machine, and when all that was used is valid", () => {
    const world = mintWorld({ seed: caseSeed("facts") });
    const reportData = new Uint8Array(64).fill(7);
    const mrTd = new Uint8Array(48).fill(9);
    const quote = world.quote({ version: 5, reportData, body: { mrTd } });
    const { facts } = judge(world, { quote: quote.bytes });
    expect(facts).to.include({
      ppid: toHex(world.platform.sgx.ppid),
      fmspc: toHex(world.platform.sgx.fmspc),
      pceSvn: world.platform.sgx.pceSvn,
      reportData: toHex(reportData),
      attestationKey: toHex(quote.attestationKey.point),
      tcbEvaluationNumber: world.tcbInfo("TDX").tcbEvaluationDataNumber,
    });
    expect(facts.measurements).to.include({ mrTd: toHex(mrTd), mrServiceTd: toHex(new Uint8Array(48)) });
    const { validFrom = 0, validUntil = 0 } = facts;
    for (const at of [validFrom, validUntil]) expectAccepted(judge(world, { quote: quote.bytes, at }));
    for (const at of [validFrom - 1, validUntil + 1])
      expect(judge(world, { quote: quote.bytes, at }).reason?.code).to.match(/-(expired|not-yet-valid)$/);
  });

  it("are accepted only by the root that issued for them", () => {
    const [world, other] = [mintWorld({ seed: caseSeed("root") }), mintWorld({ seed: caseSeed("other root") })];
    expectRejected(judge(world, { rootKey: other.rootKey }), "root-unknown");
    const { rootKey: _, ...withoutRoot } = {
      quote: world.quote().bytes,
      collateral: world.collateral(),
      at: world.at,
      rootKey: 0,
    };
    expectRejected(verifyQuote(withoutRoot), "root-unknown");
  });

  for (const [platform, module, qe, merged] of merges)
    it(`on a ${platform} platform with module ${module} and enclave ${qe} are ${merged}`, () => {
      const world = mergeCase(platform, module, qe);
      const verdict = judge(world);
      expect([verdict.verdict, verdict.status, verdict.reason?.code]).to.deep.equal([
        "reject",
        merged,
        "status-not-allowed",
      ]);
      for (const allowed of statuses)
        expect(judge(world, { allowed: [allowed] }).verdict).to.equal(allowed === merged ? "accept" : "reject");
    });

  it("name the advisories of the level, of the module and of the quoting enclave, each once", () => {
    const world = mintWorld({ seed: caseSeed("advisories"), platform: { teeTcbSvn: withModule } });
    const advised = (ids: readonly string[]) => ({ tcbStatus: "OutOfDate", advisoryIDs: ids }) as const;
    const [info, identity] = [world.tcbInfo("TDX"), world.qeIdentity("TDX")];
    const collateral = world.collateral({
      tcbInfo: {
        tcbLevels: info.tcbLevels.map((level) => ({ ...level, ...advised(["A", "B"]) })),
        tdxModuleIdentities: (info.tdxModuleIdentities ?? []).map((module) => ({
          ...module,
          tcbLevels: module.tcbLevels.map((level) => ({ ...level, ...advised(["B", "C"]) })),
        })),
      },
      qeIdentity: { tcbLevels: identity.tcbLevels.map((level) => ({ ...level, ...advised(["C", "D"]) })) },
    });
    expect(judge(world, { collateral }).advisories).to.deep.equal(["A", "B", "C", "D"]);
  });

  it("need a root key of 64 bytes, a clock, and service TDs of 48 bytes", () => {
    const world = mintWorld({ seed: caseSeed("arguments") });
    expect(() => judge(world, { rootKey: new Uint8Array(63) })).to.throw(RangeError, "64 bytes");
    expect(() => judge(world, { at: NaN })).to.throw(RangeError, "clock");
    expect(() => judge(world, { serviceTds: ["0x00"] })).to.throw(RangeError, "48 bytes");
  });
});
