import { expect } from "chai";
import { zeroHash } from "viem";
import { isEnding, isGain, type Known, missingOf, nextOf, refusalOf } from "../../../keepers/attest/plan.ts";
import type { Need } from "../../../keepers/attestation/needs.ts";
import { statusBitmap } from "../../../sdk/attestation/status.ts";
import type { QuoteVerdict } from "../../../sdk/attestation/verify-quote.ts";

const dayS = 86_400;

describe("plan of attesting", () => {
  const facts = {
    binding: { until: 1_000_000 },
    maxAge: 30 * dayS,
    nowS: 1_000_000 - 10 * dayS,
    renewAt: 0.33,
  };

  it("looks at a binding when a third of its greatest life is left, and where there is none", () => {
    expect(isEnding(facts)).to.equal(false);
    expect(isEnding({ ...facts, nowS: facts.nowS + dayS })).to.equal(true);
    expect(isEnding({ ...facts, binding: { until: 0 } })).to.equal(true);
  });

  it("binds anew only where that doubles what is left at least", () => {
    const { nowS } = facts;
    expect(isGain(facts, nowS + 20 * dayS)).to.equal(false);
    expect(isGain(facts, nowS + 20 * dayS + 1)).to.equal(true);
    expect(isGain({ ...facts, maxAge: 20 * dayS }, nowS + 90 * dayS)).to.equal(false); // the workload allows no more
    expect(isGain({ ...facts, binding: { until: 0 } }, nowS + 1)).to.equal(true);
    expect(isGain({ ...facts, binding: { until: 0 } }, nowS)).to.equal(false);
  });

  const verdict = {
    verdict: "accept",
    status: "UpToDate",
    advisories: [],
    facts: { tee: "TDX" },
  } as const satisfies QuoteVerdict;
  const workload = {
    owner: "0x0000000000000000000000000000000000000001",
    tee: 0x81,
    parts: 0,
    statuses: statusBitmap(["UpToDate"]),
    minEvaluation: 17,
    maxAge: dayS,
  } as const;
  const policy = {
    workload,
    binding: { revoked: false },
    verdict,
    evaluation: 17,
    measurement: zeroHash,
    activeAtS: 5,
    backing: { nodeId: 2, untilS: 4 },
    nodeId: 1n,
    nowS: 5,
  } as const;

  it("says of each thing that the registry would refuse what to do", () => {
    expect(refusalOf(policy)).to.equal(undefined);
    const refused = (changes: Partial<Parameters<typeof refusalOf>[0]>): string =>
      refusalOf({ ...policy, ...changes }) ?? "";
    expect(refused({ workload: { ...workload, statuses: 0 } })).to.contain("is revoked: serve another");
    expect(refused({ binding: { revoked: true } })).to.contain("rotate the node's signer");
    expect(refused({ workload: { ...workload, tee: 0 } })).to.contain("another kind of TEE than TDX");
    const reason = { code: "root-unknown", sentence: "It is not Intel's." } as const;
    expect(refused({ verdict: { ...verdict, verdict: "reject", status: null, reason } })).to.contain(
      "It is not Intel's.",
    );
    const outOfDate = { ...verdict, status: "OutOfDate", advisories: ["INTEL-SA-1"] } as const;
    expect(refused({ verdict: outOfDate }))
      .to.contain("OutOfDate")
      .and.to.contain("INTEL-SA-1");
    expect(refused({ workload: { ...workload, statuses: statusBitmap(["OutOfDate"]) } })).to.contain("UpToDate");
    expect(refused({ evaluation: 16 }))
      .to.contain("evaluation 16")
      .and.to.contain("early");
    expect(refused({ activeAtS: 0 })).to.contain(zeroHash);
    expect(refused({ activeAtS: 6 })).to.contain("from 6 on");
    expect(refused({ backing: { nodeId: 2, untilS: 5 } })).to.contain("backs node 2 until 5");
    expect(refusalOf({ ...policy, backing: { nodeId: 1, untilS: 5 } })).to.equal(undefined);
  });

  const base = { what: "", to: "collateral", data: "0x" } as const;
  const needs: readonly Need[] = [
    { ...base, kind: "issuer", issuerId: "0x01" },
    { ...base, kind: "issuer", issuerId: "0x02" },
    { ...base, kind: "tcbInfo", issuedS: 50, untilS: 9 * dayS },
    { ...base, kind: "qeIdentity", issuedS: 50, untilS: 9 * dayS },
    { ...base, kind: "pck", after: 0 },
    { ...base, kind: "key" },
  ];
  const nothing: Known = {
    liveIssuers: new Set(),
    pck: undefined,
    isKeyKnown: false,
    texts: {
      tcbInfo: { issueDate: 0, nextUpdate: 0 },
      qeIdentity: { issueDate: 0, nextUpdate: 0 },
      areDistrusted: false,
    },
  };
  /** What is on chain until a time, and was issued before the texts above unless said otherwise. */
  const kept = (untilS: number, issueDate = 49) => ({
    tcbInfo: { issueDate, nextUpdate: untilS },
    qeIdentity: { issueDate: 50, nextUpdate: 9 * dayS },
    areDistrusted: false,
  });
  const everything: Known = {
    liveIssuers: new Set(["0x01", "0x02"]),
    pck: { fmspc: "0x00", notAfter: 100 * dayS, revoked: false },
    isKeyKnown: true,
    texts: kept(9 * dayS, 50),
  };
  const stage = (known: Known, nowS = dayS): string[] => nextOf(missingOf(needs, known, nowS)).map(({ kind }) => kind);

  it("sends issuers first, then what they signed, then the key, and then nothing", () => {
    expect(stage(nothing)).to.deep.equal(["issuer", "issuer"]);
    const issuersOnly = { ...nothing, liveIssuers: everything.liveIssuers };
    expect(stage(issuersOnly)).to.deep.equal(["tcbInfo", "qeIdentity", "pck"]);
    expect(stage({ ...everything, isKeyKnown: false })).to.deep.equal(["key"]);
    expect(stage(everything)).to.deep.equal([]);
    expect(missingOf(needs, nothing, dayS)).to.have.length(6);
  });

  it("posts a text again only where the one on chain is about to end and there is a later one", () => {
    expect(stage({ ...everything, texts: kept(4 * dayS + 1) })).to.deep.equal([]);
    expect(stage({ ...everything, texts: kept(4 * dayS) })).to.deep.equal(["tcbInfo"]);
    expect(stage({ ...everything, texts: kept(4 * dayS, 50) })).to.deep.equal([]);
    expect(stage(everything, 9 * dayS)).to.deep.equal([]);
  });

  it("posts later texts at once where those on chain count no more", () => {
    const distrusted = { ...kept(9 * dayS), areDistrusted: true };
    expect(stage({ ...everything, texts: distrusted })).to.deep.equal(["tcbInfo"]); // the identity on chain is as late
  });

  it("registers a certificate again when it has ended on chain", () => {
    const ended = { ...everything, pck: { fmspc: "0x00", notAfter: dayS - 1, revoked: false } } as const;
    expect(nextOf(missingOf(needs, ended, dayS))).to.deep.equal([{ ...base, kind: "pck", after: dayS - 1 }]);
  });
});
