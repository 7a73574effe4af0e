import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { encodeAbiParameters, type Hex, hexToBytes, keccak256, stringToHex } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { digestsRootOf, inputsRootOf } from "../../../sdk/merkle/bundle.ts";
import { verifyItem } from "../../../sdk/merkle/tree.ts";
import { flagAcceptNoPanel, flagBundle, flagInputByUri } from "../../../sdk/words/flags.ts";
import type { Executor } from "../../../keepers/executors/executor.ts";
import { ExecutorError } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor, runtimeDigest } from "../../../keepers/executors/wasm/executor.ts";
import { makeOwnStore } from "../../../keepers/executor/own-store.ts";
import { guest } from "../executors/fixtures.ts";
import { agreed, drawnSeats, timesOf, until } from "./agreement.ts";
import { makeWorld, reverser, type Running, type Seat, type World } from "./world.ts";

const byUri = flagAcceptNoPanel | flagInputByUri;
const dataUri = (bytes: Hex): Hex => stringToHex(`data:;base64,${Buffer.from(hexToBytes(bytes)).toString("base64")}`);
const documentOf = (inputs: readonly Hex[]): Hex => encodeAbiParameters([{ type: "bytes[]" }], [inputs]);

describe("inputs and outputs of a committee", function () {
  this.timeout(60_000);
  let world: World;
  const servers: Server[] = [];
  afterEach(async () => {
    await world.stop();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  const serveFile = async (
    body: Uint8Array,
    isServed: () => boolean = () => true,
  ): Promise<{ uri: Hex; hits: () => number }> => {
    let hits = 0;
    const server = createServer((_, response) => {
      hits++;
      if (isServed()) response.end(body);
      else response.writeHead(404).end();
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { uri: stringToHex(`http://127.0.0.1:${(server.address() as AddressInfo).port}/input`), hits: () => hits };
  };

  const askBundle = (inputs: readonly Hex[], data: Hex, items = BigInt(inputs.length)) =>
    world.ask({ data, flags: byUri | flagBundle, inputDigest: inputsRootOf(inputs), items, units: 100n });

  const hasResult = async (node: Running, requestId: Hex): Promise<boolean> =>
    (await makeOwnStore(node.store).result(requestId, node.seat.nodeId)) !== undefined;

  it("computes a bundle item by item, and proves each item of the agreed root", async () => {
    world = await makeWorld({ k: 3, windowS: 60 });
    const inputs = ["one", "bad", "three", ""].map((text) => stringToHex(text));
    const request = askBundle(inputs, dataUri(documentOf(inputs)));
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    world.post(request);
    const [result] = await agreed(world, nodes, request);
    const expected = [
      { status: 0n, usage: 3n, output: stringToHex("eno") },
      { status: 4n, usage: 7n, output: "0x" as Hex },
      { status: 0n, usage: 5n, output: stringToHex("eerht") },
      { status: 0n, usage: 0n, output: "0x" as Hex },
    ];
    const digests = expected.map(({ output, ...one }) => digestOf({ ...one, outputHash: keccak256(output) }));
    expect(result?.digest).to.equal(digestsRootOf(digests));
    for (const [index, item] of expected.entries()) {
      const answer = await world.client.item((nodes[0] as Running).network.url, request.requestId, BigInt(index));
      if (!("value" in answer)) throw new Error("no item");
      expect(answer.value).to.deep.include(item);
      expect(verifyItem(digestsRootOf(digests), BigInt(index), digests[index] ?? "0x", answer.value.proof)).to.equal(
        true,
      );
    }
    const beyond = await world.client.item((nodes[0] as Running).network.url, request.requestId, 4n);
    expect(beyond).to.include({ status: 404 });
  });

  it("does not execute again what an earlier process has finished of a bundle", async () => {
    world = await makeWorld({ k: 1, windowS: 600 });
    const inputs = ["one", "two", "bad"].map((text) => stringToHex(text));
    const request = askBundle(inputs, dataUri(documentOf(inputs)));
    const executed: string[] = [];
    const executor = (canDoAll: boolean): Executor => ({
      ...reverser,
      execute: async (task, input, limits) => {
        const text = new TextDecoder().decode(input);
        if (text === "bad" && !canDoAll) throw new ExecutorError("SandboxFailed", "not on this machine");
        executed.push(text);
        return reverser.execute(task, input, limits);
      },
    });
    const [seat] = world.seats as [Seat];
    const first = await world.start(seat, { executor: executor(false) });
    world.post(request);
    await until(
      "two items are done",
      async () => (await makeOwnStore(first.store).digests(request.requestId)).size === 2,
    );
    await first.stop();
    const second = await world.start(seat, { executor: executor(true), folder: first.folder });
    await agreed(world, [second], request);
    expect(executed.toSorted()).to.deep.equal(["bad", "one", "two"]);
  });

  it("attests a long output by its hash and serves it whole", async () => {
    world = await makeWorld({ k: 3, windowS: 60, maxOutputBytes: 8 });
    const request = world.ask({ input: "a long story" });
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    world.post(request);
    const [result] = await agreed(world, nodes, request);
    const output = stringToHex("yrots gnol a");
    expect(result?.digest).to.equal(digestOf({ status: 1n, usage: 12n, outputHash: keccak256(output) }));
    const { results } = await (nodes[1] as Running).held.read(request.requestId, 0n);
    expect(results).to.deep.equal([{ digest: result?.digest, status: 1n, usage: 12n, output: keccak256(output) }]);
    const item = await world.client.item((nodes[1] as Running).network.url, request.requestId, 0n);
    expect(item).to.have.nested.property("value.output", output);
  });

  it("attests a failure too", async () => {
    world = await makeWorld({ k: 3, windowS: 60 });
    const request = world.ask({ input: "bad input" });
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    world.post(request);
    const [result] = await agreed(world, nodes, request);
    expect(result?.digest).to.equal(digestOf({ status: 4n, usage: 7n, outputHash: keccak256("0x") }));
  });

  it("has from its peers an input that its URI gives to one member only", async () => {
    world = await makeWorld({ k: 4, quorum: 4, windowS: 60 });
    const input = stringToHex("relayed");
    let served = 0;
    const { uri } = await serveFile(hexToBytes(input), () => served++ === 0);
    const request = world.ask({ data: uri, flags: byUri, inputDigest: keccak256(input) });
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat, { allowPrivateUrls: true })));
    world.post(request);
    const results = await agreed(world, nodes, request);
    expect(results).to.have.length(4);
    expect(served).to.be.greaterThan(1);
  });

  it("stays absent where the input has another hash, wherever it comes from", async () => {
    world = await makeWorld({ k: 3, windowS: 3 });
    const good = ["one", "two"].map((text) => stringToHex(text));
    const requests = [
      world.ask({ data: dataUri(stringToHex("other")), flags: byUri, inputDigest: keccak256(stringToHex("asked")) }),
      askBundle(good, dataUri(documentOf([...good].reverse()))),
      askBundle(good, dataUri(stringToHex("no document"))),
      askBundle(good, dataUri(documentOf(good)), 3n),
      world.ask({ data: stringToHex("nonsense"), flags: byUri }),
      world.ask({ data: "0xff", flags: byUri }),
    ];
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat)));
    for (const request of requests) world.post(request);
    const { commitEndMs: endMs } = await timesOf(world, requests[0] as never);
    await until("the window is over", async () => world.clock.now() > endMs + 1_000);
    for (const node of nodes)
      for (const { requestId } of requests) {
        expect(await hasResult(node, requestId)).to.equal(false);
        expect((await node.held.read(requestId, 0n)).commits).to.deep.equal([]);
      }
  });

  it("does not fetch inputs from private addresses unless that is allowed", async () => {
    world = await makeWorld({ k: 3, windowS: 3 });
    const input = stringToHex("internal");
    const { uri, hits } = await serveFile(hexToBytes(input));
    const request = world.ask({ data: uri, flags: byUri, inputDigest: keccak256(input) });
    world.post(request);
    await Promise.all(world.seats.map((seat) => world.start(seat)));
    const { commitEndMs: endMs } = await timesOf(world, request);
    await until("the window is over", async () => world.clock.now() > endMs);
    expect(hits()).to.equal(0);
  });

  it("tries again when the machine failed, and gives up with the window", async () => {
    world = await makeWorld({ k: 3, quorum: 2, windowS: 6 });
    let failures = 0;
    const shaky: Executor = {
      ...reverser,
      execute: (...given) => {
        if (failures++ < 2) return Promise.reject(new ExecutorError("SandboxFailed", "out of processes"));
        return reverser.execute(...given);
      },
    };
    const broken: Executor = { ...reverser, execute: () => Promise.reject(new ExecutorError("SandboxFailed", "no")) };
    const request = world.ask();
    const [a, b, c] = await drawnSeats(world, request);
    const nodes = [
      await world.start(a as Seat, { executor: shaky }),
      await world.start(b as Seat),
      await world.start(c as Seat, { executor: broken }),
    ];
    world.post(request);
    const results = await agreed(world, nodes, request);
    for (const { committed } of results) expect(committed).to.equal(0b011n);
    expect(failures).to.equal(3);
  });

  it("leaves out requests of runtimes that it does not have", async () => {
    const other = { kind: "wasm", artifact: guest("fold"), runtimeDigest: runtimeDigest(), unitSize: 1_000_000n };
    world = await makeWorld({ k: 2, windowS: 2, executorKind: other });
    const request = world.ask();
    world.post(request);
    const node = await world.start(world.seats[0] as Seat);
    const { commitEndMs: endMs } = await timesOf(world, request);
    await until("the window is over", async () => world.clock.now() > endMs);
    expect(await hasResult(node, request.requestId)).to.equal(false);
  });

  it("runs real WebAssembly in its sandbox, and all members find the same", async () => {
    const fold = { kind: "wasm", artifact: guest("fold"), runtimeDigest: runtimeDigest(), unitSize: 1_000_000n };
    world = await makeWorld({ k: 3, windowS: 120, executorKind: fold });
    const inputs = ["HPHPPHHPHPPH", "HHPPHPPHPPHP"].map((text) => stringToHex(text));
    const single = world.ask({ input: "HPHPPHHPHPPH", units: 200n });
    const bundle = askBundle(inputs, dataUri(documentOf(inputs)));
    const executor = makeWasmExecutor();
    const nodes = await Promise.all(world.seats.map((seat) => world.start(seat, { executor })));
    for (const request of [single, bundle]) world.post(request);
    for (const request of [single, bundle]) {
      const results = await agreed(world, nodes, request);
      expect(new Set(results.map(({ digest }) => digest)).size).to.equal(1);
      const item = await world.client.item((nodes[0] as Running).network.url, request.requestId, 0n);
      expect(item).to.have.nested.property("value.status", 0n);
    }
  });
});
