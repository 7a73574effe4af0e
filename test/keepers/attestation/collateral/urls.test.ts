import { expect } from "chai";
import { collateralUrls } from "../../../../keepers/attestation/collateral/urls.ts";

const intel = "https://api.trustedservices.intel.com";
const query = { fmspc: "90c06f000000", tee: "TDX", ca: "platform" } as const;

describe("Addresses of collateral", () => {
  it("are Intel's own unless others are given", () => {
    expect(collateralUrls(query)).to.deep.equal({
      tcbInfo: `${intel}/tdx/certification/v4/tcb?fmspc=90C06F000000&update=standard`,
      qeIdentity: `${intel}/tdx/certification/v4/qe/identity?update=standard`,
      pckCrl: `${intel}/sgx/certification/v4/pckcrl?ca=platform&encoding=der`,
      rootCrl: "https://certificates.trustedservices.intel.com/IntelSGXRootCA.der",
    });
  });

  it("name the kind of TEE, the CA, the evaluation and the service asked for", () => {
    const urls = collateralUrls(
      { ...query, tee: "SGX", ca: "processor", evaluation: 18 },
      { baseUrl: "http://cache:8081/", rootCrlUrl: "http://cache:8081/sgx/certification/v4/rootcacrl" },
    );
    expect(urls).to.deep.equal({
      tcbInfo: "http://cache:8081/sgx/certification/v4/tcb?fmspc=90C06F000000&tcbEvaluationDataNumber=18",
      qeIdentity: "http://cache:8081/sgx/certification/v4/qe/identity?tcbEvaluationDataNumber=18",
      pckCrl: "http://cache:8081/sgx/certification/v4/pckcrl?ca=processor&encoding=der",
      rootCrl: "http://cache:8081/sgx/certification/v4/rootcacrl",
    });
  });

  it("are not made for what is no FMSPC or evaluation number", () => {
    for (const fmspc of ["", "90c06f00000", "90c06f000000&x=1"])
      expect(() => collateralUrls({ ...query, fmspc })).to.throw(RangeError, "FMSPC");
    for (const evaluation of [-1, 1.5, Number.NaN])
      expect(() => collateralUrls({ ...query, evaluation })).to.throw(RangeError, "evaluation");
  });
});
