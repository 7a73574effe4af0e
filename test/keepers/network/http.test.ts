import type { LookupAddress } from "node:dns";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from "node:net";
import { expect } from "chai";
import { isPublicAddress, ownerOf } from "../../../keepers/network/addresses.ts";
import { HttpError, type HttpFailure, makeHttp, type Resolve } from "../../../keepers/network/http.ts";

const servers: Server[] = [];

const listen = async (listener: RequestListener): Promise<{ url: string; hits: () => number }> => {
  let hits = 0;
  const server = createServer((request, response) => {
    hits++;
    listener(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, hits: () => hits };
};

const rawServers: TcpServer[] = [];

/** A server that answers every request with these bytes, ends nothing, and hands its sockets to `onSocket`. */
const listenRaw = async (answer: (socket: Socket) => void, onSocket: (socket: Socket) => void = () => {}) => {
  const server = createTcpServer((socket) => {
    onSocket(socket);
    socket.on("error", () => {});
    socket.once("data", () => answer(socket));
  });
  rawServers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
};

const upgradeHead = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n";

const failureOf = async (work: Promise<unknown>): Promise<HttpFailure | "none"> => {
  try {
    await work;
    return "none";
  } catch (error) {
    if (error instanceof HttpError) return error.code;
    throw error;
  }
};

const resolveTo =
  (...addresses: string[]): Resolve =>
  (_hostname, _options, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(":") ? 6 : 4 })),
    );

const bounds = { maxBytes: 1_000, timeoutMs: 500 };

describe("HTTP to addresses that strangers chose", function () {
  this.timeout(10_000);
  const guarded = makeHttp();
  const open = makeHttp({ allowPrivate: true });
  after(() => {
    guarded.close();
    open.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
    for (const server of rawServers) server.close();
  });

  for (const host of [
    "127.0.0.1",
    "169.254.169.254",
    "[::1]",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "10.1.2.3",
    "172.31.255.255",
    "192.168.0.1",
    "100.64.0.1",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[fe80::1]",
    "[fd00::1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[::]",
    "localhost",
  ])
    it(`does not go to ${host}`, async () => {
      const { url, hits } = await listen((_, response) => response.end("secret"));
      const { port } = new URL(url);
      const failure = await failureOf(guarded.request({ url: `http://${host}:${port}/`, ...bounds }));
      expect(failure).to.equal("PrivateAddress");
      expect(hits()).to.equal(0);
    });

  it("fails where a name does not resolve, and lives on", async () => {
    const unknown = Object.assign(new Error("getaddrinfo ENOTFOUND nowhere.example"), { code: "ENOTFOUND" });
    const http = makeHttp({ resolve: (_hostname, _options, callback) => setImmediate(callback, unknown, undefined) });
    expect(await failureOf(http.request({ url: "http://nowhere.example/", ...bounds }))).to.equal("Network");
    http.close();
  });

  it("does not go where a name resolves to a private address, not even beside a public one", async () => {
    const { url, hits } = await listen((_, response) => response.end("secret"));
    for (const addresses of [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1"], ["::ffff:10.0.0.1"]]) {
      const http = makeHttp({ resolve: resolveTo(...addresses) });
      const request = http.request({ url: `http://files.example:${new URL(url).port}/`, ...bounds });
      expect(await failureOf(request), addresses.join()).to.equal("PrivateAddress");
      http.close();
    }
    expect(hits()).to.equal(0);
  });

  it("asks for a name once per connection, so that a second answer gains nothing", async () => {
    const { url, hits } = await listen((_, response) => response.end("open"));
    let asked = 0;
    const resolve: Resolve = (hostname, options, callback) =>
      resolveTo(asked++ === 0 ? "127.0.0.1" : "127.0.0.2")(hostname, options, callback);
    const http = makeHttp({ allowPrivate: true, resolve });
    await http.request({ url: `http://files.example:${new URL(url).port}/`, ...bounds });
    expect([asked, hits()]).to.deep.equal([1, 1]);
    http.close();
  });

  it("goes to private addresses where that is allowed", async () => {
    const { url } = await listen((_, response) => response.end("open"));
    const { status, body } = await open.request({ url, ...bounds });
    expect([status, new TextDecoder().decode(body)]).to.deep.equal([200, "open"]);
  });

  it("does not follow redirects", async () => {
    const target = await listen((_, response) => response.end("secret"));
    const { url } = await listen((_, response) => response.writeHead(302, { location: target.url }).end());
    expect((await open.request({ url, ...bounds })).status).to.equal(302);
    expect(target.hits()).to.equal(0);
  });

  it("stops at the bound of size, declared or not", async () => {
    const { url } = await listen((_, response) => {
      response.write("x".repeat(900));
      response.end("x".repeat(900));
    });
    expect(await failureOf(open.request({ url, ...bounds }))).to.equal("TooLarge");
    const exact = await open.request({ url, maxBytes: 1_800, timeoutMs: 500 });
    expect(exact.body).to.have.length(1_800);
  });

  it("stops at the bound of time while an answer trickles", async () => {
    const { url } = await listen((_, response) => {
      const timer = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect(await failureOf(open.request({ url, ...bounds, timeoutMs: 150 }))).to.equal("Timeout");
  });

  it("refuses other schemes, credentials and what is no URL", async () => {
    for (const url of [
      "file:///etc/passwd",
      "ftp://example.com/",
      "gopher://x",
      "http://user:key@1.1.1.1/",
      "nonsense",
      "",
    ])
      expect(await failureOf(guarded.request({ url, ...bounds })), url).to.equal("UnsupportedUrl");
  });

  it("says that a connection failed, or broke off", async () => {
    expect(await failureOf(open.request({ url: "http://127.0.0.1:9/", ...bounds }))).to.equal("Network");
    const { url } = await listen((request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("x");
      setTimeout(() => request.socket.destroy(), 20);
    });
    expect(await failureOf(open.request({ url, ...bounds }))).to.equal("Network");
  });

  it("is not held up by a server that switches protocols, and gives it its connection back", async () => {
    for (const head of [upgradeHead, `${upgradeHead}and more`]) {
      const closed: Promise<void>[] = [];
      const url = await listenRaw(
        (socket) => socket.write(head),
        (socket) => closed.push(new Promise((resolve) => socket.once("close", () => resolve()))),
      );
      const answers = Array.from({ length: 12 }, () => failureOf(open.request({ url, ...bounds }))); // sockets per host: 8
      expect(new Set(await Promise.all(answers)), head).to.deep.equal(new Set(["Network"]));
      await Promise.all(closed);
      expect(closed).to.have.length(12);
    }
    const bare = await listenRaw((socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    expect((await open.request({ url: bare, ...bounds })).status).to.equal(101); // Node takes it for an answer
  });

  it("takes a few interim answers before the real one, and no flood of them", async () => {
    const early = "HTTP/1.1 103 Early Hints\r\n\r\n";
    const real = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
    for (const head of [early.repeat(5), "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\n"]) {
      const url = await listenRaw((socket) => socket.write(head + real));
      expect((await open.request({ url, ...bounds })).status).to.equal(200);
    }
    let sent = 0;
    const flood = await listenRaw((socket) => {
      const pump = (): void => {
        while (!socket.destroyed && socket.write(early.repeat(100))) sent += 100;
      };
      socket.on("drain", pump);
      pump();
    });
    expect(await failureOf(open.request({ url: flood, ...bounds, timeoutMs: 5_000 }))).to.equal("Network");
    expect(sent).to.be.lessThan(10_000_000 / early.length);
  });

  it("survives answers that are no HTTP, and ends with each of them", async () => {
    for (const answer of [
      "hello\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "\0".repeat(99),
    ])
      expect(
        await failureOf(open.request({ url: await listenRaw((socket) => socket.write(answer)), ...bounds })),
      ).to.equal("Network");
    const silent = await listenRaw((socket) => socket.end());
    expect(await failureOf(open.request({ url: silent, ...bounds }))).to.equal("Network");
  });

  it("rejects with the reason of the signal when that aborts", async () => {
    const { url } = await listen(() => {});
    const controller = new AbortController();
    const reason = new Error("stop");
    setTimeout(() => controller.abort(reason), 20);
    const caught = await open.request({ url, ...bounds, signal: controller.signal }).catch((error: unknown) => error);
    expect(caught).to.equal(reason);
  });
});

describe("public addresses", () => {
  it("are told from all others", () => {
    for (const address of ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
      expect(isPublicAddress(address), address).to.equal(true);
    for (const address of [
      "255.255.255.255",
      "224.0.0.1",
      "198.19.0.1",
      "ff02::1",
      "::1.1.1.1",
      "fe80::1%eth0",
      "example.com",
      "",
    ])
      expect(isPublicAddress(address), address).to.equal(false);
  });

  it("of one owner count as one", () => {
    for (const address of ["2001:db8:1:2::9", "2001:0db8:1:2:aaaa:bbbb:cccc:dddd", "2001:db8:1:2:3::"])
      expect(ownerOf(address), address).to.equal("2001:db8:1:2");
    expect(ownerOf("2001:db8:1:3::9")).to.equal("2001:db8:1:3");
    expect(ownerOf("::1")).to.equal("0:0:0:0");
    expect(ownerOf("::ffff:192.0.2.7")).to.equal("192.0.2.7");
    expect(ownerOf("192.0.2.7")).to.equal("192.0.2.7");
  });
});
