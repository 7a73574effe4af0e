import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { FetchError } from "../../../keepers/executor/fetch.ts";
import { fetchFile, type FetchFileDeps } from "../../../keepers/models/fetch-file.ts";
import { makeDownloads } from "../../../keepers/network/download.ts";
import { answerWith, closeServers, contentOf, serve, serveFile, sha256Of } from "./file-server.ts";

const content = contentOf(300_000);
const wrong = contentOf(300_000, 2);
const sha256 = sha256Of(content);

describe("Fetching a file of a model", function () {
  this.timeout(10_000);
  let folder: string;
  const waits: number[] = [];
  const deps: FetchFileDeps = {
    downloads: makeDownloads({ allowPrivate: true }),
    clock: { sleep: async (ms) => void waits.push(ms) },
    pace: { everyMs: 200, leastBytes: 1_000 },
    retryMs: 10,
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "atoma-fetch-file-"));
    waits.length = 0;
  });
  afterEach(async () => {
    await closeServers();
    rmSync(folder, { recursive: true });
  });

  const partPath = (): string => join(folder, "part");
  const target = (): string => join(folder, "file");
  const run = (uris: readonly string[], changes: Partial<FetchFileDeps> = {}, signal = AbortSignal.timeout(9_000)) =>
    fetchFile(
      { ...deps, ...changes },
      {
        file: { path: "model.gguf", bytes: content.length, sha256, uris: [...uris] },
        partPath: partPath(),
        target: target(),
        signal,
      },
    );
  const failure = async (uris: readonly string[], changes: Partial<FetchFileDeps> = {}): Promise<string> => {
    const error = await run(uris, changes).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(FetchError);
    expect(existsSync(target())).to.equal(false);
    return (error as FetchError).message;
  };
  const expectRight = (): void => {
    expect(sha256Of(readFileSync(target()))).to.equal(sha256);
    expect(existsSync(partPath()) || existsSync(`${partPath()}.json`)).to.equal(false);
  };

  it("has it whole, read-only, and tells how far it is", async () => {
    const server = await serveFile(content);
    const seen: number[] = [];
    await fetchFile(deps, {
      file: { path: "a", bytes: content.length, sha256, uris: [server.url] },
      partPath: partPath(),
      target: target(),
      signal: AbortSignal.timeout(9_000),
      onProgress: (bytes) => seen.push(bytes),
    });
    expectRight();
    expect(statSync(target()).mode & 0o777).to.equal(0o444);
    expect(seen[0]).to.equal(0);
    expect(seen.at(-1)).to.equal(content.length);
    expect(seen).to.deep.equal([...seen].sort((a, b) => a - b));
    expect(server.asked).to.deep.equal([{ path: "/file" }]);
  });

  it("goes on where the connection broke off, on condition that the file is the same", async () => {
    const server = await serve((request, response, i) =>
      answerWith(content, request, response, { etag: '"v1"', ...(i === 0 ? { breakAfter: 120_000 } : {}) }),
    );
    await run([server.url]);
    expectRight();
    expect(server.asked).to.deep.equal([{ path: "/file" }, { path: "/file", range: "bytes=120000-", ifRange: '"v1"' }]);
    expect(waits).to.deep.equal([10]);
  });

  it("goes on from the part that an earlier run left, and asks the next source for the rest", async () => {
    writeFileSync(partPath(), content.subarray(0, 100_000));
    const dead = await serve((_, response) => response.writeHead(404).end());
    const server = await serveFile(content);
    await run([dead.url, server.url]);
    expectRight();
    expect(server.asked).to.deep.equal([{ path: "/file", range: "bytes=100000-" }]);
  });

  it("starts anew where the file changed between two answers, by If-Range", async () => {
    const server = await serve((request, response, i) =>
      i === 0
        ? answerWith(wrong, request, response, { etag: '"old"', breakAfter: 120_000 })
        : answerWith(content, request, response, { etag: '"new"' }),
    );
    await run([server.url]);
    expectRight();
    expect(server.asked).to.have.length(2);
  });

  it("starts anew where it changed and the server has no ETags: the hash tells", async () => {
    const server = await serve((request, response, i) =>
      answerWith(i === 0 ? wrong : content, request, response, i === 0 ? { breakAfter: 120_000 } : {}),
    );
    await run([server.url]);
    expectRight();
    expect(server.asked.map(({ range }) => range)).to.deep.equal([undefined, "bytes=120000-", undefined]);
  });

  it("gives up a source whose answers never make the file, after two tries", async () => {
    const server = await serve((request, response, i) =>
      answerWith(wrong, request, response, i % 2 === 0 ? { breakAfter: 120_000 } : {}),
    );
    expect(await failure([server.url])).to.contain(`its file has the sha256 ${sha256Of(wrong)}`);
    expect(server.asked).to.have.length(4);
    expect(statSync(partPath()).size).to.equal(0);
  });

  it("takes the rest out of a whole answer where the server knows no ranges, and keeps what it has if that is short", async () => {
    writeFileSync(partPath(), content.subarray(0, 100_000));
    const page = await serve((_, response) => {
      response.write("<html>not found</html>"); // chunked: no length to be wrong
      response.end();
    });
    const whole = await serve((_, response) => response.writeHead(200, { "content-length": content.length }).end(content)); // prettier-ignore
    await run([page.url, whole.url]);
    expectRight();
    expect([page.asked.length, whole.asked.length]).to.deep.equal([3, 1]);
  });

  it("asks without a range where a range is refused with 416, and sets aside who says that the file is shorter", async () => {
    writeFileSync(partPath(), content.subarray(0, 100_000));
    const shorter = await serve((_, response) => response.writeHead(416, { "content-range": "bytes */50000" }).end());
    const stubborn = await serve((_, response) => response.writeHead(416).end());
    const message = await failure([shorter.url, stubborn.url]);
    expect(message).to.contain(`${shorter.url}: its file has 50000 bytes, the manifest's 300000`);
    expect(message).to.contain(`${stubborn.url}: it answered with status 416 to a question without a range`);
    expect(statSync(partPath()).size).to.equal(100_000);
    const odd = await serve((request, response) =>
      request.headers.range === undefined
        ? answerWith(content, request, response)
        : response.writeHead(416, { "content-range": "bytes */300000" }).end(),
    );
    await run([odd.url]);
    expectRight();
  });

  it("sets aside a source with wrong content, and takes the next", async () => {
    const bad = await serveFile(wrong);
    const good = await serveFile(content);
    await run([bad.url, good.url]);
    expectRight();
    expect([bad.asked.length, good.asked.length]).to.deep.equal([1, 1]);
  });

  it("does not blame a good source for the part that a bad one left", async () => {
    writeFileSync(partPath(), wrong.subarray(0, 250_000));
    const good = await serveFile(content);
    await run([good.url]);
    expectRight();
    expect(good.asked.map(({ range }) => range)).to.deep.equal(["bytes=250000-", undefined]);
  });

  it("takes a whole part for what its hash says, and asks nobody where it is right", async () => {
    writeFileSync(partPath(), content);
    await run([]);
    expectRight();
    rmSync(target(), { force: true });
    writeFileSync(partPath(), wrong);
    const server = await serveFile(content);
    await run([server.url]);
    expectRight();
    rmSync(target(), { force: true });
    writeFileSync(partPath(), contentOf(400_000));
    await run([server.url]);
    expectRight();
  });

  it("refuses other lengths than the manifest's before a byte is taken", async () => {
    const long = await serve((_, response) => response.writeHead(200, { "content-length": 300_001 }).end());
    const other = await serve((_, response) =>
      response.writeHead(206, { "content-range": "bytes 0-299999/300002" }).end(),
    );
    const shifted = await serve((_, response) =>
      response.writeHead(206, { "content-range": "bytes 5-299999/300000" }).end(),
    );
    const vague = await serve((_, response) => response.writeHead(206).end());
    const packed = await serve((_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end());
    const message = await failure([long.url, other.url, shifted.url, vague.url, packed.url]);
    for (const why of ["has 300001 bytes", "has 300002 bytes", "another range", "does not say which", "compresses"])
      expect(message).to.contain(why);
    expect(statSync(partPath()).size).to.equal(0);
  });

  it("cuts off a server that does not end, and judges what fits by its hash", async () => {
    let sent = 0;
    const endless = await serve((_, response) => {
      const pump = (): void => {
        while (!response.destroyed && response.write(wrong)) sent += wrong.length;
      };
      response.on("drain", pump);
      pump();
    });
    expect(await failure([endless.url])).to.contain("its file has the sha256");
    expect(sent).to.be.lessThan(20_000_000);
    const trailing = await serve((_, response) => {
      response.write(content);
      response.end("and more");
    });
    await run([trailing.url]);
    expectRight();
  });

  it("gives up servers that are silent, or slower than the pace, and keeps what they sent", async () => {
    const silent = await serve(() => {});
    const trickle = await serve((_, response, i) => {
      if (i > 0) return void response.writeHead(404).end();
      response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 5_000));
      let at = 5_000;
      const timer = setInterval(() => response.write(content.subarray(at, ++at)), 20);
      response.on("close", () => clearInterval(timer));
    });
    const message = await failure([silent.url, trickle.url]);
    expect(message).to.contain("did not answer within 200 ms (tried 3 times)").and.to.contain("status 404");
    expect(statSync(partPath()).size).to.be.greaterThan(5_000).and.lessThan(6_000);
    const server = await serveFile(content);
    await run([server.url]);
    expectRight();
    expect(server.asked[0]?.range).to.match(/^bytes=5\d\d\d-$/);
  });

  it("tries again after 503 and 429 as long as the server asks, within bounds, and not after 403", async () => {
    const busy = await serve((request, response, i) => {
      if (i === 0) return void response.writeHead(503, { "retry-after": "7" }).end();
      if (i === 1) return void response.writeHead(429, { "retry-after": "999999999" }).end();
      answerWith(content, request, response);
    });
    const closed = await serve((_, response) => response.writeHead(403).end());
    await run([closed.url, busy.url]);
    expectRight();
    expect(waits).to.deep.equal([7_000, 60_000]);
    expect(closed.asked).to.have.length(1);
  });

  it("follows a few redirects, not many, and none to a private address or another scheme", async () => {
    const server = await serveFile(content);
    const loop = await serve((_, response) => response.writeHead(302, { location: "/again" }).end());
    const file = await serve((_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end());
    const message = await failure([loop.url, file.url]);
    expect(message).to.contain("redirects more than 5 times (tried 3 times)");
    expect(message).to.contain("is no http or https URL");
    expect(loop.asked).to.have.length(18);
    const moved = await serve((_, response) => response.writeHead(307, { location: server.url }).end());
    const guarded = makeDownloads({ trustedHosts: new Set([moved.host]) });
    expect(await failure([moved.url], { downloads: guarded })).to.contain("127.0.0.1 is not a public address");
    expect(server.asked).to.have.length(0);
    await run([moved.url]);
    expectRight();
  });

  it("asks IPFS gateways in turn, whose addresses the operator chose", async () => {
    const cid = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";
    const down = await serve((_, response) => response.writeHead(404).end());
    const gateway = await serveFile(content);
    const uri = `ipfs://${cid}/weights/model.gguf`;
    expect(await failure([uri])).to.contain(`${uri}: no IPFS gateway is set`);
    const downloads = makeDownloads();
    const gatewayDownloads = makeDownloads({ trustedHosts: new Set([down.host, gateway.host]) });
    const gateways = [`http://${down.host}/`, `http://${gateway.host}`];
    expect(await failure([`ipfs://${cid}/../../api`, "ipfs://x/y"], { downloads, gatewayDownloads, gateways }))
      .to.contain("it is no ipfs://CID/path"); // prettier-ignore
    const atGateway = `http://${gateway.host}/api/v0/shutdown`; // the manifest's own: not what the operator allowed
    expect(await failure([atGateway], { downloads, gatewayDownloads, gateways })).to.contain("is not a public address");
    expect(gateway.asked).to.have.length(0);
    await run([uri], { downloads, gatewayDownloads, gateways });
    expectRight();
    expect(gateway.asked).to.deep.equal([{ path: `/ipfs/${cid}/weights/model.gguf` }]);
  });

  it("names every source with its reason, and says what to do where there is none", async () => {
    const gone = await serve((_, response) => response.writeHead(410).end());
    const message = await failure([gone.url, "http://127.0.0.1:9/x"]);
    expect(message).to.match(/^model\.gguf could not be had from any source: /);
    expect(message).to.contain(`${gone.url}: it answered with status 410; http://127.0.0.1:9/x: `);
    expect(await failure([])).to.contain("its manifest names none; put the file there yourself");
  });

  it("does not write through a symbolic link, and says so", async () => {
    const precious = join(folder, "precious");
    writeFileSync(precious, "precious");
    symlinkSync(precious, partPath());
    const server = await serveFile(content);
    expect(await failure([server.url])).to.contain("cannot be written");
    expect(readFileSync(precious, "utf8")).to.equal("precious");
    expect(server.asked).to.have.length(0);
  });

  it("stops when it is told to, with the reason, and keeps the part", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    const server = await serve((_, response) => {
      response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 50_000));
      setTimeout(() => stop.abort(reason), 50);
    });
    const error = await run([server.url], {}, stop.signal).catch((caught: unknown) => caught);
    expect(error).to.equal(reason);
    expect(statSync(partPath()).size).to.equal(50_000);
  });
});
