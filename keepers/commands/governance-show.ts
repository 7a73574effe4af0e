import { Command } from "commander";
import { formatUnits, type Hex } from "viem";
import { dcapCollateralAbi } from "../../sdk/abi/dcap-collateral.ts";
import { boundsOf, parameters, valueIn } from "../../sdk/governance/parameters.ts";
import { formatDuration, formatValue } from "../../sdk/governance/values.ts";
import type { Io } from "../cli/io.ts";
import { connected } from "../cli/options.ts";
import { chainNowS } from "../cli/reads.ts";
import { type ConnectionOptions, openSession } from "../cli/session.ts";
import { dateOf, fieldsOf, jsonLine, tableOf } from "../cli/text.ts";
import { type Governance, openGovernance } from "../governance/contracts.ts";
import { readAvailable, readEpoch, readRoles, readStreams } from "../governance/facts.ts";
import { openProposals, sentenceOf } from "../governance/proposals.ts";
import { type GovernedSettings, readSettings } from "../governance/settings.ts";

/** `atoma governance show`. */
export function showCommand(io: Io): Command {
  const command = new Command("show").description(
    "Shows all that is governed: parameters with bounds, pauses, roles, treasury, emissions, open proposals",
  );
  return connected(command).action(async (options: ConnectionOptions) => io.exit(await show(io, options)));
}

type Facts = Awaited<ReturnType<typeof readFacts>>;

const readFacts = async (io: Io, governance: Governance) => {
  const { session, addresses } = governance;
  const root = { address: session.instance.collateral, abi: dcapCollateralAbi, functionName: "root" } as const;
  const [settings, roles, available, streams, epoch, proposals, nowS, [x, y, name]] = await Promise.all([
    readSettings(io, governance),
    readRoles(io, governance),
    readAvailable(governance),
    readStreams(governance),
    addresses.emissions === undefined ? undefined : readEpoch(governance),
    openProposals(io, governance),
    chainNowS(session),
    session.context.publicClient.readContract(root),
  ]);
  const { publicKey } = session.instance.drand;
  return { settings, roles, available, streams, epoch, proposals, nowS, root: { x, y, name }, publicKey };
};

const show = async (io: Io, options: ConnectionOptions): Promise<number> => {
  const session = await openSession(io, options);
  const governance = await openGovernance(session);
  const facts = await readFacts(io, governance);
  if (options.json === true) io.out(jsonLine(valuesOf(governance, facts)));
  else for (const line of linesOf(governance, facts)) io.out(line);
  return 0;
};

const rowsOf = ({ limits }: GovernedSettings) =>
  parameters
    .filter(({ name }) => limits.values.has(name))
    .map((one) => ({ ...one, ...boundsOf(one, limits), value: valueIn(limits.values, one.name) }));

const valuesOf = (governance: Governance, { settings, proposals, available, ...facts }: Facts) => ({
  addresses: governance.addresses,
  parameters: rowsOf(settings).map(({ name, contract, setter, unit, value, least, most }) => ({
    ...{ name, contract, setter, unit, value, least, most },
  })),
  version: settings.version,
  disputesVersion: settings.disputesVersion,
  leastUnbondingS: settings.leastUnbondingS,
  unbondingNowS: settings.unbondingNowS,
  requestsPausedUntilS: settings.requestsPausedUntilS,
  registrationsPausedUntilS: settings.registrationsPausedUntilS,
  guardian: settings.guardian ?? null,
  isEscrowClosed: settings.isEscrowClosed,
  roles: facts.roles,
  treasury: { available: Object.fromEntries(available), streams: facts.streams },
  emissions: facts.epoch ?? null,
  attestationRoot: facts.root,
  beaconKey: facts.publicKey,
  proposals: proposals.map(({ id, proposer, standing }) => ({ id, proposer, ...standing })),
});

const parameterLines = ({ payment }: Governance, settings: GovernedSettings): readonly string[] =>
  tableOf(
    ["parameter", "value", "least", "most", "set by"],
    rowsOf(settings).map(({ name, unit, value, least, most, contract, setter }) => [
      name,
      ...[value, least, most].map((amount) => (amount === 2n ** 128n - 1n ? "-" : formatValue(unit, amount, payment))),
      `${contract}.${setter}`,
    ]),
  );

const pauseText = (untilS: bigint, nowS: bigint): string =>
  untilS === 0n
    ? "never paused"
    : untilS < nowS
      ? `open; the last pause ended ${dateOf(untilS)}`
      : `paused until ${dateOf(untilS)}`;

const linesOf = (governance: Governance, facts: Facts): readonly string[] => {
  const { settings, roles, nowS, proposals } = facts;
  return [
    ...parameterLines(governance, settings),
    "",
    ...fieldsOf({
      "version of parameters": `${settings.version}, of disputes ${settings.disputesVersion}`,
      "unbonding must exceed": formatDuration(settings.leastUnbondingS),
      "stake that leaves now waits": formatDuration(settings.unbondingNowS),
      requests: `${pauseText(settings.requestsPausedUntilS, nowS)}${settings.isEscrowClosed ? "; CLOSED to its roles" : ""}`,
      registrations: pauseText(settings.registrationsPausedUntilS, nowS),
      guardian: settings.guardian ?? "nobody can cancel proposals",
    }),
    "",
    ...tableOf(["contract", "address"], Object.entries(governance.addresses)),
    "",
    ...tableOf(
      ["role of", "role", "held by"],
      roles.map(({ contract, role, account, fromS }) => [
        contract,
        fromS === undefined ? role : `${role}, from ${dateOf(fromS)} on`,
        account === `0x${"0".repeat(40)}` ? "everybody" : account,
      ]),
    ),
    "",
    ...treasuryLines(governance, facts),
    ...emissionLines(facts),
    ...rootLines(facts),
    proposals.length === 0 ? "No proposal is open." : "Open proposals:",
    ...proposals.map(({ id, standing }) => `  ${id} ${sentenceOf(standing, nowS)}`),
  ];
};

const treasuryLines = ({ addresses, session }: Governance, { available, streams }: Facts): readonly string[] => [
  `Treasury, not promised: ${[...available.values()].map(({ amount, symbol, decimals }) => `${formatUnits(amount, decimals)} ${symbol}`).join(", ")}`,
  ...streams.map(({ id, token, recipient, total, paid, accrued, startS, endS }) => {
    const { decimals, symbol } = token === addresses.token ? session.tokens.payment : session.tokens.stake;
    const [whole, due, given] = [total, accrued, paid].map((amount) => formatUnits(amount, decimals));
    return `  stream ${id}: ${whole} ${symbol} to ${recipient}, ${dateOf(startS)} to ${dateOf(endS)}; ${given} paid, ${due} due`;
  }),
];

const emissionLines = ({ epoch, settings }: Facts): readonly string[] => {
  if (epoch === undefined) return ["Emissions: the deployment record names none."];
  const budget = epoch.isOpened ? epoch.budget : valueIn(settings.limits.values, "emissionBudget");
  return [
    `Emissions: epoch ${epoch.epoch} until ${dateOf(epoch.endsAtS)}, budget ${formatUnits(budget, 18)} ATOMA${epoch.isOpened ? "" : " if it is opened with all of it there"}, recorded work worth ${formatUnits(epoch.valued, 18)} ATOMA, not set aside ${formatUnits(epoch.available, 18)} ATOMA`,
  ];
};

const hexOf = (value: bigint): Hex => `0x${value.toString(16).padStart(64, "0")}`;

const rootLines = ({ root, publicKey }: Facts): readonly string[] => [
  "Fixed for this instance; another instance is needed to rotate them:",
  `  attestation root  key ${root.x} ${root.y}, name ${root.name}`,
  `  beacon key        ${publicKey.map(hexOf).join(" ")}`,
];
