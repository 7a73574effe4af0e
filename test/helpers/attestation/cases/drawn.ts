/** Whole worlds drawn at random, all under one root: every kind of quote, every status, every merge of statuses. */
import { mintKey, type SChoice } from "../../../../keepers/attestation/dev/key.ts";
import { type Random, seededRandom } from "../../../../keepers/attestation/dev/random.ts";
import { type Status, statuses } from "../../../../sdk/attestation/status.ts";
import { caseSeed } from "../seed.ts";
import { mintWorld, type World, type WorldOptions } from "../world.ts";
import { ask, type MintedQuestion } from "./ask.ts";
import { kinds, mergeCase, merges } from "./kinds.ts";

/** What is asked; nothing is said of what has to come out. */
export type DrawnCase = readonly [title: string, question: () => MintedQuestion];

const worldsPerKind = 3;
const underOneRoot = { certificates: { root: { key: mintKey(seededRandom(caseSeed("root of all"))) } } };

const draw = (random: Random, status: Status): World =>
  mintWorld({
    ...underOneRoot,
    seed: random.seed,
    ca: random.pick(["platform", "processor"]),
    status: { platform: status },
  });

/** A random world's quote of this kind, with signatures of either half of s. */
const askDrawn = (name: string, kind: (typeof kinds)[number], status: Status): MintedQuestion => {
  const random = seededRandom(caseSeed(name));
  const world = draw(random, status);
  const s = random.pick<SChoice>(["any", "low", "high"]);
  const { version, tee, td } = kind;
  const quote = world.quote({ version, tee, td, s, qeS: s, nul: random.chance(0.5) });
  return ask(world, { quote: quote.bytes, collateral: world.collateral({ tee, s }) });
};

export const drawnWorlds: readonly DrawnCase[] = kinds.flatMap((kind) =>
  [...Array<Status>(worldsPerKind).fill("UpToDate"), ...statuses].map((status, i): DrawnCase => {
    const title = `version ${kind.version}, ${kind.body}, ${status}, world ${i}`;
    return [title, () => askDrawn(title, kind, status)];
  }),
);

/** Without advisories, which the next case is about. */
export const mergedWorlds: readonly DrawnCase[] = merges.map(([platform, module, qe]) => [
  `a platform ${platform} with a module ${module} and an enclave ${qe}`,
  () => askAdvised(mergeCase(platform, module, qe, underOneRoot), undefined),
]);

export const advisedWorlds: readonly DrawnCase[] = [
  [
    "advisories of platform, module and enclave",
    () => askAdvised(mergeCase("OutOfDate", "OutOfDate", "OutOfDate", underOneRoot), ["PLATFORM", "MODULE", "ENCLAVE"]),
  ],
];

/** Every level of the platform, its module and its enclave names this advisory, or none. */
function askAdvised(world: World, advisories: readonly [string, string, string] | undefined): MintedQuestion {
  const [info, identity] = [world.tcbInfo("TDX"), world.qeIdentity("TDX")];
  const advised = <T extends object>(level: T, i: 0 | 1 | 2) => ({
    ...level,
    advisoryIDs: advisories?.slice(i, i + 1) ?? [],
  });
  const changes: Required<Pick<WorldOptions, "tcbInfo" | "qeIdentity">> = {
    tcbInfo: {
      tcbLevels: info.tcbLevels.map((level) => advised(level, 0)),
      tdxModuleIdentities: (info.tdxModuleIdentities ?? []).map((module) => ({
        ...module,
        tcbLevels: module.tcbLevels.map((level) => advised(level, 1)),
      })),
    },
    qeIdentity: { tcbLevels: identity.tcbLevels.map((level) => advised(level, 2)) },
  };
  return ask(world, { collateral: world.collateral(changes) });
}
