import { expect } from "chai";
import { type AbiFunction, type AbiParameter, type Address, encodeFunctionData, getAddress, numberToHex } from "viem";
import { abiOf, type GovernedAddresses, type GovernedName } from "../../../sdk/governance/contracts.ts";
import { decodeCall } from "../../../sdk/governance/decode.ts";
import { guardianRole, roleCalls } from "../../../sdk/governance/guarded.ts";
import { parameters } from "../../../sdk/governance/parameters.ts";
import { warningsOf } from "../../../sdk/governance/warnings.ts";

const names = [
  ...["escrow", "nodeRegistry", "taskRegistry", "disputes", "teeRegistry", "treasury"],
  ...["emissions", "authority", "governor", "timelock", "atoma", "token"],
] as readonly GovernedName[];
const at = (index: number): Address => getAddress(numberToHex(0xa000 + index, { size: 20 }));
const addresses = Object.fromEntries(names.map((name, i) => [name, at(i)])) as GovernedAddresses;
const stranger = at(0x999);
const word = numberToHex(7n, { size: 32 });
const available = new Map([[addresses.token.toLowerCase(), { amount: 4_000_000n, symbol: "USD", decimals: 6 }]]);

const warnings = (target: Address, data: `0x${string}`) =>
  warningsOf(decodeCall(addresses, { target, value: 0n, data }), { addresses, available });
const of = (contract: GovernedName, functionName: string, args: readonly unknown[]) =>
  warnings(addresses[contract] ?? stranger, encodeFunctionData({ abi: abiOf(contract), functionName, args }));

/** Zeros, and nothing in lists. */
function zero({ type, ...rest }: AbiParameter): unknown {
  if (type.endsWith("]")) return [];
  if (type === "tuple") {
    const { components } = rest as { components: readonly AbiParameter[] };
    return Object.fromEntries(components.map((part) => [part.name ?? "", zero(part)]));
  }
  if (type === "string") return "";
  if (type === "bool") return false;
  if (type === "address") return at(0);
  if (type === "bytes") return "0x";
  if (type.startsWith("bytes")) return numberToHex(0n, { size: Number(type.slice(5)) });
  return Number(type.replace(/\D/g, "")) > 48 ? 0n : 0;
}

describe("Warnings about a proposal's calls", () => {
  it("are given for every call but those that governance is for, and that say by themselves what they do", () => {
    const silent = new Set(parameters.map(({ contract, setter }) => `${contract}.${setter}`));
    for (const name of ["payStream", "pullFees", "pullAwards"]) silent.add(`treasury.${name}`);
    silent.add("emissions.giveBack");
    let count = 0;
    for (const contract of names) {
      const all = abiOf(contract).filter((item): item is AbiFunction => item.type === "function");
      for (const item of all.filter(({ stateMutability }) => !["view", "pure"].includes(stateMutability))) {
        const data = encodeFunctionData({ abi: [item], args: item.inputs.map(zero) });
        const shown = warnings(addresses[contract] ?? stranger, data);
        const title = `${contract}.${item.name}`;
        expect(shown.length === 0, `${title}: ${shown.join()}`).to.equal(silent.has(title));
        count++;
      }
    }
    expect(count).to.be.greaterThan(100);
  });

  const cases: readonly (readonly [GovernedName, string, readonly unknown[], string])[] = [
    ["authority", "grantRole", [0n, stranger, 0], `gives ${stranger} the role admin, which is all power`],
    ["authority", "grantRole", [guardianRole, stranger, 0], `gives ${stranger} the role guardian`],
    ["authority", "revokeRole", [0n, stranger], `takes the role admin, which is all power from ${stranger}`],
    [
      "authority",
      "setTargetFunctionRole",
      [stranger, ["0x12345678"], 9n],
      "lets the role 9 call the unknown function 0x12345678 of",
    ],
    ["timelock", "grantRole", [word, stranger], `gives ${stranger} the timelock's role ${word}`],
    ["timelock", "revokeRole", [word, stranger], `takes the timelock's role ${word} from ${stranger}: nobody may be`],
    ["treasury", "grant", [addresses.token, stranger, 1_000_000n], `pays 1 USD, 25% of what is free, to ${stranger}`],
    ["treasury", "grant", [stranger, stranger, 5n], `5 of the token ${stranger}, which this network does not use`],
    ["treasury", "createStream", [addresses.token, stranger, 2_000_000n, 0, 1], `promises 2 USD, 50% of what is free`],
    ["treasury", "endStream", [0n], "what the stream has not accrued stays"],
    ["teeRegistry", "revokeWorkload", [word], `ends the workload ${word}`],
  ];
  it("say who gains what, and who loses it", () => {
    for (const [contract, name, args, sentence] of cases) {
      const shown = of(contract, name, args);
      expect(shown, name).to.have.length(1);
      expect(shown[0]).to.include(sentence);
    }
  });

  it("are given for the guardian's functions only where they are not the declared ones", () => {
    for (const { target, data } of roleCalls(addresses)) expect(warnings(target, data)).to.deep.equal([]);
    const row = (target: Address, selectors: readonly string[], role: bigint) =>
      of("authority", "setTargetFunctionRole", [target, selectors, role]);
    const [pause, other] = ["0x12345678", "0x87654321"];
    expect(row(addresses.escrow, [pause], guardianRole)).to.have.length(1);
    const [declared] = roleCalls(addresses).map(({ data }) => data);
    const selector = `0x${declared?.slice(10 + 64 * 4, 10 + 64 * 4 + 8)}`;
    expect(row(addresses.escrow, [selector], guardianRole)).to.deep.equal([]);
    expect(row(addresses.escrow, [selector, other], guardianRole)).to.have.length(1);
    expect(row(addresses.taskRegistry, [selector], guardianRole)).to.have.length(1);
    expect(row(addresses.escrow, [selector], 0n)).to.have.length(1);
  });
});
