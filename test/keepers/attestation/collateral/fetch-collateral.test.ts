import { expect } from "chai";
import { verifyQuote } from "../../../../sdk/attestation/verify-quote.ts";
import { flipped } from "../../../../keepers/attestation/dev/bytes.ts";
import { routes, type Answer, type Part } from "../../../helpers/attestation/intel-answers.ts";
import { caseSeed, printSeedOnFailure } from "../../../helpers/attestation/seed.ts";
import { upperHex } from "../../../../keepers/attestation/dev/signed-text.ts";
import { mintWorld } from "../../../helpers/attestation/world.ts";
import { makeClient, type Client } from "./fixture.ts";

const parts = ["tcb", "qe", "pckcrl", "rootcrl"] as const satisfies readonly Part[];

const evaluationIn = (text: string): unknown => (JSON.parse(text) as Record<string, unknown>).tcbEvaluationDataNumber;

const withBody = (body: string | Uint8Array) => (answer: Answer) => ({
  ...answer,
  body: new Uint8Array(Buffer.from(body)),
});

/** The same answer without the headers of that name. */
const withoutHeader = (part: string) => (answer: Answer) => ({
  ...answer,
  headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !name.includes(part))),
});

describe("Fetching of collateral", () => {
  printSeedOnFailure();
  const world = mintWorld({ seed: caseSeed("fetch") });
  let client: Client;

  before(async () => {
    client = await makeClient(world);
  });
  beforeEach(() => {
    client.service.serve(world);
    client.pauses.length = 0;
  });
  after(() => client.service.close());

  for (const tee of ["SGX", "TDX"] as const)
    it(`brings what the service holds for ${tee}, unchanged and good for a quote`, async () => {
      const collateral = await client.fetch({ tee });
      expect(collateral).to.deep.equal(world.collateral({ tee }));
      const { bytes: quote } = world.quote({ tee });
      const { verdict, status } = verifyQuote({ quote, collateral, at: world.at, rootKey: world.rootKey });
      expect([verdict, status]).to.deep.equal(["accept", "UpToDate"]);
    });

  it("brings the evaluation that was asked for", async () => {
    const answers = await Promise.all(
      (["standard", "early", world.evaluation - 1] as const).map((evaluation) => client.fetch({ evaluation })),
    );
    const numbers = answers.flatMap(({ tcb_info, qe_identity }) => [tcb_info, qe_identity].map(evaluationIn));
    const { evaluation: standard } = world;
    expect(numbers).to.deep.equal([standard, standard, standard + 1, standard + 1, standard - 1, standard - 1]);
  });

  it("brings the list of the processor CA from a cache that serves lists in hex", async () => {
    const other = world.remint({ ca: "processor" });
    const rootCrlUrl = `${client.service.baseUrl}/sgx/certification/v4/rootcacrl`;
    const collateral = await client.fetch({ ca: "processor", rootCrlUrl });
    expect(collateral.pck_crl).to.equal(other.collateral().pck_crl);
    expect(collateral.root_ca_crl).to.equal(world.collateral().root_ca_crl);
  });

  for (const part of parts) {
    it(`tries again when ${part} fails for a while`, async () => {
      client.service.fail(part, { kind: "status", status: 500 }, 1);
      client.service.fail(part, { kind: "reset" }, 1);
      client.service.fail(part, { kind: "cut" }, 1);
      expect(await client.fetch()).to.deep.equal(world.collateral());
      expect(client.pauses).to.deep.equal([1_000, 2_000, 4_000]);
    });

    it(`gives up when ${part} keeps failing`, async () => {
      client.service.fail(part, { kind: "status", status: 503 });
      expect(await client.failure()).to.equal("unavailable");
      expect(client.pauses.length).to.equal(3);
    });
  }

  it("waits as long as the service asks, but not for ever", async () => {
    const inAMinute = new Date(1_000 * (world.at + 50)).toUTCString();
    client.service.fail("tcb", { kind: "status", status: 429, retryAfter: "7" }, 1);
    client.service.fail("tcb", { kind: "status", status: 429, retryAfter: inAMinute }, 1);
    await client.fetch();
    expect(client.pauses).to.deep.equal([7_000, 50_000]);
    client.service.fail("tcb", { kind: "status", status: 429, retryAfter: "61" }, 1);
    expect(await client.failure()).to.equal("throttled");
    expect(client.pauses.length).to.equal(2);
  });

  it("gives up an attempt that takes too long, before and within the answer", async () => {
    const limits = { timeoutMs: 100, attempts: 2 };
    for (const fault of [{ kind: "slow", delayMs: 5_000 }, { kind: "stall" }] as const) {
      client.service.fail("qe", fault, 2);
      expect(await client.failure({ limits })).to.equal("unavailable");
    }
    expect(client.pauses).to.deep.equal([1_000, 1_000]);
  });

  it("gives up when all of it takes too long, with a signal of the caller's and without", async () => {
    const limits = { timeoutMs: 4_000, totalTimeoutMs: 300 };
    for (const changes of [{ limits }, { limits, signal: new AbortController().signal }]) {
      client.service.fail("rootcrl", { kind: "stall" });
      const startedAt = performance.now();
      expect(await client.failure(changes)).to.equal("unavailable");
      expect(performance.now() - startedAt).to.be.lessThan(3_000);
    }
  });

  it("reads no more than its limit", async () => {
    client.service.fail("pckcrl", { kind: "change", change: withBody(new Uint8Array(5_000_000).fill(0x30)) });
    expect(await client.failure()).to.equal("too-large");
    expect(client.pauses).to.deep.equal([]);
  });

  it("says what the service does not have, at once", async () => {
    const { evaluation } = world;
    expect(await client.failure({ fmspc: "000000000000" })).to.equal("not-found");
    expect(await client.failure({ evaluation: evaluation + 5 })).to.equal("not-found");
    expect(await client.failure({ evaluation: evaluation - 5 })).to.equal("gone");
    client.service.fail("tcb", { kind: "redirect", location: "http://127.0.0.1:1/" });
    expect(await client.failure()).to.equal("refused");
    expect(client.pauses).to.deep.equal([]);
  });

  it("stops when it is told to, before and within an answer", async () => {
    const reason = new Error("shutting down");
    const stopped = (signal: AbortSignal): Promise<unknown> =>
      client.fetch({ signal }).catch((error: unknown) => error);
    const asked = client.service.requests.length;
    expect(await stopped(AbortSignal.abort(reason))).to.equal(reason);
    expect(client.service.requests.length).to.equal(asked);
    client.service.fail("tcb", { kind: "stall" });
    const stop = new AbortController();
    setTimeout(() => stop.abort(reason), 100);
    expect(await stopped(stop.signal)).to.equal(reason);
    expect(client.service.requests.length).to.equal(asked + 1);
  });

  const malformed: readonly (readonly [Part, string, (answer: Answer) => Answer])[] = [
    ["tcb", "is no JSON", withBody("<html>")],
    ["tcb", "is not UTF-8", (answer) => ({ ...answer, body: flipped(answer.body, 30, 0x80) })],
    ["qe", "has no signature", withBody('{"enclaveIdentity":{"id":"TD_QE"}}')],
    ["qe", "is empty", withBody("")],
    ["pckcrl", "is PEM", withBody("-----BEGIN X509 CRL-----")],
    ["tcb", "names no issuer", withoutHeader("Issuer-Chain")],
    ["qe", "names no issuer", withoutHeader("Issuer-Chain")],
    ["pckcrl", "names no issuer", withoutHeader("Issuer-Chain")],
  ];
  for (const [part, fault, change] of malformed)
    it(`refuses ${part} that ${fault}`, async () => {
      client.service.fail(part, { kind: "change", change });
      expect(await client.failure()).to.equal("malformed");
    });

  for (const part of parts) {
    it(`refuses ${part} of another root`, async () => {
      const other = mintWorld({
        seed: caseSeed("other root"),
        at: world.at,
        platform: world.platform,
        sgx: world.platform.sgx,
      });
      client.service.fail(part, { kind: "world", world: other });
      expect(await client.failure()).to.equal("untrusted");
    });

    it(`refuses ${part} of last year`, async () => {
      client.service.fail(part, { kind: "world", world: stale });
      expect(await client.failure()).to.equal("stale");
    });
  }

  const [yearS, monthS] = [31_536_000, 2_592_000];
  const past = { thisUpdate: world.at - yearS, nextUpdate: world.at - yearS + monthS };
  const dates = { issueDate: "2020-01-01T00:00:00Z", nextUpdate: "2020-01-31T00:00:00Z" };
  const stale = world.remint({ tcbInfo: dates, qeIdentity: dates, rootCrl: past, pckCrl: past });

  it("refuses a changed text, signature or list", async () => {
    const lastDigit = withEdit(/(.)"}$/s, (digit) => `${digit === "0" ? "1" : "0"}"}`);
    for (const [part, change] of [
      ["tcb", withEdit(/"UpToDate"/, () => '"Revoked"')],
      ["qe", lastDigit],
    ] as const) {
      client.service.serve(world);
      client.service.fail(part, { kind: "change", change });
      expect(await client.failure(), part).to.equal("untrusted");
    }
  });

  it("refuses what was not asked for", async () => {
    const fmspc = upperHex(world.platform.sgx.fmspc);
    const answersOf = world.remint({ tcbInfo: { fmspc: "0123456789AB" } });
    client.service.fail("tcb", { kind: "world", world: answersOf });
    expect(await client.failure()).to.equal("mismatch");
    client.service.serve(world);
    const ofSgx = routes.get("/sgx/certification/v4/tcb")?.answer(world, new URLSearchParams({ fmspc }));
    client.service.fail("tcb", { kind: "change", change: (answer) => ofSgx ?? answer });
    expect(await client.failure()).to.equal("mismatch");
    client.service.serve(world);
    client.service.fail("qe", { kind: "world", world: world.remint({ qeIdentity: { id: "QE" } }) });
    expect(await client.failure()).to.equal("mismatch");
    client.service.serve(world.remint({ tcbInfo: { tcbEvaluationDataNumber: 1 } }));
    expect(await client.failure({ evaluation: world.evaluation })).to.equal("mismatch");
  });

  it("refuses the list of another CA", async () => {
    const processor = world.remint({ ca: "processor" }).collateral();
    const headers = { "SGX-PCK-CRL-Issuer-Chain": encodeURIComponent(processor.pck_crl_issuer_chain) };
    const change = (answer: Answer): Answer => ({ ...answer, headers, body: Buffer.from(processor.pck_crl, "hex") });
    client.service.fail("pckcrl", { kind: "change", change });
    expect(await client.failure()).to.equal("mismatch");
  });

  it("refuses a list whose issuer the root has revoked", async () => {
    const { intermediate, tcbSigning } = world.certificates;
    for (const { serial } of [intermediate, tcbSigning]) {
      client.service.serve(world.remint({ rootCrl: { revoked: [{ serial }] } }));
      expect(await client.failure()).to.equal("untrusted");
    }
  });
});

function withEdit(pattern: RegExp, edit: (...groups: string[]) => string): (answer: Answer) => Answer {
  return (answer) => {
    const text = Buffer.from(answer.body).toString();
    return {
      ...answer,
      body: new Uint8Array(Buffer.from(text.replace(pattern, (_, ...rest: string[]) => edit(...rest)))),
    };
  };
}
