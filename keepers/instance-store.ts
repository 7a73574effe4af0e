/**
 * Where an instance keeps its rows. Of a keeper that serves one, all is in one file. Of one that serves several, the file of
 * the settings holds the key's transactions and the rows of one instance; each other has a file of its own beside it, named
 * by its escrow, so that neither a new name nor a new order of instances parts a node from what it signed.
 */
import { existsSync } from "node:fs";
import { parse, resolve } from "node:path";
import { StoreError } from "./runtime/errors.ts";
import { getValue, setValue, type Store } from "./runtime/store.ts";

export type InstanceStoreDeps = {
  /** The store at `path`. */
  readonly keyStore: Store;
  readonly path: string;
  /** Opens another store. */
  readonly open: (path: string) => Promise<Store>;
};

export type InstanceStoreOptions = {
  readonly chainId: number;
  readonly escrow: string;
  /** Whether a file may be made beside the first. */
  readonly mayAdd: boolean;
};

const inMemory = ":memory:";

/** The file of an instance beside that of the key. */
export const pathBeside = (path: string, escrow: string): string => {
  if (path === inMemory) return path;
  const { dir, name, ext } = parse(path);
  return resolve(dir, `${name}.${escrow.toLowerCase()}${ext}`);
};

/** Ties a store to an instance for good, unless it belongs to another. Answers to which. */
const claim = (store: Store, instance: string): Promise<string> =>
  store.tx(async (tx) => {
    const owner = await getValue(tx, "keeper", "instance");
    if (owner === undefined) await setValue(tx, "keeper", "instance", instance);
    return owner ?? instance;
  });

const refuse = (owner: string, instance: string): StoreError =>
  new StoreError(`the store belongs to the instance ${owner}, not to ${instance}: use another store.path`);

/** The store of an instance: that of the key, or one that is the instance's alone. Throws StoreError. */
export const openInstanceStore = async (
  { keyStore, path, open }: InstanceStoreDeps,
  { chainId, escrow, mayAdd }: InstanceStoreOptions,
): Promise<Store> => {
  const instance = `${chainId}:${escrow}`;
  const beside = pathBeside(path, escrow);
  const isThere = beside !== inMemory && existsSync(beside);
  const owner = isThere ? undefined : await claim(keyStore, instance);
  if (owner === instance) return keyStore;
  if (owner !== undefined && !mayAdd) throw refuse(owner, instance);
  const own = await open(beside);
  const holder = await claim(own, instance);
  if (holder === instance) return own;
  await own.close();
  throw refuse(holder, instance);
};
