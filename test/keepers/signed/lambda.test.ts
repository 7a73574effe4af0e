import { expect } from "chai";
import { decodeAbiParameters, type Hex, parseAbiParameters } from "viem";
import { requestToJson } from "../../../sdk/agreement/receipt-json.ts";
import { createAtomaClient } from "../../../sdk/client/create-client.ts";
import { lambda } from "../../../sdk/client/lambda.ts";
import { signRequest, type SignedRequest } from "../../../sdk/client/sign-request.ts";
import { countBits } from "../../../sdk/committee/bitmap.ts";
import { timeLock } from "../../../sdk/client/time-lock.ts";
import { LambdaError } from "../../../sdk/errors/lambda-error.ts";
import { decodeNodeWord } from "../../../sdk/words/node-word.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { makeHeldStore } from "../../../keepers/network/held.ts";
import { paths } from "../../../keepers/network/messages.ts";
import { makeSignedStore } from "../../../keepers/signed/store.ts";
import { fillPurse, run } from "../../docs/run-a-lambda.example.ts";
import { parseReceipt } from "../../../sdk/agreement/receipt-json.ts";
import { requestIdOf } from "../../../sdk/words/request-id.ts";
import { askNode, type Fleet, inputOf, openFleet, until } from "./fleet.ts";

const foldOutput = parseAbiParameters("int256 energy, uint256 nodes, bool proved, bytes fold");
const input = inputOf("HHPPHPPHPPHP");
/** Whose fold is longer than what the chain is given of this task. */
const longInput = inputOf("HPPHPPHPPHPHPPHPPHPPHPHPPHPPHPPHPHPP");
/** Asks more than any request here takes, so it is never drawn. */
const dear = 4;
/** Nonces that the tests count themselves, paid from purse 1. */
const purseOne = 128n;
const members = [0, 1, 2, 3];

describe("a lambda over a committee of keepers", function () {
  this.timeout(180_000);
  let fleet: Fleet;
  before(async () => {
    fleet = await openFleet({ asks: [5, 5, 5, 5, 20] });
    const unlockAtS = BigInt(await fleet.market.networkHelpers.time.latest()) + 86_400n;
    await fillPurse(createAtomaClient(fleet.context), 10_000_000n, unlockAtS);
    await timeLock(fleet.context, { purse: 1n, amount: 10_000_000n, unlockAtS });
  });
  after(() => fleet.close());

  const asked = () => {
    const { taskId } = fleet.market;
    return { taskId, units: 100n, maxAsk: 10n, k: 3n, quorum: 3n, acceptNoPanel: true, input };
  };
  const sign = (nonce: bigint, given: Hex = input) =>
    signRequest(fleet.context, { ...asked(), input: given, nonce: purseOne + nonce });
  const bodyOf = ({ words, signature }: SignedRequest, given: Hex | undefined = input) => ({
    request: requestToJson(words),
    signature,
    input: given,
  });
  const purse = async (index = 1n) => fleet.market.escrow.timeLockOf(fleet.market.requester.address, index);
  const earnings = async (): Promise<bigint> => {
    let sum = 0n;
    for (const { nodeId } of fleet.market.nodes)
      sum += decodeNodeWord(await fleet.market.escrow.nodeWord(nodeId)).earnings;
    return sum;
  };
  const storeOf = (index: number) => fleet.keeper(index).parts.store;
  /** Members that missed each other's words meet again by the end of the task's window of 30 s. */
  const settledAt = (index: number, requestId: Hex) => {
    const look = async () => {
      const { fields } = await askNode(`${fleet.url(index)}${paths.lambdaRequest(requestId)}`);
      return fields["state"] === "settled" ? fields : undefined;
    };
    return until("it settles", look, 80_000);
  };

  it("returns the output with a receipt, and settles in one transaction that pays everybody", async () => {
    const [before, earned] = [(await purse(0n)).amount, await earnings()];
    const result = await run(createAtomaClient(fleet.context), fleet.url(0), fleet.market.taskId, input);
    const [energy] = decodeAbiParameters(foldOutput, result?.output ?? "0x");
    expect([result?.isSuccess, energy < 0n]).to.deep.equal([true, true]);
    const { request } = parseReceipt(JSON.parse(result?.receipt ?? "{}"));
    const requestId = requestIdOf(fleet.context.deployment, request);
    const settled = await settledAt(0, requestId);
    const hash = settled["transactionHash"] as Hex;
    const { logs } = await fleet.context.publicClient.getTransactionReceipt({ hash });
    expect(logs.some(({ topics }) => topics[1] === requestId)).to.equal(true);
    // three pays of 5 * 100, 5% of them for the publisher, 3% for the treasury, and the tip for the member that settled
    const { amount, usedNonces } = await purse(0n);
    expect(before - amount).to.equal(1_500n + 75n + 45n + 1_000n);
    expect((await earnings()) - earned).to.equal(1_500n + 1_000n);
    expect(countBits(usedNonces)).to.equal(1n);
  });

  it("answers at a node that is not drawn, after a hang-up too, and refuses to compute it again", async () => {
    const [signed, before] = [await sign(1n, longInput), (await purse()).amount];
    const url = `${fleet.url(dear)}${paths.lambda(fleet.market.taskId)}`;
    const hangUp = AbortSignal.timeout(400);
    const body = JSON.stringify(bodyOf(signed, longInput));
    await fetch(url, { method: "POST", body, signal: hangUp }).catch(() => undefined);
    expect(hangUp.aborted).to.equal(true);
    const waiting = await askNode(url, { ...bodyOf(signed, longInput), timeoutMs: 0 });
    expect([waiting.status, waiting.fields["state"]]).to.deep.equal([202, "waiting"]);
    const settled = await settledAt(dear, signed.requestId);
    expect([settled["status"], (settled["receipt"] as { output: Hex }).output.length]).to.deep.equal([1, 66]);
    const [, , , path] = decodeAbiParameters(foldOutput, settled["output"] as Hex);
    expect(path.length).to.be.greaterThan(2 + 2 * 32);
    expect(before - (await purse()).amount).to.equal(2_620n);
    const again = await askNode(url, bodyOf(signed, longInput));
    expect([again.status, again.fields["transactionHash"]]).to.deep.equal([200, settled["transactionHash"]]);
    const other = await askNode(url, bodyOf(await sign(1n)));
    expect(other.fields["error"]).to.equal("NonceUsed");
    expect(before - (await purse()).amount).to.equal(2_620n);
  });

  it("refuses by name what is no request of this path, and reads no more than it may be long", async () => {
    const [signed, base] = [await sign(6n), `${fleet.url(0)}/v1/lambdas`];
    const said = async (path: string, body?: object) => (await askNode(`${base}${path}`, body)).fields["error"];
    expect(await said("/2", bodyOf(signed))).to.equal("WrongTask");
    expect(await said("/0x1", bodyOf(signed))).to.equal("WrongTask");
    expect(await said("/1", { ...bodyOf(signed), input: undefined })).to.equal("MalformedMessage");
    expect(await said("/1", { ...bodyOf(signed), more: 1 })).to.equal("MalformedMessage");
    expect(await said("/1", { ...bodyOf(signed), input: `0x${"00".repeat(70_000)}` })).to.equal("BodyTooLarge");
    expect(await said("/1", { ...bodyOf(signed), input: `0x${"00".repeat(65_537)}` })).to.equal("InputTooLong");
    expect(await said(`/requests/${signed.requestId}`)).to.equal("RequestUnknown");
    expect(await said("/requests/0x12")).to.equal("MalformedMessage");
  });

  it("survives restarts of the node that was asked and of a member, and nobody signs twice", async () => {
    const signed = await sign(2n);
    const { requestId } = signed;
    await askNode(`${fleet.url(dear)}${paths.signedRequests}`, bodyOf(signed));
    for (const index of members)
      // who has not heard of it before its round refuses it
      await until("it is told on", () => makeSignedStore(storeOf(index)).load(requestId));
    await fleet.stop(dear);
    await fleet.start(dear);
    const drawn = await until("a member has committed", async () => {
      for (const index of members)
        if ((await makeHeldStore(storeOf(index)).read(requestId, 0n)).commits.length > 0) return index;
      return undefined;
    });
    await fleet.stop(drawn);
    await fleet.start(drawn);
    await settledAt(dear, requestId);
    await settledAt(drawn, requestId);
    for (const index of members) {
      const held = makeHeldStore(storeOf(index));
      expect(await held.contradictions(0)).to.deep.equal([]);
      const { commits } = await held.read(requestId, 0n);
      expect(new Set(commits.map(({ nodeId }) => nodeId)).size).to.equal(commits.length);
    }
  });

  it("answers at a member that was away while its peers attested, and until it settled", async () => {
    const signed = await sign(5n);
    const { requestId } = signed;
    await askNode(`${fleet.url(dear)}${paths.signedRequests}`, bodyOf(signed));
    await settledAt(dear, requestId);
    for (const index of members) {
      const store = storeOf(index);
      for (const table of ["committee_commits", "committee_attestations", "committee_results"])
        await store.tx((tx) => tx.run(`DELETE FROM ${table} WHERE request_id = ?`, [requestId]));
      await settledAt(index, requestId); // from those who have their words still, or have asked for them again
    }
  });

  it("computes nothing for a requester that signs two requests with one nonce, and bars it", async () => {
    const [a, b] = [await sign(3n), await sign(3n, inputOf("HPHP"))];
    const before = await purse();
    const tell = (body: ReturnType<typeof bodyOf>) =>
      Promise.all([...members, dear].map((index) => askNode(`${fleet.url(index)}${paths.signedRequests}`, body)));
    await tell(bodyOf(a)); // who hears of one request only, computes that one: here all hear of both
    await tell(bodyOf(b, inputOf("HPHP")));
    const endedAt = async (index: number): Promise<boolean> => {
      const store = makeSignedStore(storeOf(index));
      const known = [await store.load(a.requestId), await store.load(b.requestId)].flatMap((one) => one ?? []);
      return known.length === 1 && known.every(({ ended }) => ended !== undefined);
    };
    for (const index of members) await until("both are void", async () => ((await endedAt(index)) ? true : undefined));
    const endMs = fleet.clock.now() + 6_000; // the round is three seconds off, and executions begin at once
    await until("the round is over", async () => (fleet.clock.now() > endMs ? true : undefined));
    for (const index of members)
      for (const { requestId } of [a, b])
        expect((await makeOwnStore(storeOf(index)).digests(requestId)).size).to.equal(0);
    expect(await purse()).to.deep.equal(before);
    const refused = await lambda(fleet.context, { ...asked(), url: fleet.url(0), nonce: purseOne + 4n }).catch(
      (error: unknown) => error,
    );
    expect(refused).to.be.instanceOf(LambdaError);
    expect((refused as LambdaError).error).to.equal("RequesterBarred");
  });
});
