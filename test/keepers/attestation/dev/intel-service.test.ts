import { createPublicKey, verify, X509Certificate } from "node:crypto";
import { expect } from "chai";
import { startIntelService, type IntelService } from "../../../helpers/attestation/intel-service.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { upperHex } from "../../../../keepers/attestation/dev/signed-text.ts";
import { mintWorld } from "../../../helpers/attestation/world.ts";

describe("Stand-in of Intel's service", () => {
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("service") });
  const fmspc = upperHex(world.platform.sgx.fmspc);
  let service: IntelService;

  before(async () => {
    service = await startIntelService(world);
  });
  after(() => service.close());

  const get = (path: string): Promise<Response> => fetch(`${service.baseUrl}${path}`);
  const statusOf = async (path: string): Promise<number> => (await get(path)).status;

  const signed = [
    [`/tdx/certification/v4/tcb?fmspc=${fmspc}`, "tcbInfo", "TCB-Info-Issuer-Chain"],
    [`/sgx/certification/v4/tcb?fmspc=${fmspc}&update=early`, "tcbInfo", "TCB-Info-Issuer-Chain"],
    ["/tdx/certification/v4/qe/identity", "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain"],
    ["/sgx/certification/v4/qe/identity?update=standard", "enclaveIdentity", "SGX-Enclave-Identity-Issuer-Chain"],
    [
      "/tdx/certification/v4/tcbevaluationdatanumbers",
      "tcbEvaluationDataNumbers",
      "TCB-Evaluation-Data-Numbers-Issuer-Chain",
    ],
  ] as const;
  for (const [path, field, header] of signed)
    it(`signs ${field} under ${path.split("?")[0]} and names the signer in ${header}`, async () => {
      const response = await get(path);
      const body = await response.text();
      const { signature } = JSON.parse(body) as { signature: string };
      const text = body.slice(`{"${field}":`.length, -`,"signature":"${signature}"}`.length);
      const signer = new X509Certificate(decodeURIComponent(response.headers.get(header) ?? ""));
      const key = {
        key: createPublicKey(signer.publicKey.export({ type: "spki", format: "pem" })),
        dsaEncoding: "ieee-p1363",
      } as const;
      expect(verify("sha256", Buffer.from(text), key, Buffer.from(signature, "hex"))).to.equal(true);
      expect(signer.subject).to.contain("CN=Intel SGX TCB Signing");
    });

  it("serves lists in DER, in PEM, and in hex as caches do", async () => {
    const { pck_crl, root_ca_crl } = world.collateral();
    const der = await get("/sgx/certification/v4/pckcrl?ca=platform&encoding=der");
    expect(Buffer.from(await der.arrayBuffer()).toString("hex")).to.equal(pck_crl);
    const pem = await (await get("/sgx/certification/v4/pckcrl?ca=platform")).text();
    expect(Buffer.from(pem.replaceAll(/-----.*?-----|\n/g, ""), "base64").toString("hex")).to.equal(pck_crl);
    expect(await (await get("/sgx/certification/v4/rootcacrl")).text()).to.equal(root_ca_crl);
    const root = await fetch(service.rootCrlUrl);
    expect(Buffer.from(await root.arrayBuffer()).toString("hex")).to.equal(root_ca_crl);
  });

  it("refuses as Intel's specification says", async () => {
    const { evaluation } = world;
    const tcb = "/tdx/certification/v4/tcb";
    const expected: Record<string, number> = {
      [`${tcb}?fmspc=12`]: 400,
      [`${tcb}?fmspc=${fmspc}&update=late`]: 400,
      [`${tcb}?fmspc=${fmspc}&update=early&tcbEvaluationDataNumber=${evaluation}`]: 400,
      [`${tcb}?fmspc=000000000000`]: 404,
      [`${tcb}?fmspc=${fmspc}&tcbEvaluationDataNumber=${evaluation + 2}`]: 404,
      [`${tcb}?fmspc=${fmspc}&tcbEvaluationDataNumber=${evaluation - 3}`]: 410,
      "/sgx/certification/v4/pckcrl?ca=other": 400,
      "/sgx/certification/v4/elsewhere": 404,
    };
    for (const [path, status] of Object.entries(expected)) expect(await statusOf(path), path).to.equal(status);
  });

  it("goes wrong so many times, in the order of asking", async () => {
    service.fail("qe", { kind: "status", status: 500 }, 2);
    service.fail("qe", { kind: "status", status: 429, retryAfter: "3" }, 1);
    const path = "/sgx/certification/v4/qe/identity";
    const statuses = [await statusOf(path), await statusOf(path), await statusOf(path), await statusOf(path)];
    expect(statuses).to.deep.equal([500, 500, 429, 200]);
  });
});
