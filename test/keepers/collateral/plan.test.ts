import { expect } from "chai";
import type { Hex } from "viem";
import { revokedIssuers, revokedPcks } from "../../../keepers/collateral/plan.ts";

describe("plan of the collateral job", () => {
  const pck = { pckId: "0x01", x: "0x", y: "0x" } as const;
  const [ours, theirs]: readonly [Hex, Hex] = ["0xaa", "0xbb"];
  const revoked = new Map<Hex, number>([["0x0abc", 7]]);

  it("finds a serial number of odd length, which lists hold in whole bytes", () => {
    expect(revokedIssuers([{ issuerId: ours, serial: 0xabcn }], { revoked })).to.deep.equal([
      { issuerId: ours, serial: 0xabcn, offset: 7 },
    ]);
    expect(revokedIssuers([{ issuerId: ours, serial: 0xabdn }], { revoked })).to.deep.equal([]);
  });

  it("finds certificates of the list's authority alone: others number theirs as they like", () => {
    const pcks = [ours, theirs].map((issuerId) => ({ ...pck, issuerId, serial: 0xabcn }));
    expect(revokedPcks(pcks, ours, { revoked }).map(({ issuerId }) => issuerId)).to.deep.equal([ours]);
  });
});
