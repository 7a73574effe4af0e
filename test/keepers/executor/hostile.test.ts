import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import { keccak256 } from "viem";
import { digestOf } from "../../../sdk/agreement/digest.ts";
import { leafOf } from "../../../sdk/agreement/leaf.ts";
import type { ChainRequest } from "../../../keepers/chain/view.ts";
import { equivocators } from "../../../keepers/executor/plan.ts";
import { signAttestation, signCommit } from "../../../keepers/network/sign.ts";
import { seededRandom } from "../executors/fixtures.ts";
import { agreed, drawnSeats } from "./agreement.ts";
import { bytes, instance, makeWorld, type Running, type Seat, type World } from "./world.ts";

type Context = { world: World; request: ChainRequest; nodes: readonly Running[]; seat: Seat; random: () => number };

const commitOf = ({ request, seat }: Context, value: number) =>
  signCommit(seat.signer, instance, {
    requestId: request.requestId,
    level: 0n,
    nodeId: seat.nodeId,
    leaf: bytes(value, 32),
  });

/** Ways to misbehave, each tried on every honest node. */
const misdeeds: Readonly<Record<string, (context: Context) => Promise<void>>> = {
  silence: async () => {},
  "a random leaf": async (context) => {
    const commit = await commitOf(context, 1);
    for (const node of context.nodes) await context.world.client.sendCommit(node.network.url, commit);
  },
  "a leaf for some only": async (context) => {
    const commit = await commitOf(context, 2);
    for (const node of context.nodes)
      if (context.random() % 2 === 0) await context.world.client.sendCommit(node.network.url, commit);
  },
  "two leaves": async (context) => {
    for (const node of context.nodes)
      await context.world.client.sendCommit(node.network.url, await commitOf(context, 3 + (context.random() % 2)));
  },
  "an early attestation of garbage": async ({ world, request, nodes, seat }) => {
    const { requestId } = request;
    const result = { status: 3n, usage: 1n, output: "0x" as const };
    const digest = digestOf({ status: 3n, usage: 1n, outputHash: keccak256("0x") });
    const subject = { requestId, level: 0n, nodeId: seat.nodeId, digest, salt: bytes(5, 16) };
    const position = (await drawnSeats(world, request)).indexOf(seat);
    const words = { ...subject, committed: 1n << BigInt(position), leaves: [leafOf(subject)] };
    const message = { ...(await signAttestation(seat.signer, instance, words)), result };
    for (const node of nodes) await world.client.sendAttestation(node.network.url, message);
  },
  "a flood": async ({ nodes }) => {
    const shots = nodes.flatMap(({ network: { url } }) =>
      Array.from({ length: 40 }, (_, index) =>
        fetch(`${url}/v1/commits`, { method: "POST", body: "x".repeat(index * 50) }).then((answer) => answer.text()),
      ),
    );
    await Promise.all(shots);
  },
};

/** Endpoints that hang, trickle, lie, redirect in circles, or send without end. */
const answers: readonly ((response: ServerResponse) => void)[] = [
  () => {},
  (response) => response.write("{"),
  (response) => response.end("null"),
  (response) => response.end('{"accepted":"yes"}'),
  (response) => response.writeHead(302, { location: "/" }).end(),
  (response) => response.writeHead(503).end("x".repeat(100_000)),
  (response) => response.writeHead(101, { upgrade: "x", connection: "Upgrade" }).flushHeaders(), // not HTTP any more
  (response) => {
    const chunk = Buffer.alloc(65_536, 32);
    const pump = (): void => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on("drain", pump);
    pump();
  },
];

describe("a committee with hostile members", function () {
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

  const hostileEndpoint = async (random: () => number): Promise<string> => {
    const server = createServer((_, response) => answers[random() % answers.length]?.(response));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const names = Object.keys(misdeeds);
  for (const [index, name] of names.entries()) {
    const second = names[(index + 1) % names.length] ?? "silence";
    it(`agrees despite ${name}, ${second} and endpoints that do all they can to hold it up`, async () => {
      const random = seededRandom(index + 1);
      world = await makeWorld({ k: 6, quorum: 4 });
      const request = world.ask({ input: name });
      const [a, b, ...honest] = (await drawnSeats(world, request)) as [Seat, Seat, ...Seat[]];
      const nodes = await Promise.all(honest.map((seat) => world.start(seat)));
      for (const seat of [a, b]) world.move(seat, await hostileEndpoint(random));
      world.post(request);
      await Promise.all([
        misdeeds[name]?.({ world, request, nodes, seat: a, random }),
        misdeeds[second]?.({ world, request, nodes, seat: b, random }),
      ]);
      const results = await agreed(world, nodes, request);
      const digests = new Set(results.map(({ digest }) => digest));
      expect(digests.size).to.equal(1);
      for (const { attested } of results) expect(attested).to.not.include.members([a.nodeId]);
      for (const node of nodes) {
        const { commits } = await node.held.read(request.requestId, 0n);
        for (const guilty of equivocators(commits)) expect([a.nodeId, b.nodeId]).to.include(guilty);
      }
    });
  }
});
