import { expect } from "chai";
import { chainEvidenceOf, type QuoteWords, revocationCallsOf } from "../../../sdk/attestation/chain-calls.ts";
import type { Collateral } from "../../../sdk/attestation/collateral.ts";
import { verifyQuote } from "../../../sdk/attestation/verify-quote.ts";
import { dcapVerifierAbi } from "../../../sdk/abi/dcap-verifier.ts";
import { deployVerifiers, judge, named, register, verdictOnChain } from "../../../deploy/local/verifiers.ts";
import type { WorldQuoteOptions } from "../../../keepers/attestation/dev/world-quote.ts";
import { mintWorld, type World } from "../../helpers/attestation/world.ts";
import { statuses } from "../../../sdk/attestation/status.ts";
import { seededRandom } from "../../../keepers/attestation/dev/random.ts";
import { runSeed } from "../../helpers/attestation/seed.ts";

const worldsOfFuzz = 40;

/** A quote's kind, and what its collateral is for. */
type Kind = { readonly version: 3 | 4 | 5; readonly tee: "SGX" | "TDX"; readonly td?: "1.0" | "1.5" };
const [sgx3, sgx4, tdx4, sgx5, tdx5of10, tdx5]: readonly [Kind, Kind, Kind, Kind, Kind, Kind] = [
  { version: 3, tee: "SGX" },
  { version: 4, tee: "SGX" },
  { version: 4, tee: "TDX" },
  { version: 5, tee: "SGX" },
  { version: 5, tee: "TDX", td: "1.0" },
  { version: 5, tee: "TDX", td: "1.5" },
];
const kinds = [sgx3, sgx4, tdx4, sgx5, tdx5of10, tdx5] as const;
const nameOfKind = (kind: Kind) => `v${kind.version} ${kind.tee}${kind.td === undefined ? "" : ` ${kind.td}`}`;

/** A minted world's evidence of one kind. */
function evidenceOf(world: World, kind: Kind, changes: WorldQuoteOptions = {}) {
  const quote = world.quote({ ...kind, ...changes }).bytes;
  const collateral: Collateral = world.collateral({ tee: kind.tee });
  return { quote, collateral, at: world.at };
}

/** Everything before the quote registered; then what `verifyQuote` says of other words, as status number or error name. */
async function prepare(world: World, kind: Kind, changes: WorldQuoteOptions = {}) {
  const evidence = evidenceOf(world, kind, changes);
  const on = await deployVerifiers(world.rootKey, world.at);
  const words = chainEvidenceOf(evidence.quote, evidence.collateral);
  for (const call of [...words.collateral, ...words.machine]) await register(on, call);
  const evaluation = world.tcbInfo(kind.tee).tcbEvaluationDataNumber;
  const say = async (quote: QuoteWords, number = evaluation) => {
    const found = await judge(on, quote, number);
    return "error" in found ? found.error : found.status;
  };
  return { on, words, say, evaluation };
}

const flip = (hex: `0x${string}`, byte: number, mask = 1): `0x${string}` => {
  const at = 2 + 2 * byte;
  const changed = (parseInt(hex.slice(at, at + 2), 16) ^ mask).toString(16).padStart(2, "0");
  return `0x${hex.slice(2, at)}${changed}${hex.slice(at + 2)}`;
};

describe(`A quote on chain (seed ${runSeed})`, function () {
  this.timeout(600_000);

  for (const kind of kinds)
    it(`of ${nameOfKind(kind)} is verified down to the pinned root, and the verdict is that of TypeScript`, async () => {
      const world = mintWorld({ seed: `${runSeed} ${nameOfKind(kind)}` });
      const evidence = evidenceOf(world, kind);
      const said = verifyQuote({ ...evidence, rootKey: world.rootKey });
      expect(said.verdict, said.reason?.sentence).to.equal("accept");
      const found = await verdictOnChain(await deployVerifiers(world.rootKey, world.at), evidence);
      expect(found).to.deep.include({ status: "UpToDate", tee: kind.tee === "TDX" ? 0x81 : 0 });
      expect(found).to.deep.include({ ppid: said.facts.ppid });
    });

  it("is verified on a chain without the precompile too", async () => {
    const world = mintWorld({ seed: `${runSeed} prague` });
    const on = await deployVerifiers(world.rootKey, world.at, "prague");
    expect(await verdictOnChain(on, evidenceOf(world, tdx4))).to.deep.include({ status: "UpToDate" });
  });

  it("has the status that TypeScript finds, whatever platform, module and enclave reach", async () => {
    const random = seededRandom(`${runSeed} statuses`);
    for (let i = 0; i < worldsOfFuzz; ++i) {
      const kind = random.pick(kinds);
      const pick = () => random.pick(statuses);
      const status = {
        platform: pick(),
        qe: pick(),
        module: random.pick(["UpToDate", "OutOfDate", "Revoked"] as const),
      };
      const ca = random.pick(["platform", "processor"] as const);
      const world = mintWorld({ seed: `${runSeed} status ${i}`, ca, status });
      const evidence = evidenceOf(world, kind);
      const said = verifyQuote({ ...evidence, rootKey: world.rootKey });
      const found = await verdictOnChain(await deployVerifiers(world.rootKey, world.at), evidence);
      const what = `${world.seed}, ${nameOfKind(kind)}, ${JSON.stringify(status)}`;
      expect("status" in found ? found.status : found.error, what).to.equal(said.status ?? "NoTcbLevel");
    }
  });

  describe("changed in one byte", () => {
    const world = mintWorld({ seed: `${runSeed} bytes` });
    let ready: Awaited<ReturnType<typeof prepare>>;
    before(async () => {
      ready = await prepare(world, tdx5);
      expect(await ready.say(ready.words.quote)).to.equal("UpToDate");
    });

    it("is refused, wherever the byte is in header, body, signature or key", async () => {
      const { quote } = ready.words;
      const { signedBody } = quote;
      for (let byte = 0; byte < (signedBody.length - 2) / 2; ++byte)
        expect(await ready.say({ ...quote, signedBody: flip(signedBody, byte) }), `byte ${byte}`).to.not.equal(
          "UpToDate",
        );
      for (let byte = 0; byte < 32; ++byte) {
        for (const part of ["r", "s"] as const)
          expect(await ready.say({ ...quote, [part]: flip(quote[part], byte) })).to.equal("WrongQuoteSignature");
        for (const part of ["keyX", "keyY", "pckId"] as const)
          expect(await ready.say({ ...quote, [part]: flip(quote[part], byte) })).to.equal("UnknownAttestationKey");
      }
    });

    it("is refused where what the quoting enclave said is told otherwise", async () => {
      const { quote } = ready.words;
      const { qe } = quote;
      const told = [
        { ...qe, miscSelect: flip(qe.miscSelect as `0x${string}`, 0) },
        { ...qe, attributes: flip(qe.attributes as `0x${string}`, 15) },
        { ...qe, mrSigner: flip(qe.mrSigner, 31) },
        { ...qe, isvProdId: qe.isvProdId ^ 1 },
        { ...qe, isvSvn: qe.isvSvn + 1 },
      ];
      for (const other of told) expect(await ready.say({ ...quote, qe: other })).to.equal("UnknownAttestationKey");
    });

    it("is refused as evidence of an attestation key, wherever the byte is in report, signature, key or data", async () => {
      const { on, words } = ready;
      const key = words.machine.find((call) => call.functionName === "registerAttestationKey");
      if (key?.functionName !== "registerAttestationKey") throw new Error("There is no attestation key.");
      const [report, r, s, authData, x, y, pckKey] = key.args;
      const refused = async (...args: typeof key.args) => {
        const call = {
          address: on.verifier,
          abi: dcapVerifierAbi,
          functionName: "registerAttestationKey",
          args,
        } as const;
        const { error } = { error: "none", ...(await named(() => on.chain.simulateContract(call))) };
        expect(error).to.not.equal("none");
        return error;
      };
      for (let byte = 0; byte < 384; ++byte) await refused(flip(report, byte), r, s, authData, x, y, pckKey);
      for (let byte = 0; byte < 32; ++byte) {
        expect(await refused(report, flip(r, byte), s, authData, x, y, pckKey)).to.equal("WrongQeSignature");
        expect(await refused(report, r, flip(s, byte), authData, x, y, pckKey)).to.equal("WrongQeSignature");
        expect(await refused(report, r, s, flip(authData, byte), x, y, pckKey)).to.equal("WrongKeyHash");
        expect(await refused(report, r, s, authData, flip(x, byte), y, pckKey)).to.equal("WrongKeyHash");
        expect(await refused(report, r, s, authData, x, flip(y, byte), pckKey)).to.equal("WrongKeyHash");
        expect(await refused(report, r, s, authData, x, y, { ...pckKey, x: flip(pckKey.x, byte) })).to.equal(
          "UnknownPck",
        );
      }
      expect(await refused(`${report}00`, r, s, authData, x, y, pckKey)).to.equal("WrongReportLength");
      expect(await refused(report, r, s, `${authData}00`, x, y, pckKey)).to.equal("WrongKeyHash");
    });
  });

  const migratable = new Uint8Array(8).fill(0x30, 3, 4); // and SEPT_VE_DISABLE
  it("is taken of a TD that can be migrated where it shows by whom", async () => {
    const world = mintWorld({ seed: `${runSeed} migratable` });
    const { words, say } = await prepare(world, tdx5, { body: { tdAttributes: migratable } });
    expect(await say(words.quote)).to.equal("UpToDate");
  });

  describe("of another form", () => {
    const world = mintWorld({ seed: `${runSeed} forms` });
    const cases: readonly (readonly [string, Kind, WorldQuoteOptions, string])[] = [
      ["version 2", sgx3, { header: { version: 2 } }, "UnknownQuoteVersion"],
      ["version 6", tdx4, { header: { version: 6 } }, "UnknownQuoteVersion"],
      ["another key type", tdx4, { header: { attestationKeyType: 3 } }, "UnknownKeyType"],
      ["a TDX type in version 3", sgx3, { header: { teeType: 0x81 } }, "UnknownTee"],
      ["an unknown TEE", tdx4, { header: { teeType: 0x82 } }, "UnknownTee"],
      ["another vendor's quoting enclave", tdx4, { header: { qeVendorId: new Uint8Array(16) } }, "UnknownQeVendor"],
      ["an enclave called a TD", sgx5, { header: { teeType: 0x81 } }, "UnknownBody"],
      ["a body of another size than it says", tdx5, { bodySize: 584 }, "UnknownBody"],
      ["a body of an unknown type", tdx5, { bodyType: 4 }, "UnknownBody"],
      ["a short body", tdx4, { rawBody: new Uint8Array(583) }, "WrongQuoteLength"],
      ["a long body", tdx4, { rawBody: new Uint8Array(648) }, "WrongQuoteLength"],
      ["an enclave under debug", sgx3, { body: { attributes: new Uint8Array(16).fill(2, 0, 1) } }, "DebugEnabled"],
      [
        "reserved bytes in an enclave's report",
        sgx3,
        { body: { reserved4: new Uint8Array(42).fill(1) } },
        "ReservedBitsSet",
      ],
      ["a TD under debug", tdx4, { body: { tdAttributes: new Uint8Array(8).fill(1, 0, 1) } }, "DebugEnabled"],
      ["a reserved attribute", tdx4, { body: { tdAttributes: new Uint8Array(8).fill(1, 4, 5) } }, "ReservedBitsSet"],
      ["a TD that unknown others can migrate", tdx4, { body: { tdAttributes: migratable } }, "ReservedBitsSet"],
      [
        "a TDX module that is not for production",
        tdx5,
        { body: { seamAttributes: new Uint8Array(8).fill(1) } },
        "ReservedBitsSet",
      ],
      ["a TDX module of another signer", tdx5, { body: { mrSignerSeam: new Uint8Array(48).fill(1) } }, "NoTcbLevel"],
    ];
    let ready: Awaited<ReturnType<typeof prepare>>[];
    before(async () => {
      ready = [await prepare(world, sgx3), await prepare(world, tdx4)];
    });

    for (const [what, kind, changes, error] of cases)
      it(`is refused: ${what}`, async () => {
        const { bytes, spans } = world.quote({ ...kind, ...changes });
        const set = ready[kind.tee === "SGX" ? 0 : 1];
        if (set === undefined) throw new Error("Nothing was prepared.");
        const end = spans.body.end;
        const { r, s } = signatureOf(bytes, end);
        const signedBody = `0x${Buffer.from(bytes.subarray(0, end)).toString("hex")}` as const;
        expect(await set.say({ ...set.words.quote, signedBody, r, s })).to.equal(error);
      });

    const signatureOf = (bytes: Uint8Array, end: number) => {
      const hex = (from: number) =>
        `0x${Buffer.from(bytes.subarray(end + from, end + from + 32)).toString("hex")}` as const;
      return { r: hex(4), s: hex(36) };
    };
  });

  it("is refused by other collateral: not posted, of another evaluation, or out of its time", async () => {
    const world = mintWorld({ seed: `${runSeed} collateral` });
    const { on, words, say, evaluation } = await prepare(world, tdx4);
    expect(await say(words.quote)).to.equal("UpToDate");
    expect(await say(words.quote, evaluation + 1)).to.equal("TcbInfoMissing");
    expect(await say(words.quote, evaluation - 1)).to.equal("TcbInfoMissing");
    const { nextUpdate } = parsed(world.collateral().tcb_info);
    const { nextUpdate: qeNextUpdate } = parsed(world.collateral().qe_identity);
    const end = Math.min(nextUpdate, qeNextUpdate);
    const { time } = on.connection.networkHelpers;
    await time.setNextBlockTimestamp(end);
    await on.connection.networkHelpers.mine();
    expect(await say(words.quote)).to.equal("UpToDate");
    await time.increaseTo(end + 1);
    expect(await say(words.quote)).to.equal("TcbTextNotCurrent");
  });

  it("is not verified by the collateral of SGX where it is of TDX", async () => {
    const world = mintWorld({ seed: `${runSeed} other TEE` });
    const on = await deployVerifiers(world.rootKey, world.at);
    const evidence = { ...evidenceOf(world, tdx4), collateral: world.collateral({ tee: "SGX" }) };
    expect(await verdictOnChain(on, evidence)).to.deep.equal({ error: "TcbInfoMissing" });
  });

  it("is refused once a signer of texts is revoked, until they are issued anew", async () => {
    const world = mintWorld({ seed: `${runSeed} revoked signer` });
    const { on, words, say } = await prepare(world, tdx4);
    const [{ serial }, lists] = [world.certificates.tcbSigning, world.collateral()];
    const rootCrl = { revoked: [{ serial }] };
    for (const call of revocationCallsOf(world.quote(tdx4).bytes, world.collateral({ rootCrl })).slice(0, 1))
      await register(on, call);
    expect(await say(words.quote)).to.equal("TcbTextDistrusted");
    const errors: string[] = [];
    for (const call of chainEvidenceOf(world.quote(tdx4).bytes, lists).collateral)
      errors.push(await named(() => register(on, call)).then(errorOf));
    expect(errors).to.include.members(["IssuerSerialRevoked", "IssuerIsRevoked"]);
  });

  it("is refused once the certificate of its machine, or its authority's, is revoked", async () => {
    for (const role of ["pck", "intermediate"] as const) {
      const world = mintWorld({ seed: `${runSeed} revoked ${role}` });
      const { on, words, say } = await prepare(world, tdx4);
      const revoked = [{ serial: 5n }, { serial: world.certificates[role].serial }];
      const lists = role === "pck" ? { pckCrl: { revoked } } : { rootCrl: { revoked } };
      const calls = revocationCallsOf(world.quote(tdx4).bytes, world.collateral(lists));
      expect(calls.length).to.equal(1);
      for (const call of calls) await register(on, call);
      expect(await say(words.quote)).to.equal(role === "pck" ? "PckIsRevoked" : "PckIssuerNotLive");
    }
  });
});

const errorOf = (said: bigint | { readonly error: string }): string => (typeof said === "bigint" ? "none" : said.error);

const parsed = (text: string) => ({
  nextUpdate: Date.parse((JSON.parse(text) as { nextUpdate: string }).nextUpdate) / 1_000,
});
