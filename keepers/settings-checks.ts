/** What must hold of several settings together. */
import type { Settings } from "./settings.ts";

/** What names of settings begin with in the environment. */
export const environmentPrefix = "ATOMA_KEEPER_";

const exactlyOne = (found: readonly string[], all: string): string[] => {
  if (found.length === 1) return [];
  return [found.length === 0 ? `${all} is missing.` : `Only one of ${all} can be set: ${found.join(" and ")} are.`];
};

const checkKey = ({ key }: Settings): string[] => {
  const kinds = [
    ...(key.keystoreFile === undefined ? [] : ["key.keystoreFile"]),
    ...(key.privateKey === undefined ? [] : [`${environmentPrefix}KEY_PRIVATE_KEY`]),
    ...(key.remoteUrl === undefined ? [] : ["key.remoteUrl"]),
  ];
  return [
    ...exactlyOne(kinds, `key.keystoreFile, key.remoteUrl or ${environmentPrefix}KEY_PRIVATE_KEY`),
    ...(key.keystoreFile !== undefined && key.passwordFile === undefined
      ? ["key.passwordFile is missing: the keystore needs it."]
      : []),
    ...(key.remoteUrl !== undefined && key.remotePublicKey === undefined
      ? ["key.remotePublicKey is missing: it names the key at the remote signer."]
      : []),
  ];
};

const checkDeployment = ({ chain }: Settings): string[] => {
  const kinds = [
    ...(chain.deploymentFile === undefined ? [] : ["chain.deploymentFile"]),
    ...(chain.escrow === undefined ? [] : ["chain.escrow"]),
  ];
  const needsStart = chain.escrow !== undefined && chain.startBlock === undefined;
  return [
    ...exactlyOne(kinds, "chain.deploymentFile or chain.escrow"),
    ...(needsStart ? ["chain.startBlock is missing: the block of the escrow's deployment, or one before it."] : []),
  ];
};

const checkBeacon = ({ jobs, beacon }: Settings): string[] => {
  if (!jobs.includes("beacon")) return [];
  if (beacon.source === "drand") return beacon.urls.length === 0 ? ["beacon.urls must name at least one URL."] : [];
  const kinds = [
    ...(beacon.secretKeyFile === undefined ? [] : ["beacon.secretKeyFile"]),
    ...(beacon.secretKey === undefined ? [] : [`${environmentPrefix}BEACON_SECRET_KEY`]),
  ];
  return exactlyOne(kinds, `beacon.secretKeyFile or ${environmentPrefix}BEACON_SECRET_KEY`);
};

const checkExecutor = ({ jobs, executor, models }: Settings): string[] =>
  jobs.includes("executor") && !executor.wasm && models.length === 0
    ? ["executor.wasm is false and there are no models: the executor has nothing to execute."]
    : [];

const checkAttest = ({ jobs, attest, collateral }: Settings): string[] => {
  if (!jobs.includes("attest") && !jobs.includes("collateral")) return [];
  const isDev = attest.provider === "dev";
  return [
    ...(jobs.includes("attest") && attest.hpkeKeyFile === undefined
      ? ["attest.hpkeKeyFile is missing: a path where the node's X25519 key is, or will be made."]
      : []),
    ...(isDev && attest.devSeed === undefined ? ["attest.devSeed is missing: the seed of the private network."] : []),
    ...(isDev && jobs.includes("attest") && attest.devMachine === undefined
      ? ["attest.devMachine is missing: a name of this machine in the private network."]
      : []),
    ...(isDev && collateral.baseUrl !== undefined
      ? ["collateral.baseUrl cannot be set: dev evidence has its own."]
      : []),
  ];
};

/** What is wrong with settings that are right one by one, a sentence each. */
export const problemsAcross = (settings: Settings): string[] =>
  [checkDeployment, checkKey, checkBeacon, checkExecutor, checkAttest].flatMap((check) => check(settings));
