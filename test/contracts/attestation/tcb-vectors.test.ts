import { expect } from "chai";
import { network } from "hardhat";
import { slice, stringToHex } from "viem";
import { deployHarness } from "../../helpers/tcb/harness.ts";
import { packQeIdentity, packTcbInfo, qeIdentitySchema, tcbInfoSchema } from "../../helpers/tcb/model.ts";
import { issuerId } from "../../helpers/tcb/poster.ts";
import { attestationFolder } from "../../../scripts/vectors/attestation-folder.ts";
import { signerOf, type TcbVector, tcbVectors } from "../../helpers/tcb/vectors.ts";

/** Whole transaction, calldata and code deposit included. */
const gasCeiling = 500_000n;
const number = new Intl.NumberFormat("en");

/** A chain whose clock stands shortly before the vector's time, with a harness that knows the vector's signer. */
async function openAt({ tcb_info_issuer_chain, atS }: TcbVector) {
  const initialDate = new Date(1_000 * (atS - 3_600)).toISOString();
  const connection = await network.create({ override: { initialDate } });
  const { x, y } = signerOf(tcb_info_issuer_chain);
  const harness = await deployHarness(connection, x, y);
  await connection.ethers.provider.send("evm_setNextBlockTimestamp", [atS]);
  return { harness, codeOf: (address: string) => connection.ethers.provider.getCode(address) };
}

describe("Texts that Intel has signed", () => {
  const vectors = tcbVectors();

  it("are there", function () {
    if (vectors !== undefined) return expect(vectors.length).to.be.above(0);
    console.log(`      skipped: ${attestationFolder().absent ?? ""}`);
    this.skip();
  });

  for (const vector of vectors ?? []) {
    it(`are kept below the gas ceiling: ${vector.file}`, async () => {
      const { harness, codeOf } = await openAt(vector);
      const { tcb_info: text, tcb_info_signature: signature } = vector;
      const posted = await harness.postTcbInfo(
        stringToHex(text),
        slice(signature, 0, 32),
        slice(signature, 32),
        issuerId,
      );
      const value: object = JSON.parse(text);
      const info = tcbInfoSchema.parse(value);
      const kept = await harness.tcbInfo(info.id === "SGX" ? 0 : 0x81, info.fmspc, info.tcbEvaluationDataNumber);
      expect([Number(kept.issueDate), Number(kept.nextUpdate)]).to.deep.equal([info.issueDate, info.nextUpdate]);
      expect(await codeOf(kept.record)).to.equal(packTcbInfo(info, Object.keys(value)));

      const { qe_identity: identity, qe_identity_signature: by } = vector;
      const postedQe = await harness.postQeIdentity(stringToHex(identity), slice(by, 0, 32), slice(by, 32), issuerId);
      const qe = qeIdentitySchema.parse(JSON.parse(identity));
      const keptQe = await harness.qeIdentity(qe.id === "QE" ? 0 : 0x81, qe.tcbEvaluationDataNumber);
      expect(await codeOf(keptQe.record)).to.equal(packQeIdentity(qe));

      const [gas = 0n, qeGas = 0n] = [(await posted.wait())?.gasUsed, (await postedQe.wait())?.gasUsed];
      const line = (what: string, bytes: number, used: bigint) =>
        `${what} ${number.format(bytes)} B ${number.format(used)} gas`;
      console.log(`      ${line(info.id, text.length, gas)}, ${line(qe.id, identity.length, qeGas)}`);
      expect(gas > qeGas ? gas : qeGas).to.be.below(gasCeiling);
    });
  }
});
