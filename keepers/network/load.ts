/** What strangers can make this node hold for them: connections, and answers that they have not read yet. */
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { ownerOf } from "./addresses.ts";

const mebibyte = 1024 * 1024;

/** "Per address" is per remote IPv4 address or IPv6 network of 64 bits. */
export type LoadBounds = {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Bytes of answers that wait to be read, of all connections together. */
  readonly unreadBytes: number;
  readonly unreadBytesPerAddress: number;
  /** A connection on which nothing moves for so long is ended. */
  readonly stallMs: number;
  /** So is one that has not read an answer whole by then, however it trickles. */
  readonly readWithinMs: number;
};

export const defaultLoadBounds: LoadBounds = {
  connections: 1_024,
  connectionsPerAddress: 128,
  unreadBytes: 128 * mebibyte,
  unreadBytesPerAddress: 16 * mebibyte,
  stallMs: 10_000,
  readWithinMs: 60_000,
};

export type Load = {
  /** Counts a connection until it closes, or ends it at once where its address has too many. */
  admit(socket: Socket): void;
  /** Books what an answer keeps in memory until it is read or its connection ends. False where too much waits already. */
  book(outgoing: ServerResponse, bytes: number): boolean;
};

/** Sums by key, which hold nothing for a key whose sum is 0. */
const makeSums = () => {
  const sums = new Map<string, number>();
  const of = (key: string): number => sums.get(key) ?? 0;
  const add = (key: string, amount: number): void => {
    const sum = of(key) + amount;
    if (sum === 0) sums.delete(key);
    else sums.set(key, sum);
  };
  return { of, add };
};

/** Makes the books of one server. */
export const makeLoad = (bounds: LoadBounds): Load => {
  const owners = new WeakMap<Socket, string>(); // a closed socket has forgotten its address
  const connections = makeSums();
  const unread = makeSums();
  let unreadInAll = 0;
  const addUnread = (owner: string, bytes: number): void => {
    unread.add(owner, bytes);
    unreadInAll += bytes;
  };

  return {
    admit: (socket) => {
      const owner = ownerOf(socket.remoteAddress ?? "unknown");
      if (connections.of(owner) >= bounds.connectionsPerAddress) return void socket.destroy();
      connections.add(owner, 1);
      owners.set(socket, owner);
      socket.once("close", () => connections.add(owner, -1));
    },
    book: (outgoing, bytes) => {
      const { socket } = outgoing.req;
      const owner = owners.get(socket);
      if (owner === undefined || outgoing.closed || socket.destroyed) return false;
      if (unreadInAll + bytes > bounds.unreadBytes) return false;
      if (unread.of(owner) + bytes > bounds.unreadBytesPerAddress) return false;
      const deadline = setTimeout(() => socket.destroy(), bounds.readWithinMs).unref();
      addUnread(owner, bytes);
      outgoing.once("close", () => {
        clearTimeout(deadline);
        addUnread(owner, -bytes);
      });
      return true;
    },
  };
};
