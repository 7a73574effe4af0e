import { expect } from "chai";
import { getAddress, type Hex, hexToBytes, keccak256, toHex } from "viem";
import { localChainId, walletOf } from "../../deploy/local/world.ts";
import { parseReceipt, type ReceiptJson, receiptToJson } from "../../sdk/agreement/receipt-json.ts";
import { type Receipt, type ReceiptFacts, type ReceiptVerdict, verifyReceipt } from "../../sdk/agreement/receipt.ts";
import type { Context } from "../../sdk/client/context.ts";
import { receiptFacts } from "../../sdk/client/receipt-facts.ts";
import { InvalidValueError } from "../../sdk/errors/invalid-value.ts";
import { decodeHead, encodeHead } from "../../sdk/words/head.ts";
import { type Forgery, forge } from "../helpers/forge.ts";
import { post, sampleOutput, useMarket } from "../helpers/market.ts";
import { requestOfFields, signatureOf, signedFields } from "../helpers/signed.ts";

const problemOf = (verdict: ReceiptVerdict): string => (verdict.isGood ? "good" : verdict.problem);

describe("A receipt", () => {
  const market = useMarket();

  async function make(forgery: Forgery = {}, output: Hex = sampleOutput) {
    const m = market();
    const request = requestOfFields(m, await signedFields(m));
    const signature = await signatureOf(m, request);
    await post(m, request);
    const receipt: Receipt = { ...(await forge(m, request, forgery)), signature };
    const { paymentToken: token, atoma } = m.world;
    const context: Context = {
      publicClient: m.world.chain,
      walletClient: walletOf(m.connection, getAddress(m.requester.address)),
      deployment: { ...m.instance, chainId: localChainId, token, atoma, deployedAtBlock: 0n },
    };
    return { request, receipt, facts: await receiptFacts(context, receipt, output) };
  }

  it("is good where the escrow settles it, and says what was found", async () => {
    const m = market();
    const unlockAt = BigInt(await m.networkHelpers.time.latest()) + 10_000n;
    await m.escrow.connect(m.requester).timeLock(0n, 10n ** 9n, unlockAt);
    const { request, receipt, facts } = await make({ attested: 0b11101n, committed: 0b11111n });
    const verdict = verifyReceipt(receipt, facts);
    if (!verdict.isGood) throw new Error(verdict.problem);
    expect(verdict).to.include({ requestId: request.requestId, status: 0n, usage: 1_000n });
    expect(verdict.members.map(({ attested }) => attested)).to.deep.equal([true, false, true, true, true]);
    const { signature, ...settlement } = receipt;
    await expect(m.escrow.settleSigned(settlement, signature, []))
      .to.emit(m.escrow, "Settled")
      .withArgs(request.requestId, verdict.digest, receipt.head);
  });

  it("is refused with a byte of it changed, wherever", async () => {
    const { receipt, facts } = await make({ attested: 0b11101n, committed: 0b11111n });
    const json = receiptToJson(receipt);
    expect(problemOf(verifyReceipt(parseReceipt(json), facts))).to.equal("good");
    const places: ((changed: (value: Hex) => Hex) => ReceiptJson)[] = [
      ...(["origin", "work", "rules", "terms", "inputDigest"] as const).map(
        (name) => (changed: (value: Hex) => Hex) => ({
          ...json,
          request: { ...json.request, [name]: changed(json.request[name]) },
        }),
      ),
      ...(["head", "proof", "output", "signature"] as const).map((name) => (changed: (value: Hex) => Hex) => ({
        ...json,
        [name]: changed(json[name]),
      })),
    ];
    const step = 5;
    let count = 0;
    for (const place of places) {
      let length = 0;
      place((value) => ((length = hexToBytes(value).length), value));
      for (let at = 0; at < length; at += step) {
        const flipped = place((value) =>
          toHex(hexToBytes(value).map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))),
        );
        expect(problemOf(verifyReceipt(parseReceipt(flipped), facts)), JSON.stringify(flipped)).to.not.equal("good");
        count += 1;
      }
    }
    const lengths = [...[32, 32, 32, 32, 32], 32, 4 * 80 + 32, 32, 64];
    expect(count).to.equal(lengths.reduce((sum, length) => sum + Math.ceil(length / step), 0));
  });

  it("is refused over other facts: another round, pool, key, chain, escrow or output", async () => {
    const { receipt, facts } = await make();
    const other = market().instance.nodeRegistry;
    const cases: readonly (readonly [Partial<ReceiptFacts>, string])[] = [
      [{ randomness: facts.randomness + 1n }, "WrongSigner"],
      [{ signersOf: () => [] }, "WrongSigner"],
      [{ signersOf: () => [other] }, "WrongSigner"],
      [{ chainId: 1n }, "InvalidRequesterSignature"],
      [{ escrow: other }, "InvalidRequesterSignature"],
      [{ beacon: other }, "WrongSigner"],
      [{ output: "0x" }, "OtherOutput"],
    ];
    for (const [changes, problem] of cases)
      expect(problemOf(verifyReceipt(receipt, { ...facts, ...changes })), problem).to.equal(problem);
    expect(() => verifyReceipt(receipt, { ...facts, snapshot: "0x" })).to.throw(InvalidValueError);
  });

  it("is refused where a quorum is missing, however it is told", async () => {
    const { receipt, facts } = await make({ attested: 0b00111n, committed: 0b11111n });
    expect(problemOf(verifyReceipt(receipt, facts))).to.equal("QuorumNotReached");
    const head = encodeHead({ ...decodeHead(receipt.head), attested: 0b11111n });
    expect(problemOf(verifyReceipt({ ...receipt, head }, facts))).to.equal("InvalidProofLength");
    const beyond = encodeHead({ ...decodeHead(receipt.head), attested: 0b1111111n, committed: 0b1111111n });
    expect(problemOf(verifyReceipt({ ...receipt, head: beyond }, facts))).to.equal("InvalidBitmaps");
  });

  it("needs attestations even if its requester signed that none are", async () => {
    const m = market();
    const { facts } = await make();
    for (const quorum of [0n, 2n]) {
      const request = requestOfFields(m, { ...(await signedFields(m)), quorum });
      const signature = await signatureOf(m, request);
      const receipt = { request: request.words, head: 0n, proof: "0x", output: "0x", signature } as const;
      expect(problemOf(verifyReceipt(receipt, { ...facts, output: "0x" }))).to.equal("InvalidQuorum");
    }
  });

  it("stands for a failure, and for an output that was too long for the chain", async () => {
    const failed = await make({ answer: { status: 3n, usage: 5n, output: "0x" } }, "0x");
    expect(verifyReceipt(failed.receipt, failed.facts)).to.include({ isGood: true, status: 3n, usage: 5n });
    const long = toHex(new Uint8Array(5_000).fill(7));
    const { receipt, facts } = await make({ answer: { status: 1n, usage: 5n, output: keccak256(long) } }, long);
    expect(problemOf(verifyReceipt(receipt, facts))).to.equal("good");
    expect(problemOf(verifyReceipt(receipt, { ...facts, output: keccak256(long) }))).to.equal("OtherOutput");
  });

  it("is refused as JSON that is none", async () => {
    const { receipt } = await make();
    const json = receiptToJson(receipt);
    const bad: unknown[] = [
      ...[null, 7, "0x", [], {}],
      { ...json, head: 7 },
      { ...json, head: `${json.head}00` },
      { ...json, proof: "0xgg" },
      { ...json, signature: "0x" },
      { ...json, request: { ...json.request, origin: "0x01" } },
      { ...json, request: null },
    ];
    for (const value of bad) expect(() => parseReceipt(value), JSON.stringify(value)).to.throw(InvalidValueError);
  });
});
