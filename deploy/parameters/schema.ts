import { z } from "zod";
import { address, amount, whole, word } from "./fields.ts";

const dayS = 86_400;
const uint128 = 2n ** 128n - 1n;
const field = 2n ** 254n;

/** Bounds that the contracts check too, so that a value outside them is named before anything is sent. */
export const instanceSchema = z.strictObject({
  unbonding: whole(60, 60 * dayS, "seconds"),
  taskSettings: z.strictObject({
    activationDelay: whole(0, 7 * dayS, "seconds"),
    maxSnapshotAge: whole(3_600, 3 * dayS, "seconds"),
    noShowSlash: whole(0, 1_000, "basis points"),
    publisherBond: amount(0n, 100_000n * 10n ** 18n, "10^-18 ATOMA"),
  }),
  stakePrice: amount(1n, uint128, "units of the payment token per ATOMA"),
  parameters: z.strictObject({
    protocolFee: whole(0, 1_000, "basis points"),
    fallbackDelay: whole(1, 3_600, "seconds"),
    chainPhase: whole(1, 3_600, "seconds"),
    beaconDelay: whole(1, 300, "seconds"),
    expireDelay: whole(1, 3_600, "seconds"),
    beaconTimeout: whole(60, 7 * dayS, "seconds"),
    disputeWindow: whole(1, 7 * dayS, "seconds"),
    reputationFloor: whole(0, 1_000_000_000, "millionths of the payment token"),
    tipFloor: whole(0, 10_000_000, "millionths of the payment token"),
  }),
  disputeParameters: z.strictObject({
    panelMin: whole(7, 43, "jurors"),
    panelWindow: whole(1, dayS, "seconds"),
    appealWindow: whole(1, dayS, "seconds"),
    punishWindow: whole(1, dayS, "seconds"),
    jurorSlash: whole(0, 2_500, "basis points"),
  }),
  beaconGenesis: amount(1n, 2n ** 40n, "Unix seconds"),
  beaconPeriod: amount(1n, 300n, "seconds"),
  beaconPublicKey: z.array(amount(0n, field, "coordinate")).length(4, { error: "must hold x1, x0, y1 and y0" }),
  attestationRoot: z.strictObject({ x: word, y: word, name: word }),
});

const governanceSchema = z.strictObject({
  timelockDelay: whole(0, 30 * dayS, "seconds"),
  leastVotingTime: whole(1, 30 * dayS, "seconds"),
  votingDelay: whole(1, 30 * dayS, "seconds"),
  votingPeriod: whole(1, 30 * dayS, "seconds"),
  lateQuorumExtension: whole(0, 30 * dayS, "seconds"),
  proposalThreshold: amount(0n, uint128, "10^-18 ATOMA"),
  quorumPercent: whole(1, 20, "percent of the supply"),
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
    error: 'must be { "address", "decimals" }, or "deploy" in a local network',
  }),
  atoma: z.union(
    [z.strictObject({ address }), z.strictObject({ holder: z.union([z.literal("deployer"), address]), supply })],
    {
      error: 'must be { "address" } of a token that exists, or { "holder", "supply" } for a new one',
    },
  ),
  guardian: address,
  governance: governanceSchema,
  emissions: emissionsSchema,
  instance: instanceSchema,
});

/** A network's file, read. */
export type NetworkFile = z.infer<typeof networkSchema>;
