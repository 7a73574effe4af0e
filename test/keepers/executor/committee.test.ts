import { expect } from "chai";
import { type Hex, keccak256, stringToHex } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { countBits } from "../../../sdk/committee/bitmap.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { equivocators } from "../../../keepers/executor/plan.ts";
import { signAttestation, signCommit } from "../../../keepers/network/sign.ts";
import type { PeerAnswer } from "../../../keepers/network/client.ts";
import { agreed, drawnSeats, membersOf, timesOf, until } from "./agreement.ts";
import { bytes, instance, makeWorld, type Running, type Seat, type World } from "./world.ts";

const errorOf = (answer: PeerAnswer<unknown>): string =>
  "refusal" in answer ? answer.refusal.error : "value" in answer ? "accepted" : answer.failure;

/** A commit of a hand-driven member to a digest of its choice. */
const commitTo = (seat: Seat, requestId: Hex, digest: Hex, salt: Hex) => {
  const leaf = leafOf({ requestId, level: 0n, digest, nodeId: seat.nodeId, salt });
  return signCommit(seat.signer, instance, { requestId, level: 0n, nodeId: seat.nodeId, leaf });
};

const decisionsOf = async (node: Running, requestId: Hex) =>
  makeOwnStore(node.store).decisions(requestId, node.seat.nodeId);

describe("a committee that agrees over HTTP", function () {
  this.timeout(60_000);
  let world: World;
  afterEach(() => world.stop());

  it("attests one root over all leaves as soon as all have committed", async () => {
    world = await makeWorld({ k: 5, windowS: 60 });
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    const request = world.ask({ input: "abc" });
    world.post(request);
    const results = await agreed(world, nodes, request);
    const digest = digestOf({ status: 0n, usage: 3n, outputHash: keccak256(stringToHex("cba")) });
    for (const result of results) {
      expect(result.digest).to.equal(digest);
      expect(countBits(result.committed)).to.equal(5n);
    }
    const [own] = await decisionsOf(nodes[0] as Running, request.requestId);
    expect(own?.decidedMs).to.be.lessThan(Number(request.fields.round) * 1_000 + world.windowMs);
  });

  it("agrees without silent members, and no honest member reveals before the union is due", async () => {
    world = await makeWorld({ k: 7, quorum: 5 });
    const request = world.ask();
    const [first, second, ...rest] = await drawnSeats(world, request);
    expect([first, second]).to.not.include(undefined);
    const nodes = await Promise.all(rest.map((seat) => world.start(seat)));
    world.post(request);
    const results = await agreed(world, nodes, request);
    for (const result of results) expect(result.committed).to.equal(0b1111100n);
    const { unionAtMs } = await timesOf(world, request);
    for (const node of nodes)
      for (const { decidedMs } of await decisionsOf(node, request.requestId))
        expect(decidedMs).to.be.at.least(unionAtMs);
  });

  it("refuses the commit of a copier that waited for the others", async () => {
    world = await makeWorld({ k: 5, quorum: 4 });
    const request = world.ask();
    const [copier, ...honest] = await drawnSeats(world, request);
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    const [result] = await agreed(world, nodes, request);
    const late = await commitTo(copier as Seat, request.requestId, result?.digest ?? "0x", bytes(1, 16));
    for (const node of nodes)
      expect(errorOf(await world.client.sendCommit(node.network.url, late))).to.equal("CommitTooLate");
    expect(result?.committed).to.equal(0b11110n);
  });

  it("refuses the attestation of a copier that committed to a random leaf, and agrees over that leaf all the same", async () => {
    world = await makeWorld({ k: 5, quorum: 4, windowS: 60 });
    const request = world.ask();
    const [copier, ...honest] = await drawnSeats(world, request);
    const { nodeId, signer } = copier as Seat;
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    const { requestId } = request;
    const random = await signCommit(signer, instance, { requestId, level: 0n, nodeId, leaf: bytes(9, 32) });
    for (const node of nodes)
      expect(errorOf(await world.client.sendCommit(node.network.url, random))).to.equal("accepted");
    const [result] = await agreed(world, nodes, request);
    const held = await nodes[0]?.held.read(requestId, 0n);
    const copied = held?.attestations[0];
    const stolen = held?.results[0];
    if (result === undefined || copied === undefined || stolen === undefined) throw new Error("nothing to copy");
    expect(result.committed).to.equal(0b11111n);
    expect(result.leaves[0]).to.equal(bytes(9, 32));
    const { digest, ...shown } = stolen;
    const honestWords = { requestId, level: 0n, nodeId, digest, salt: bytes(1, 16), committed: result.committed };
    const same = await signAttestation(signer, instance, { ...honestWords, leaves: [...result.leaves] });
    const forgedLeaf = leafOf({ requestId, level: 0n, digest, nodeId, salt: bytes(1, 16) });
    const other = await signAttestation(signer, instance, {
      ...honestWords,
      leaves: [forgedLeaf, ...result.leaves.slice(1)],
    });
    for (const node of nodes)
      for (const message of [same, other]) {
        const answer = await world.client.sendAttestation(node.network.url, { ...message, result: shown });
        expect(errorOf(answer)).to.equal("LeafMismatch");
      }
    expect(result.attested).to.not.include(nodeId);
  });

  it("voids both leaves of a member that signs two, keeps them as evidence, and agrees without it", async () => {
    world = await makeWorld({ k: 5, quorum: 4 });
    const request = world.ask();
    const [cheat, ...honest] = await drawnSeats(world, request);
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    for (const [index, node] of nodes.entries()) {
      const leaf = bytes(index % 2 === 0 ? 1 : 2, 32);
      const { nodeId, signer } = cheat as Seat;
      await world.client.sendCommit(
        node.network.url,
        await signCommit(signer, instance, { requestId: request.requestId, level: 0n, nodeId, leaf }),
      );
    }
    const results = await agreed(world, nodes, request);
    for (const result of results) expect(result.committed).to.equal(0b11110n);
    for (const node of nodes) {
      const { commits } = await node.held.read(request.requestId, 0n);
      expect([...equivocators(commits)]).to.deep.equal([cheat?.nodeId]);
      expect((await decisionsOf(node, request.requestId)).length).to.be.at.most(2);
    }
  });

  it("keeps two digests of one member as evidence", async () => {
    world = await makeWorld({ k: 4, quorum: 3, windowS: 60 });
    const request = world.ask();
    const [cheat, ...honest] = await drawnSeats(world, request);
    const { nodeId, signer } = cheat as Seat;
    const { requestId } = request;
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    const target = (nodes[0] as Running).network.url;
    const verdicts: string[] = [];
    for (const status of [5n, 6n]) {
      const result = { status, usage: 1n, output: "0x" as const };
      const digest = digestOf({ status, usage: 1n, outputHash: keccak256("0x") });
      const salt = bytes(3, 16);
      const leaf = leafOf({ requestId, level: 0n, digest, nodeId, salt });
      if (status === 6n)
        expect(
          errorOf(await world.client.sendCommit(target, await commitTo({ nodeId, signer }, requestId, digest, salt))),
        ).to.equal("accepted");
      const words = { requestId, level: 0n, nodeId, digest, salt, committed: 1n, leaves: [leaf] };
      const message = { ...(await signAttestation(signer, instance, words)), result };
      verdicts.push(errorOf(await world.client.sendAttestation(target, message)));
    }
    expect(verdicts).to.deep.equal(["accepted", "TwoDigests"]);
    const held = await nodes[0]?.held.read(requestId, 0n);
    expect(held?.attestations.filter((one) => one.nodeId === nodeId)).to.have.length(2);
  });

  it("agrees while members' clocks differ by most of a second", async () => {
    world = await makeWorld({ k: 5, quorum: 4 });
    const request = world.ask();
    const [, ...honest] = await drawnSeats(world, request);
    const skews = [-450, -200, 200, 450];
    const nodes = await Promise.all(
      honest.map((seat, index) => world.start(seat, { skewMs: () => skews[index] ?? 0 })),
    );
    world.post(request);
    const results = await agreed(world, nodes, request);
    for (const result of results) expect(result.committed).to.equal(0b11110n);
  });

  it("takes over a commit that reached one member only, just in time", async () => {
    world = await makeWorld({ k: 5, quorum: 4 });
    const request = world.ask();
    const [shy, absent, ...honest] = await drawnSeats(world, request);
    expect(absent).to.not.equal(undefined);
    const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
    world.post(request);
    const { nodeId, signer } = shy as Seat;
    const digest = digestOf({ status: 0n, usage: 7n, outputHash: keccak256(stringToHex("0 tupni")) });
    const commit = await commitTo({ nodeId, signer }, request.requestId, digest, bytes(4, 16));
    await world.client.sendCommit((nodes[0] as Running).network.url, commit);
    const common = await until("all have decided", async () => {
      const decided = await Promise.all(nodes.map((node) => decisionsOf(node, request.requestId)));
      return decided.every((one) => one.length > 0) ? decided.flat() : undefined;
    });
    for (const { committed } of common) expect(committed).to.equal(0b11101n);
    const [own] = common;
    const words = { requestId: request.requestId, level: 0n, nodeId, digest, salt: bytes(4, 16), committed: 0b11101n };
    const message = await signAttestation(signer, instance, { ...words, leaves: [...(own?.leaves ?? [])] });
    const output = stringToHex("0 tupni");
    const answer = await world.client.sendAttestation((nodes[1] as Running).network.url, {
      ...message,
      result: { status: 0n, usage: 7n, output },
    });
    expect(errorOf(answer)).to.equal("accepted");
    const [result] = await agreed(world, nodes, request); // the others ask the one that has it
    expect(result?.attested).to.include(nodeId);
  });

  it("knows no committee before the round is posted", async () => {
    world = await makeWorld({ k: 3, pool: 4 });
    const node = await world.start(world.seats[0] as Seat);
    const request = world.ask();
    const commit = await commitTo(world.seats[1] as Seat, request.requestId, bytes(1, 32), bytes(1, 16));
    const early = await world.client.sendCommit(node.network.url, commit);
    expect(early).to.include({ status: 425, canRetry: true });
    expect(errorOf(early)).to.equal("RoundUnknown");
    expect((await node.held.read(request.requestId, 0n)).commits).to.have.length(0);
    world.post(request);
    const members = await membersOf(world, request.requestId);
    const stranger = world.seats.find(({ nodeId }) => !members.includes(nodeId));
    const foreign = await commitTo(stranger as Seat, request.requestId, bytes(1, 32), bytes(1, 16));
    expect(errorOf(await world.client.sendCommit(node.network.url, foreign))).to.equal("NotMember");
  });
});
