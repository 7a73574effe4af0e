import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { type Hex, keccak256 } from "viem";
import { makeBlobCache } from "../../../keepers/executor/blob-cache.ts";
import type { LoadBounds } from "../../../keepers/network/load.ts";
import { type ItemMessage, paths, wireBounds } from "../../../keepers/network/messages.ts";
import { type NetworkDeps, type NetworkServer, startNetwork } from "../../../keepers/network/server.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";
import { silentLog } from "../../../keepers/runtime/log.ts";

const digest = keccak256("0x01");
const requestId = keccak256("0x02");
const mebibyte = 1024 * 1024;
const document = new Uint8Array(wireBounds.inputBody).map((_, index) => (index * 2_654_435_761) >>> 24);
const longOutput: Hex = `0x${"ab".repeat(wireBounds.longOutput)}`;
const item: ItemMessage = { index: 0n, status: 1n, usage: 1n, output: longOutput, proof: [] };

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const eventually = async (isSo: () => boolean | Promise<boolean>, what: string): Promise<void> => {
  for (let tries = 0; tries < 500; tries++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`it never came to be that ${what}`);
};

describe("readers of a node's endpoint", function () {
  this.timeout(30_000);
  const accepted: Socket[] = [];
  const answers: ServerResponse[] = [];
  const readers: Socket[] = [];
  const onSocket = (message: unknown): void => void accepted.push((message as { socket: Socket }).socket);
  const onRequest = (message: unknown): void => void answers.push((message as { response: ServerResponse }).response);
  let folder: string;
  let input: NetworkDeps["input"];
  let server: NetworkServer | undefined;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "atoma-load-"));
    const cache = makeBlobCache({ directory: folder, maxBytes: 64 * mebibyte, now: Date.now });
    await cache.put(digest, document);
    input = cache.open;
    subscribe("net.server.socket", onSocket);
    subscribe("http.server.request.start", onRequest);
  });
  const close = async (): Promise<void> => {
    for (const one of readers.splice(0)) one.destroy();
    await server?.close();
    accepted.length = 0;
    answers.length = 0;
  };
  afterEach(close);
  after(() => {
    unsubscribe("net.server.socket", onSocket);
    unsubscribe("http.server.request.start", onRequest);
    rmSync(folder, { recursive: true });
  });

  const start = async (load: Partial<LoadBounds> = {}): Promise<NetworkServer> => {
    const unused = {} as NetworkDeps["acceptance"]; // nothing is posted here
    const held = { read: async () => ({ requestId, commits: [], attestations: [], results: [] }) };
    const given = { acceptance: unused, held, item: async () => item, input, clock: systemClock, log: silentLog };
    server = await startNetwork({ ...given, port: 0, load });
    return server;
  };

  /** A connection that asks and does not read. */
  const ask = (port: number, text: string): Socket => {
    const socket = connect(port, "127.0.0.1", () => void socket.write(text));
    socket.pause();
    socket.on("error", () => {});
    readers.push(socket);
    return socket;
  };
  const statusOf = async (path: string): Promise<number> => {
    const answer = await fetch(`${server?.url}${path}`);
    await answer.arrayBuffer();
    return answer.status;
  };
  const unreadBytes = (): number =>
    answers.filter(({ destroyed }) => !destroyed).reduce((sum, { writableLength }) => sum + writableLength, 0);

  it("are given an input whole, byte for byte, or its length only", async () => {
    const { url } = await start();
    const answer = await fetch(`${url}${paths.input(digest)}`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(document)).to.equal(true);
    const head = await fetch(`${url}${paths.input(digest)}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).to.deep.equal([200, `${document.length}`]);
  });

  it("who do not read an input cost a few chunks each, not the input", async () => {
    const { port } = await start();
    const count = 30;
    for (let i = 0; i < count; i++) ask(port, get(paths.input(digest)));
    const areStalled = (): boolean => accepted.length === count && accepted.every((socket) => socket.writableNeedDrain);
    await eventually(areStalled, "all readers stall");
    expect(unreadBytes()).to.be.within(count, count * 256 * 1024);
  });

  it("who ask for many long answers and read none leave no more in memory than is allowed", async () => {
    const bound = 8 * mebibyte;
    for (const bounds of [{ unreadBytesPerAddress: bound }, { unreadBytes: bound, unreadBytesPerAddress: 2 * bound }]) {
      const { port } = await start(bounds);
      for (let connections = 1; connections <= 12; connections++) {
        ask(port, get(paths.item(requestId, 0n)).repeat(6)); // 2 MiB each
        await eventually(() => answers.length === 6 * connections, "all are asked for");
        expect(unreadBytes()).to.be.at.most(bound + 64 * 1024); // heads, and refusals
      }
      expect(answers.filter(({ statusCode }) => statusCode === 429).length).to.be.within(30, 71);
      await close();
    }
  });

  it("of one address are refused more while too much is unread, until they are gone", async () => {
    const { port } = await start({ unreadBytesPerAddress: mebibyte }); // four files in sending
    const path = paths.input(digest);
    for (let i = 0; i < 2; i++) ask(port, get(path).repeat(2)); // one is served while the other waits behind it
    await eventually(() => answers.length === 4, "all are being served");
    const refused = await fetch(`${server?.url}${path}`);
    expect(refused.status).to.equal(429);
    expect(await refused.json()).to.have.property("error", "TooManyRequests");
    expect(await statusOf("/v2"), "what costs nothing is still answered").to.equal(404);
    for (const one of readers.splice(0)) one.destroy();
    await eventually(async () => (await statusOf(path)) === 200, "the address is served again");
  });

  it("hold a bounded number of connections per address", async () => {
    const { port } = await start({ connectionsPerAddress: 5 });
    for (let i = 0; i < 8; i++) ask(port, "");
    await eventually(() => accepted.length === 8, "all have connected");
    const isOpen = (socket: Socket): boolean => !socket.destroyed;
    await eventually(() => accepted.filter(isOpen).length === 5, "five are left");
    await expect404(false);
    readers[0]?.destroy();
    await eventually(() => accepted.filter(isOpen).length === 4, "one has gone");
    await expect404(true);
  });

  it("who stall or trickle lose their connection, and what was booked for them is free again", async () => {
    for (const bounds of [{ stallMs: 300 }, { readWithinMs: 300, stallMs: 60_000 }]) {
      const unreadBytesPerAddress = 300 * 1024; // one input at a time
      const { port } = await start({ ...bounds, unreadBytesPerAddress });
      const slow = ask(port, get(paths.input(digest)));
      const trickle = setInterval(() => slow.read(1_024), 20);
      await eventually(() => answers.length > 0, "it is being sent the input");
      if (bounds.stallMs === 300) clearInterval(trickle);
      await eventually(() => accepted[0]?.destroyed === true, "it lost its connection");
      clearInterval(trickle);
      expect((await fetch(`${server?.url}${paths.input(digest)}`, { method: "HEAD" })).status).to.equal(200);
      await close();
    }
  });

  const expect404 = async (isServed: boolean): Promise<void> => {
    const status = await statusOf("/v2").catch(() => "no answer");
    expect(status).to.equal(isServed ? 404 : "no answer");
  };
});
