/** Endpoints of committee members: one that tells the truth, and several that do not. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Hex } from "viem";
import { z } from "zod";
import { committeeOf, type LocalRequest } from "../../deploy/local/committee.ts";
import { type AttestationWithResult, heldSchema } from "../../keepers/network/messages.ts";
import type { Market } from "../helpers/market.ts";

type Behaviour = (response: ServerResponse, truth: string) => void;

const hostile: readonly Behaviour[] = [
  (response) => response.writeHead(101, { upgrade: "x", connection: "Upgrade" }).flushHeaders(), // not HTTP any more
  (response) => void response.writeHead(500).end("<html>no</html>"),
  (response) => void response.end("{"),
  (response) => void response.end(JSON.stringify({ requestId: "0x", commits: "x".repeat(5 * 1024 * 1024) })),
  (response, truth) => void response.end(truth.replaceAll(/"signature":"0x../g, '"signature":"0xff')),
];

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** Registers endpoints for all members: the last one drawn tells the truth, the others lie, each time in the next way. */
export const startMembers = async (
  market: Market,
  request: LocalRequest,
  attestations: readonly AttestationWithResult[],
  asked: Hex[],
): Promise<{ close(): Promise<void> }> => {
  const results = attestations.slice(0, 1).map(({ digest, result }) => ({ digest, ...result }));
  const bare = attestations.map(({ result: _result, ...one }) => one);
  const held = { requestId: request.requestId, commits: [], attestations: bare, results };
  const truth = JSON.stringify(z.encode(heldSchema, held));
  const members = await committeeOf(market.world, request);
  const servers = members.map((_, seat) => {
    let turn = seat;
    return createServer((incoming, response) => {
      asked.push((incoming.url ?? "").split("/").at(-1) as Hex);
      if (seat === members.length - 1) response.end(truth);
      else hostile[turn++ % hostile.length]?.(response, truth);
    });
  });
  for (const [seat, { nodeId }] of members.entries()) {
    const server = servers[seat];
    if (server === undefined) continue;
    await market.nodeRegistry.connect(market.owner).setEndpoint(nodeId, await listen(server));
  }
  return {
    close: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
    },
  };
};
