import { expect } from "chai";
import { stringToHex } from "viem";
import { intelQe, intelSgx, intelTdx } from "../../helpers/tcb/intel-shaped.ts";
import { packQeIdentity, packTcbInfo, qeIdentitySchema, tcbInfoSchema } from "../../helpers/tcb/model.ts";
import { issuerId, makePoster, otherS } from "../../helpers/tcb/poster.ts";
import type { JsonObject } from "../../helpers/tcb/texts.ts";

const [sgx, tdx] = [0, 0x81];
const fmspc = "0x00806f050000";
const number = 17;
const monthS = 30 * 24 * 3_600;
const zeroAddress = `0x${"0".repeat(40)}`;

/** Whole transactions, calldata and code deposit included. */
const gasCeilings = { sgx: 430_000, tdx: 440_000, qe: 205_000, tdQe: 157_000, again: 345_000 };
/** The largest that anybody knows of, and the size of the real text that the ceiling is made for. */
const realTdxBytes = 4_766;

const recordOf = (info: JsonObject) => packTcbInfo(tcbInfoSchema.parse(info), Object.keys(info));
/** The same in the larger of the two forms that a signature can have. */
const larger = (a: { s: string }, b: { s: string }) => (a.s > b.s ? a : b);

describe("TcbStore", () => {
  const dates = (issueDate: number) => ({ issueDate, nextUpdate: issueDate + monthS });

  it("keeps a TCB info that Intel's signer has signed and announces it", async () => {
    const { harness, postTcbInfo, nowS, codeOf } = await makePoster();
    const info = intelTdx(dates(await nowS()));
    const { issueDate, nextUpdate } = tcbInfoSchema.parse(info);
    const posting = await postTcbInfo(JSON.stringify(info));
    const kept = await harness.tcbInfo(tdx, fmspc, number);
    expect([kept.issueDate, kept.nextUpdate, kept.pceId]).to.deep.equal([
      BigInt(issueDate),
      BigInt(nextUpdate),
      "0x0000",
    ]);
    expect(await codeOf(kept.record)).to.equal(recordOf(info));
    await expect(posting)
      .to.emit(harness, "TcbInfoPosted")
      .withArgs(tdx, fmspc, number, issueDate, nextUpdate, kept.record, issuerId);
    expect((await harness.tcbInfo(sgx, fmspc, number)).record).to.equal(zeroAddress);
    expect((await harness.tcbInfo(tdx, fmspc, number + 1)).record).to.equal(zeroAddress);
  });

  it("keeps an identity of a quoting enclave and announces it", async () => {
    const { harness, postQeIdentity, nowS, codeOf } = await makePoster();
    const qe = intelQe("QE", dates(await nowS()));
    const { issueDate, nextUpdate } = qeIdentitySchema.parse(qe);
    const posting = await postQeIdentity(JSON.stringify(qe));
    const kept = await harness.qeIdentity(sgx, number);
    expect([kept.issueDate, kept.nextUpdate, kept.pceId]).to.deep.equal([
      BigInt(issueDate),
      BigInt(nextUpdate),
      "0x0000",
    ]);
    expect(await codeOf(kept.record)).to.equal(packQeIdentity(qeIdentitySchema.parse(qe)));
    await expect(posting)
      .to.emit(harness, "QeIdentityPosted")
      .withArgs(sgx, number, issueDate, nextUpdate, kept.record, issuerId);
    expect((await harness.qeIdentity(tdx, number)).record).to.equal(zeroAddress);
  });

  it("takes either s of a signature", async () => {
    const { harness, postTcbInfo, sign, nowS } = await makePoster();
    const issueDate = await nowS();
    for (const [i, choose] of [larger, (a: { s: string }, b: { s: string }) => (a.s < b.s ? a : b)].entries()) {
      const text = JSON.stringify(intelSgx(dates(issueDate - 1 + i)));
      const signature = sign(text);
      const { s } = choose(signature, otherS(signature));
      await postTcbInfo(text, { r: signature.r, s: s as typeof signature.s });
      expect((await harness.tcbInfo(sgx, fmspc, number)).issueDate).to.equal(issueDate - 1 + i);
    }
  });

  it("refuses a text that the signer has not signed", async () => {
    const { harness, postTcbInfo, postQeIdentity, sign, nowS } = await makePoster();
    const stranger = await makePoster();
    const now = dates(await nowS());
    const text = JSON.stringify(intelSgx(now));
    const edited = text.replace('"SWHardeningNeeded"', '"UpToDate"');
    const identity = JSON.stringify(intelQe("TD_QE", now));
    const refused = [
      postTcbInfo(edited, sign(text)),
      postTcbInfo(text, stranger.sign(text)),
      postTcbInfo(text, sign(` ${text}`)),
      postQeIdentity(identity, sign(text)),
      postQeIdentity(identity, stranger.sign(identity)),
    ];
    for (const attempt of refused) await expect(attempt).to.be.revertedWithCustomError(harness, "SignatureWrong");
    const { r, s } = sign(text);
    const other = `0x${"02".padStart(64, "0")}` as const;
    await expect(harness.postTcbInfo(stringToHex(text), r, s, other))
      .to.be.revertedWithCustomError(harness, "SignerUnknown")
      .withArgs(other);
  });

  it("refuses a signed text of the other kind", async () => {
    const { harness, postTcbInfo, postQeIdentity, nowS } = await makePoster();
    const now = dates(await nowS());
    await expect(postQeIdentity(JSON.stringify(intelTdx(now)))).to.be.revertedWithCustomError(
      harness,
      "QeIdentityUnknown",
    );
    await expect(postTcbInfo(JSON.stringify(intelQe("QE", now)))).to.be.revertedWithCustomError(
      harness,
      "TcbInfoUnknown",
    );
  });

  it("replaces a text only by one that was issued later", async () => {
    const { harness, postTcbInfo, postQeIdentity, nowS } = await makePoster();
    const issueDate = (await nowS()) - 10;
    await postTcbInfo(JSON.stringify(intelSgx(dates(issueDate))));
    await postQeIdentity(JSON.stringify(intelQe("QE", dates(issueDate))));
    for (const earlier of [issueDate, issueDate - 1]) {
      await expect(postTcbInfo(JSON.stringify(intelSgx(dates(earlier)))))
        .to.be.revertedWithCustomError(harness, "TcbTextNotNewer")
        .withArgs(earlier, issueDate);
      await expect(postQeIdentity(JSON.stringify(intelQe("QE", dates(earlier)))))
        .to.be.revertedWithCustomError(harness, "TcbTextNotNewer")
        .withArgs(earlier, issueDate);
    }
    await postTcbInfo(JSON.stringify(intelSgx(dates(issueDate + 1))));
    expect((await harness.tcbInfo(sgx, fmspc, number)).issueDate).to.equal(issueDate + 1);
    await postQeIdentity(JSON.stringify(intelQe("QE", dates(issueDate + 1))));
    expect((await harness.qeIdentity(sgx, number)).issueDate).to.equal(issueDate + 1);
  });

  it("keeps the record's contract where only the dates change, and makes a new one otherwise", async () => {
    const { harness, postTcbInfo, nowS, codeOf } = await makePoster();
    const issueDate = (await nowS()) - 10;
    const recordNow = async () => (await harness.tcbInfo(tdx, fmspc, number)).record;
    await postTcbInfo(JSON.stringify(intelTdx(dates(issueDate))));
    const first = await recordNow();
    await postTcbInfo(JSON.stringify(intelTdx(dates(issueDate + 1))));
    expect(await recordNow()).to.equal(first);
    const changed: JsonObject = JSON.parse(
      JSON.stringify(intelTdx(dates(issueDate + 2))).replace("UpToDate", "Revoked"),
    );
    await postTcbInfo(JSON.stringify(changed));
    expect(await recordNow()).to.not.equal(first);
    expect(await codeOf(await recordNow())).to.equal(recordOf(changed));
  });

  it("keeps evaluation numbers apart, so that an old one never hides a new one", async () => {
    const { harness, postTcbInfo, nowS } = await makePoster();
    const issueDate = (await nowS()) - 10;
    await postTcbInfo(JSON.stringify({ ...intelSgx(dates(issueDate)), tcbEvaluationDataNumber: number + 1 }));
    const newer = await harness.tcbInfo(sgx, fmspc, number + 1);
    await postTcbInfo(JSON.stringify(intelSgx(dates(issueDate + 5))));
    expect(await harness.tcbInfo(sgx, fmspc, number + 1)).to.deep.equal(newer);
    expect((await harness.tcbInfo(sgx, fmspc, number)).issueDate).to.equal(issueDate + 5);
  });

  it("takes a text from its first to its last second", async () => {
    const { harness, postTcbInfo, nextBlockAt, nowS } = await makePoster();
    const at = (await nowS()) + 1_000;
    const refuse = async (text: { issueDate: number; nextUpdate: number }, blockAt: number) => {
      await nextBlockAt(blockAt);
      await expect(postTcbInfo(JSON.stringify(intelSgx(text))))
        .to.be.revertedWithCustomError(harness, "TcbTextNotCurrent")
        .withArgs(text.issueDate, text.nextUpdate, blockAt);
    };
    await refuse({ issueDate: at + 1, nextUpdate: at + 9 }, at);
    await refuse({ issueDate: at - 9, nextUpdate: at }, at + 1);
    await nextBlockAt(at + 2);
    await postTcbInfo(JSON.stringify(intelSgx({ issueDate: at - 9, nextUpdate: at + 2 })));
    await nextBlockAt(at + 3);
    await postTcbInfo(JSON.stringify(intelSgx({ issueDate: at + 3, nextUpdate: at + 3 })));
  });

  it("hands out records of texts that count now, and no others", async () => {
    const { harness, postTcbInfo, postQeIdentity, nextBlockAt, nowS, connection } = await makePoster();
    const issueDate = await nowS();
    const info = intelTdx(dates(issueDate));
    const qe = intelQe("TD_QE", dates(issueDate));
    await expect(harness.loadTcbInfo(tdx, fmspc, number))
      .to.be.revertedWithCustomError(harness, "TcbInfoMissing")
      .withArgs(tdx, fmspc, number);
    await expect(harness.loadQeIdentity(tdx, number))
      .to.be.revertedWithCustomError(harness, "QeIdentityMissing")
      .withArgs(tdx, number);
    await postTcbInfo(JSON.stringify(info));
    await postQeIdentity(JSON.stringify(qe));
    const [record, infoGas] = await harness.loadTcbInfo(tdx, fmspc, number);
    const [identity, qeGas] = await harness.loadQeIdentity(tdx, number);
    expect([record, identity]).to.deep.equal([recordOf(info), packQeIdentity(qeIdentitySchema.parse(qe))]);
    expect(Math.max(Number(infoGas), Number(qeGas))).to.be.below(8_600); // three cold accesses cost 6,800
    await nextBlockAt(issueDate + monthS + 1);
    await connection.ethers.provider.send("evm_mine", []);
    for (const load of [() => harness.loadTcbInfo(tdx, fmspc, number), () => harness.loadQeIdentity(tdx, number)]) {
      await expect(load())
        .to.be.revertedWithCustomError(harness, "TcbTextNotCurrent")
        .withArgs(issueDate, issueDate + monthS, issueDate + monthS + 1);
    }
  });

  it("costs less gas than its ceilings for texts of the size and form of Intel's", async () => {
    const { postTcbInfo, postQeIdentity, nowS } = await makePoster();
    const now = await nowS();
    const gasOf = async (sending: ReturnType<typeof postTcbInfo>) => Number((await (await sending).wait())?.gasUsed);
    const text = JSON.stringify(intelTdx(dates(now)));
    expect(text.length).to.be.within(realTdxBytes, realTdxBytes + 200);
    const seen = {
      sgx: await gasOf(postTcbInfo(JSON.stringify(intelSgx(dates(now))))),
      tdx: await gasOf(postTcbInfo(text)),
      qe: await gasOf(postQeIdentity(JSON.stringify(intelQe("QE", dates(now))))),
      tdQe: await gasOf(postQeIdentity(JSON.stringify(intelQe("TD_QE", dates(now))))),
      again: await gasOf(postTcbInfo(JSON.stringify(intelTdx(dates(now + 1))))),
    };
    for (const [name, ceiling] of Object.entries(gasCeilings)) {
      expect(seen[name as keyof typeof seen], `${name} of ${JSON.stringify(seen)}`).to.be.below(ceiling);
    }
  });
});
