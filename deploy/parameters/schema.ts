import { z } from "zod";
import { boundsOf, type Limits, parameterOf, type Unit } from "../../sdk/governance/parameters.ts";
import { address, amount, whole, word } from "./fields.ts";

const dayS = 86_400;
const uint128 = 2n ** 128n - 1n;
const field = 2n ** 254n;

const unitWords: Readonly<Record<Unit, string>> = {
  seconds: "seconds",
  basisPoints: "basis points",
  percent: "percent of the supply",
  count: "jurors",
  atoma: "10^-18 ATOMA",
  paymentPerAtoma: "units of the payment token per ATOMA",
  millionths: "millionths of the payment token",
};

/** Where a bound depends on other values of the file, the widest; `networkFaults` looks at them together. */
const widest: Limits = {
  values: new Map([["votingPeriod", 30n * 86_400n]]),
  leastTimesS: { beaconDelay: 1n, chainPhase: 1n },
  ...{ leastVotingTimeS: 1n, leastDelayS: 0n, supply: 2n ** 207n, mostBudget: uint128 },
};

/** Bounds of what governance can change, as the contracts have them, and the unit in words. */
function termsOf(name: string): readonly [least: bigint, most: bigint, unit: string] {
  const parameter = parameterOf(name);
  if (parameter === undefined) throw new Error(`There is no parameter ${name}.`);
  const { least, most } = boundsOf(parameter, widest);
  return [least, most, unitWords[parameter.unit]];
}

const governed = (name: string) => {
  const [least, most, unit] = termsOf(name);
  return whole(Number(least), Number(most), unit);
};
const governedAmount = (name: string) => amount(...termsOf(name));

/** Bounds that the contracts check too, so that a value outside them is named before anything is sent. */
export const instanceSchema = z.strictObject({
  unbonding: governed("unbonding"),
  taskSettings: z.strictObject({
    activationDelay: governed("activationDelay"),
    maxSnapshotAge: governed("maxSnapshotAge"),
    noShowSlash: governed("noShowSlash"),
    publisherBond: governedAmount("publisherBond"),
  }),
  stakePrice: amount(1n, uint128, "units of the payment token per ATOMA"),
  parameters: z.strictObject({
    protocolFee: governed("protocolFee"),
    fallbackDelay: governed("fallbackDelay"),
    chainPhase: governed("chainPhase"),
    beaconDelay: governed("beaconDelay"),
    expireDelay: governed("expireDelay"),
    beaconTimeout: governed("beaconTimeout"),
    disputeWindow: governed("disputeWindow"),
    reputationFloor: governed("reputationFloor"),
    tipFloor: governed("tipFloor"),
  }),
  disputeParameters: z.strictObject({
    panelMin: governed("panelMin"),
    panelWindow: governed("panelWindow"),
    appealWindow: governed("appealWindow"),
    punishWindow: governed("punishWindow"),
    jurorSlash: governed("jurorSlash"),
  }),
  beaconGenesis: amount(1n, 2n ** 40n, "Unix seconds"),
  beaconPeriod: amount(1n, 300n, "seconds"),
  beaconPublicKey: z.array(amount(0n, field, "coordinate")).length(4, { error: "must hold x1, x0, y1 and y0" }),
  attestationRoot: z.strictObject({ x: word, y: word, name: word }),
});

const governanceSchema = z.strictObject({
  timelockDelay: governed("timelockDelay"),
  leastVotingTime: whole(1, 30 * dayS, "seconds"),
  votingDelay: governed("votingDelay"),
  votingPeriod: governed("votingPeriod"),
  lateQuorumExtension: governed("lateQuorumExtension"),
  proposalThreshold: amount(0n, uint128, "10^-18 ATOMA"),
  quorumPercent: governed("quorum"),
});

const emissionsSchema = z.strictObject({
  epochLength: whole(1, 90 * dayS, "seconds"),
  mostBudget: amount(0n, uint128, "10^-18 ATOMA"),
  emissionPrice: amount(1n, uint128, "units of the payment token per ATOMA"),
});

const supply = amount(10n ** 18n, 2n ** 207n, "10^-18 ATOMA");

/** A network's file: every value that a deployment chooses. docs/deploy.md says what each means. */
export const networkSchema = z.strictObject({
  $comment: z.string().optional(),
  name: z.string().regex(/^[a-z0-9-]{1,32}$/, { error: "must be 1 to 32 of a-z, 0-9 and -" }),
  kind: z.enum(["local", "public"], { error: 'must be "local" or "public"' }),
  chainId: whole(1, Number.MAX_SAFE_INTEGER, "a chain id"),
  blockTime: whole(1, 60, "seconds"),
  confirmations: whole(1, 200, "blocks"),
  paymentToken: z.union([z.literal("deploy"), z.strictObject({ address, decimals: whole(6, 24, "decimals") })], {
    error: 'must be { "address", "decimals" }, the address with a right checksum, or "deploy" in a local network',
  }),
  atoma: z.union(
    [z.strictObject({ address }), z.strictObject({ holder: z.union([z.literal("deployer"), address]), supply })],
    {
      error:
        'must be { "address" } of a token that exists, or { "holder", "supply" } for a new one; addresses with a right checksum, the supply a decimal string',
    },
  ),
  guardian: address,
  governance: governanceSchema,
  emissions: emissionsSchema,
  instance: instanceSchema,
});

/** A network's file, read. */
export type NetworkFile = z.infer<typeof networkSchema>;
