import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Hex } from "viem";
import { drandSource, firstValid, localSource, type RoundSource } from "../../../keepers/beacon/source.ts";
import { publicKeyOf, signRound, verifyBeacon } from "../../../sdk/drand/bls.ts";

const secretKey = 0x5eedn;
const chainHash = "ab".repeat(32);
const isValid = (round: bigint, signature: Hex): boolean =>
  verifyBeacon({ publicKey: publicKeyOf(secretKey), round, signature });

type Answer = (response: ServerResponse, round: bigint) => void;

const json = (response: ServerResponse, body: unknown): void => void response.end(JSON.stringify(body));
const honest: Answer = (response, round) =>
  json(response, { round: Number(round), signature: signRound(secretKey, round).slice(2), randomness: "00" });

const flood: Answer = (response) => {
  const chunk = Buffer.alloc(64 * 1_024, "x");
  const send = (): void => {
    while (!response.destroyed && response.write(chunk));
    if (!response.destroyed) response.once("drain", send);
  };
  send();
};

/** What a server may do, and what becomes of it; `undefined`: the round is not there yet. */
const answers: readonly (readonly [name: string, answer: Answer, outcome: RegExp | undefined])[] = [
  ["not found", (response) => void response.writeHead(404).end("{}"), undefined],
  ["too early", (response) => void response.writeHead(425).end("{}"), undefined],
  ["server error", (response) => void response.writeHead(500).end("<html>"), /HTTP status 500/],
  ["HTML", (response) => void response.end("<html>welcome</html>"), /not JSON/],
  ["null", (response) => json(response, null), /another round/],
  ["another round", (response, round) => honest(response, round + 1n), /another round/],
  [
    "a fractional round",
    (response, round) => json(response, { round: Number(round) + 0.5, signature: "00".repeat(64) }),
    /another round/,
  ],
  [
    "a round as text",
    (response, round) => json(response, { round: `${round}`, signature: "00".repeat(64) }),
    /another round/,
  ],
  [
    "a short signature",
    (response, round) => json(response, { round: Number(round), signature: "00".repeat(48) }),
    /no signature of 64 bytes/,
  ],
  ["no signature", (response, round) => json(response, { round: Number(round) }), /no signature of 64 bytes/],
  ["an endless body", flood, /more than 4096 bytes/],
  ["silence", () => undefined, /aborted|timeout/i],
  [
    "a redirect",
    (response) => void response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
    /fetch failed|redirect/i,
  ],
  ["a cut connection", (response) => void response.destroy(), /fetch failed|terminated/],
];

describe("sources of rounds", () => {
  const servers: Server[] = [];
  const asked: string[] = [];
  const serve = async (answer: Answer): Promise<RoundSource> => {
    const server = createServer((request, response) => {
      asked.push(request.url ?? "");
      answer(response, BigInt((request.url ?? "").split("/").at(-1) ?? "0"));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return drandSource({ url: `http://127.0.0.1:${port}/`, chainHash, timeoutMs: 300 });
  };
  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  it("reads a round from drand's API", async () => {
    const source = await serve(honest);
    expect(await source.signature(7n)).to.equal(signRound(secretKey, 7n));
    expect(asked.at(-1)).to.equal(`/${chainHash}/public/7`);
  });

  for (const [name, answer, outcome] of answers)
    it(`takes ${name} for ${outcome === undefined ? "a round that is not there yet" : "a fault with a name"}`, async () => {
      const source = await serve(answer);
      const result = await source.signature(7n).catch((error: unknown) => error);
      if (outcome === undefined) expect(result).to.equal(undefined);
      else expect(String(result)).to.match(outcome);
    });

  it("passes over sources that fail or lie, verifies what comes, and asks the good one first the next time", async () => {
    const wrongKey: Answer = (response, round) =>
      json(response, { round: Number(round), signature: signRound(0xbadn, round).slice(2) });
    const sources = await Promise.all([flood, wrongKey, honest].map(serve));
    const source = firstValid(
      sources.map((one, i) => ({ name: `source ${i}`, source: one })),
      isValid,
    );
    expect(await source.signature(8n)).to.equal(signRound(secretKey, 8n));
    asked.length = 0;
    expect(await source.signature(9n)).to.equal(signRound(secretKey, 9n));
    expect(asked).to.have.length(1);
  });

  it("says of every source why it is of no use, when none is", async () => {
    const wrongRound: Answer = (response, round) =>
      json(response, { round: Number(round), signature: signRound(secretKey, round + 1n).slice(2) });
    const sources = await Promise.all([wrongRound, answers[2]?.[1] ?? honest].map(serve));
    const source = firstValid(
      sources.map((one, i) => ({ name: `source ${i}`, source: one })),
      isValid,
    );
    const failure = await source.signature(8n).catch((error: unknown) => String(error));
    expect(failure)
      .to.include("source 0: the signature is not the beacon's")
      .and.to.include("source 1: HTTP status 500");
  });

  it("signs in a private network, never before a round's time", async () => {
    let nowMs = 99_999;
    const source = localSource(secretKey, { roundTimeS: () => 100n, nowMs: () => nowMs });
    expect(await source.signature(3n)).to.equal(undefined);
    nowMs = 100_000;
    expect(await source.signature(3n)).to.equal(signRound(secretKey, 3n));
    expect(() => localSource(0n, { roundTimeS: () => 0n, nowMs: () => 0 })).to.throw(RangeError);
  });
});
