import { expect } from "chai";
import { EvidenceError } from "../../../sdk/attestation/evidence-error.ts";
import { parseSgxExtension } from "../../../sdk/attestation/sgx-extension.ts";
import { sgxExtensionValue } from "../../../keepers/attestation/dev/sgx-extension.ts";
import {
  accepted,
  spoiled,
  spoiledPcks,
  swapped,
  value,
  world,
} from "../../helpers/attestation/cases/sgx-extension.ts";
import { printSeedOnFailure } from "../../helpers/attestation/seed.ts";
import { itAccepts, itRejects } from "./judging.ts";

const { sgx } = world.platform;
const parse = (bytes: Uint8Array | undefined) => parseSgxExtension(bytes, "x");

describe("Intel's extension of PCK certificates", () => {
  printSeedOnFailure();
  it("says which machine it is, and its versions", () => {
    const { ppid, fmspc, pceId, pceSvn, cpuSvn, components, type } = parse(value);
    expect({ ppid, fmspc, pceId, pceSvn, cpuSvn, components }).to.deep.equal({
      ppid: sgx.ppid,
      fmspc: sgx.fmspc,
      pceId: sgx.pceId,
      pceSvn: sgx.pceSvn,
      cpuSvn: sgx.cpuSvn,
      components: sgx.components,
    });
    expect(type).to.equal("scalable");
  });

  it("needs neither instance nor flags, and may have its fields in any order", () => {
    const { platformInstanceId: _, configuration: __, ...standard } = sgx;
    expect(parse(sgxExtensionValue({ ...standard, sgxType: 0 })).type).to.equal("standard");
    expect(parse(swapped)).to.deep.equal(parse(value));
  });

  for (const [title, changed] of spoiled)
    it(`refuses ${title}`, () => {
      expect(() => parse(changed))
        .to.throw(EvidenceError)
        .with.property("code", "sgx-extension");
    });

  itRejects(spoiledPcks);
  itAccepts(accepted);
});
