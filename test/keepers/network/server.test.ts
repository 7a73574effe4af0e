import { expect } from "chai";
import type { Hex } from "viem";
import { bytes, instance, makeWorld, type Running, type Seat, type World } from "../executor/world.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import { commitRootOf } from "../../../sdk/agreement/commit-root.ts";
import { signAttestation, signCommit } from "../../../keepers/network/sign.ts";
import { isWorthRetrying, refusalNames, refuse, statusOf } from "../../../keepers/network/refusals.ts";
import { makeRateLimit } from "../../../keepers/network/rate-limit.ts";
import { paths, wireBounds } from "../../../keepers/network/messages.ts";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { keccak256 } from "viem";
import { drawnSeats } from "../executor/agreement.ts";

type Reply = { status: number; error: string; message: string };

const post = async (url: string, path: string, body: string): Promise<Reply> => {
  const response = await fetch(`${url}${path}`, { method: "POST", body });
  const reply = (await response.json()) as { error?: string; message?: string };
  return { status: response.status, error: reply.error ?? "accepted", message: reply.message ?? "" };
};

describe("the endpoint of a node", function () {
  this.timeout(30_000);
  let world: World;
  let node: Running;
  let member: Seat;
  let requestId: Hex;

  const commit = async (leaf: Hex = bytes(1, 32), seat = member) =>
    signCommit(seat.signer, instance, { requestId, level: 0n, nodeId: seat.nodeId, leaf });
  const wire = (message: object): string =>
    JSON.stringify(message, (_, value: unknown) => (typeof value === "bigint" ? Number(value) : value));
  const held = () => node.held.read(requestId, 0n);
  const heldCommits = async () => (await held()).commits.filter(({ nodeId }) => nodeId === member.nodeId);

  beforeEach(async () => {
    world = await makeWorld({ k: 3, windowS: 600, speed: 1 });
    const request = world.ask();
    world.post(request);
    requestId = request.requestId;
    const [own, other] = await drawnSeats(world, request);
    member = other as Seat;
    node = await world.start(own as Seat);
  });
  afterEach(() => world.stop());

  it("refuses malformed bodies with a sentence, and lives on", async () => {
    const good = wire(await commit());
    const bad = [
      "",
      "{",
      "null",
      "[]",
      "7",
      `"${"a".repeat(500)}"`,
      "[".repeat(1_000),
      good.slice(0, -1),
      good.replace('"level":0', '"level":-1'),
      good.replace('"level":0', '"level":"0"'),
      good.replace(`"nodeId":${member.nodeId}`, '"nodeId":4294967296'),
      good.replace("{", '{"extra":1,'),
      good.replace("{", '{"__proto__":{},'),
      good.replace(bytes(1, 32), bytes(1, 31)),
      good.replace(bytes(1, 32), `0x${"AB".repeat(32)}`),
      Buffer.from([0xff, 0xfe, 0x7b]).toString("latin1"),
    ];
    for (const body of bad) {
      const reply = await post(node.network.url, paths.commits, body);
      expect(reply, body.slice(0, 60)).to.include({ status: 400, error: "MalformedMessage" });
      expect(reply.message).to.match(/correct it/);
    }
    for (const path of [paths.attestations, paths.relay])
      expect(await post(node.network.url, path, good)).to.include({ error: "MalformedMessage" });
    expect(await heldCommits()).to.have.length(0);
    expect(await post(node.network.url, paths.commits, good)).to.include({ status: 200 });
  });

  it("reads no more of a body than it may be long", async () => {
    const long = (length: number): string => JSON.stringify({ a: "x".repeat(length) });
    for (const [path, most] of [
      [paths.commits, wireBounds.commitBody],
      [paths.relay, wireBounds.relayBody],
      [paths.attestations, wireBounds.attestationBody],
    ] as const) {
      expect(await post(node.network.url, path, long(most))).to.include({ status: 413, error: "BodyTooLarge" });
      expect(await post(node.network.url, path, long(most - 20))).to.include({ error: "MalformedMessage" });
    }
  });

  it("says that it takes no signed requests unless they are taken in", async () => {
    for (const path of [paths.signedRequests, paths.lambda(1n)])
      expect(await post(node.network.url, path, "{}")).to.include({ status: 404, error: "NotOffered" });
  });

  it("stops an endless body", async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull: (controller) => {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const request = { method: "POST", body, duplex: "half" } as RequestInit;
    await fetch(`${node.network.url}${paths.commits}`, request).catch(() => undefined);
    expect(sent).to.be.lessThan(64 * 1024 * 1024);
    expect(await post(node.network.url, paths.commits, wire(await commit()))).to.include({ status: 200 });
  });

  it("takes a commit once, whoever brings it, and a second leaf as evidence only", async () => {
    const first = wire(await commit());
    expect((await post(node.network.url, paths.commits, first)).status).to.equal(200);
    expect((await post(node.network.url, paths.commits, first)).status).to.equal(200);
    expect(await heldCommits()).to.have.length(1);
    for (const value of [2, 3])
      expect(await post(node.network.url, paths.commits, wire(await commit(bytes(value, 32))))).to.include({
        status: 409,
        error: "TwoLeaves",
      });
    expect((await heldCommits()).map(({ leaf }) => leaf)).to.deep.equal([bytes(1, 32), bytes(2, 32)]);
  });

  it("refuses what is not signed by the member over exactly these words", async () => {
    const good = await commit();
    const stranger = world.seats.find(({ nodeId }) => nodeId !== member.nodeId && nodeId !== node.seat.nodeId) as Seat;
    const { signature } = await commit(good.leaf, { ...stranger, nodeId: member.nodeId });
    const flipped = (BigInt(good.signature) ^ (1n << 255n)).toString(16).padStart(128, "0");
    const otherChain = await signCommit(member.signer, { ...instance, chainId: 1n }, good);
    const otherEscrow = await signCommit(member.signer, { ...instance, escrow: instance.beacon }, good);
    for (const forged of [
      { ...good, signature },
      { ...good, signature: `0x${flipped}` },
      { ...good, signature: bytes(0, 64) },
      { ...good, signature: bytes(255, 64) },
      { ...good, leaf: bytes(5, 32) },
      { ...good, signature: otherChain.signature },
      { ...good, signature: otherEscrow.signature },
    ])
      expect(await post(node.network.url, paths.commits, wire(forged))).to.include({
        status: 403,
        error: "WrongSigner",
      });
    expect(await post(node.network.url, paths.commits, wire({ ...good, level: 1 }))).to.include({
      error: "UnknownLevel",
    });
    expect(await post(node.network.url, paths.commits, wire({ ...good, nodeId: 77 }))).to.include({
      error: "NotMember",
    });
    const unknown = await post(node.network.url, paths.commits, wire({ ...good, requestId: bytes(7, 32) }));
    expect(unknown).to.include({ status: 404, error: "RequestUnknown" });
    expect(await heldCommits()).to.have.length(0);
  });

  it("checks every word of an attestation", async () => {
    const digest = digestOf({ status: 4n, usage: 9n, outputHash: keccak256("0x") });
    const salt = bytes(6, 16);
    const seat = (await drawnSeats(world, world.requests.get(requestId) as never)).indexOf(member);
    const { nodeId } = member;
    const leaf = leafOf({ requestId, level: 0n, digest, nodeId, salt });
    const words = { requestId, level: 0n, nodeId, digest, salt, committed: 1n << BigInt(seat), leaves: [leaf] };
    const result = { status: 4n, usage: 9n, output: "0x" as Hex };
    const sign = async (given: Partial<typeof words> & { result?: Partial<typeof result> } = {}) => {
      const { result: shown = {}, ...changed } = given;
      const signed = await signAttestation(member.signer, instance, { ...words, ...changed });
      return { ...signed, result: { ...result, ...shown } };
    };
    const send = async (message: object) => (await post(node.network.url, paths.attestations, encode(message))).error;
    const encode = (message: object): string =>
      JSON.stringify(message, (key, value: unknown) =>
        typeof value === "bigint" ? (key === "committed" || key === "usage" ? String(value) : Number(value)) : value,
      );
    expect(await send(await sign({ committed: 0b1000n }))).to.equal("InvalidBitmap");
    expect(await send(await sign({ committed: words.committed ^ 0b111n, leaves: [leaf, leaf] }))).to.equal(
      "InvalidBitmap",
    );
    expect(await send(await sign({ committed: 0b111n }))).to.equal("InvalidBitmap");
    expect(await send({ ...(await sign()), commitRoot: commitRootOf([leaf, leaf]) })).to.equal("CommitRootMismatch");
    for (const shown of [{ status: 5n }, { usage: 8n }, { output: "0x00" as Hex }])
      expect(await send(await sign({ result: shown }))).to.equal("ResultMismatch");
    expect(await send({ ...(await sign()), salt: bytes(7, 16) })).to.equal("LeafMismatch");
    expect(await send({ ...(await sign()), digest: bytes(1, 32) })).to.equal("ResultMismatch");
    expect(await send({ ...(await sign()), signature: bytes(3, 64) })).to.equal("WrongSigner");
    expect((await held()).attestations).to.have.length(0);
    expect(await send(await sign())).to.equal("accepted");
    expect(await send(await sign())).to.equal("accepted");
    expect((await held()).attestations).to.have.length(1);
  });

  it("limits a flood by address, and lets the flooder in again later", async () => {
    const other = world.seats.find((seat) => seat !== member && seat !== node.seat) as Seat;
    const limited = await world.start(other, { perAddress: { perSecond: 50, burst: 20 } });
    const body = wire(await commit());
    const replies = await Promise.all(Array.from({ length: 60 }, () => post(limited.network.url, paths.commits, body)));
    const refused = replies.filter(({ status }) => status === 429);
    expect(refused.length).to.be.within(20, 40);
    expect(refused[0]?.error).to.equal("TooManyRequests");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await post(limited.network.url, paths.commits, body)).status).to.equal(200);
  });

  it("limits what one signer can make it check, without touching other members or repetitions", async () => {
    const third = world.seats.find((seat) => seat !== member && seat !== node.seat) as Seat;
    await node.stop();
    const limited = await world.start(node.seat, { perSigner: { perSecond: 0.001, burst: 4 } });
    const errors: string[] = [];
    for (let leaf = 1; leaf <= 7; leaf++)
      errors.push((await post(limited.network.url, paths.commits, wire(await commit(bytes(leaf, 32))))).error);
    expect(errors.slice(0, 4)).to.deep.equal(["accepted", "TwoLeaves", "TwoLeaves", "TwoLeaves"]);
    expect(new Set(errors.slice(4))).to.deep.equal(new Set(["TooManyRequests"]));
    expect((await post(limited.network.url, paths.commits, wire(await commit()))).error).to.equal("accepted"); // known
    const theirs = wire(await commit(bytes(1, 32), third));
    expect((await post(limited.network.url, paths.commits, theirs)).error).to.equal("accepted");
  });

  it("names unknown paths, and shows nothing of a result before its own attestation", async () => {
    const get = async (path: string) => {
      const response = await fetch(`${node.network.url}${path}`);
      return { status: response.status, ...((await response.json()) as object) };
    };
    expect(await get("/v2")).to.include({ status: 404, error: "UnknownPath" });
    expect(await get(paths.request("0x12"))).to.include({ error: "MalformedMessage" });
    expect(await get(`/v1/requests/${requestId}/items/x`)).to.include({ error: "MalformedMessage" });
    expect(await get(paths.input(bytes(1, 32)))).to.include({ status: 404, error: "NothingHeld" });
    await node.job.pass(new AbortController().signal);
    const seen = async () => (await held()).commits.some(({ nodeId }) => nodeId === node.seat.nodeId);
    for (let tries = 0; tries < 200 && !(await seen()); tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await seen()).to.equal(true);
    const shown = await get(paths.request(requestId));
    expect(shown).to.deep.include({ status: 200, attestations: [], results: [] });
    expect(JSON.stringify(shown)).to.not.include("salt");
    expect(await get(paths.item(requestId, 0n))).to.include({ status: 404, error: "NothingHeld" });
  });
});

describe("refusals", () => {
  it("each have a status and a sentence that says what to do", () => {
    for (const name of refusalNames) {
      expect(statusOf(name)).to.be.within(400, 503);
      expect(refuse(name).message).to.match(/^[A-Z].{30,}\.$/);
      expect(refuse(name, "because").message).to.match(/\(because\)\.$/);
    }
  });

  it("are worth a retry only where time can help", () => {
    const worth = refusalNames.filter((name) => isWorthRetrying(statusOf(name), name));
    const states = ["RequestUnknown", "RoundUnknown", "UnknownLevel"];
    expect(worth).to.have.members([...states, "TooManyRequests", "TooManyOpen", "Unavailable"]);
  });
});

describe("a rate limit", () => {
  it("gives back what time brings, up to the burst, and forgets the least recently used key", () => {
    let nowMs = 0;
    const limit = makeRateLimit({ now: () => nowMs }, { perSecond: 2, burst: 3, maxKeys: 2 });
    const takes = (key: string, times: number) => Array.from({ length: times }, () => limit.take(key));
    expect(takes("a", 4)).to.deep.equal([true, true, true, false]);
    nowMs = 1_000;
    expect(takes("a", 3)).to.deep.equal([true, true, false]);
    nowMs = 500; // a clock that steps back gives nothing
    expect(takes("a", 1)).to.deep.equal([false]);
    takes("b", 1);
    takes("c", 1);
    expect(takes("a", 1)).to.deep.equal([true]);
  });
});
