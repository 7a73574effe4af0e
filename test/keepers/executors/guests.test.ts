import { expect } from "chai";
import { decodeAbiParameters, encodeAbiParameters, hexToString, parseAbiParameters, toBytes, toHex } from "viem";
import { ExecutionStatus, type ExecutionResult } from "../../../keepers/executors/executor.ts";
import { makeWasmExecutor } from "../../../keepers/executors/wasm/executor.ts";
import { ascii, guest, limitsOf, seededRandom, taskOf } from "./fixtures.ts";

const executor = makeWasmExecutor();
const foldOutput = parseAbiParameters("int256 energy, uint256 nodes, bool proved, bytes fold");

async function execute(name: string, input: Uint8Array): Promise<ExecutionResult> {
  return executor.execute(taskOf(guest(name)), input, limitsOf({ fuel: 20_000_000_000n }));
}

async function fold(sequence: string, nodes?: number) {
  const result = await execute("fold", ascii(nodes === undefined ? sequence : `${sequence}:${nodes}`));
  expect(result.status, sequence).to.equal(ExecutionStatus.Success);
  const [energy, searched, proved, directions] = decodeAbiParameters(foldOutput, toHex(result.output));
  // the guest's encoding is the canonical one, byte for byte
  expect(toHex(result.output)).to.equal(encodeAbiParameters(foldOutput, [energy, searched, proved, directions]));
  return {
    energy: Number(energy),
    nodes: Number(searched),
    proved,
    directions: hexToString(directions),
    size: result.output.length,
    usage: result.usage,
  };
}

const steps: Readonly<Record<string, readonly [number, number]>> = { R: [1, 0], L: [-1, 0], U: [0, 1], D: [0, -1] };

/** Energy of a fold by the definition of the model; throws where the chain meets itself. */
function energyOf(sequence: string, directions: string): number {
  const cells: [number, number][] = [[0, 0]];
  for (const direction of directions) {
    const [x, y] = cells[cells.length - 1] ?? [0, 0];
    const [dx, dy] = steps[direction] ?? [Number.NaN, Number.NaN];
    cells.push([x + dx, y + dy]);
  }
  expect(cells.length).to.equal(sequence.length);
  expect(new Set(cells.map(String)).size, "the chain meets itself").to.equal(cells.length);
  let contacts = 0;
  for (let i = 0; i < cells.length; i++) {
    for (let j = i + 2; j < cells.length; j++) {
      const distance =
        Math.abs((cells[i]?.[0] ?? 0) - (cells[j]?.[0] ?? 0)) + Math.abs((cells[i]?.[1] ?? 0) - (cells[j]?.[1] ?? 0));
      if (distance === 1 && sequence[i] === "H" && sequence[j] === "H") contacts++;
    }
  }
  return contacts === 0 ? 0 : -contacts;
}

/** The least energy over every self-avoiding walk, without any bound or symmetry. */
function bruteForce(sequence: string): number {
  const size = 2 * sequence.length + 1;
  const grid = new Int8Array(size * size).fill(-1);
  const isH = [...sequence].map((letter) => letter === "H");
  let best = 0;
  function walk(index: number, cell: number, contacts: number): void {
    let gained = 0;
    for (const neighbour of [cell + 1, cell - 1, cell + size, cell - size]) {
      const other = grid[neighbour] ?? -1;
      if (isH[index] === true && other >= 0 && other < index - 1 && isH[other] === true) gained++;
    }
    if (index === sequence.length - 1) {
      best = Math.max(best, contacts + gained);
      return;
    }
    grid[cell] = index;
    for (const next of [cell + 1, cell - 1, cell + size, cell - size]) {
      if (grid[next] === -1) walk(index + 1, next, contacts + gained);
    }
    grid[cell] = -1;
  }
  walk(0, sequence.length * size + sequence.length, 0);
  return best === 0 ? 0 : -best;
}

describe("The guest fold", () => {
  const benchmarks: readonly (readonly [string, number, number])[] = [
    ["HPHPPHHPHPPHPHHPPHPH", -9, 2_000_000],
    ["HHPPHPPHPPHPPHPPHPPHPPHH", -9, 5_000_000],
    ["PPHPPHHPPPPHHPPPPHHPPPPHH", -8, 2_000_000],
  ];
  for (const [sequence, energy, nodes] of benchmarks) {
    it(`finds the optimum ${energy} of ${sequence} and proves it`, async () => {
      const found = await fold(sequence, nodes);
      expect(found.energy).to.equal(energy);
      expect(found.proved).to.equal(true);
      expect(energyOf(sequence, found.directions)).to.equal(energy);
      console.log(`      ${found.nodes} nodes, ${found.usage} fuel`);
    });
  }

  it("finds those optima with its default number of nodes, too", async () => {
    for (const [sequence, energy] of benchmarks) expect((await fold(sequence)).energy).to.equal(energy);
  });

  it("equals an independent brute force on 30 random sequences of up to 14 residues", async () => {
    const random = seededRandom(14);
    for (let index = 0; index < 30; index++) {
      const length = index < 6 ? 14 : 2 + (random() % 13);
      const sequence = Array.from({ length }, () => (random() % 5 < 3 ? "H" : "P")).join("");
      const found = await fold(sequence);
      expect(found.proved, sequence).to.equal(true);
      expect(found.energy, sequence).to.equal(bruteForce(sequence));
      expect(energyOf(sequence, found.directions), sequence).to.equal(found.energy);
    }
  });

  it("ends within its number of nodes with a real fold, proved or not, in at most 512 bytes", async () => {
    const long = "HPHHPHPPHH".repeat(7).slice(0, 64);
    for (const nodes of [1, 2, 100, 10_000, 200_000]) {
      const found = await fold(long, nodes);
      expect(found.nodes).to.be.at.most(nodes);
      expect(found.proved).to.equal(false);
      expect(energyOf(long, found.directions)).to.equal(found.energy);
      expect(found.size).to.be.at.most(512);
    }
    expect((await fold(long, 200_000)).energy).to.be.lessThan((await fold(long, 1)).energy);
  });

  it("refuses what is not a sequence", async () => {
    const wrong = [
      "",
      "H",
      "HPX",
      "hp",
      "HP:",
      "HP:0",
      "HP:x",
      "HP:-1",
      "HP:10000000001",
      "HP:99999999999999999999",
      "HP:5:5",
      "H".repeat(65),
      "H".repeat(1_000),
      "HP\n",
    ];
    for (const input of wrong)
      expect((await execute("fold", ascii(input))).status, input).to.equal(ExecutionStatus.BadInput);
  });
});

const wad = 10n ** 18n;
const tuneInput = parseAbiParameters("uint256, uint256, uint256, uint256, uint256, uint256[]");
const tuneOutput = parseAbiParameters("uint256, uint256, uint256, uint256");
type Market = { target: bigint; base: bigint; slope1: bigint; slope2: bigint; kink: bigint; history: bigint[] };

const encodeMarket = ({ target, base, slope1, slope2, kink, history }: Market): Uint8Array =>
  toBytes(encodeAbiParameters(tuneInput, [target, base, slope1, slope2, kink, history]));

async function tune(market: Market): Promise<readonly bigint[]> {
  const result = await execute("tune", encodeMarket(market));
  expect(result.status).to.equal(ExecutionStatus.Success);
  return decodeAbiParameters(tuneOutput, toHex(result.output));
}

/** The documented model, on its own: every number in billionths, losses in 1e-15. */
function tuneByHand(market: Market): readonly bigint[] {
  const nano = 10n ** 9n;
  const [target, kink] = [market.target / nano, market.kink / nano];
  const history = market.history.map((value) => value / nano);
  const current = [market.base / nano, market.slope1 / nano, market.slope2 / nano] as const;
  const limits = [nano, 5n * nano, 5n * nano] as const;
  type Curve = readonly [bigint, bigint, bigint];
  const clamp = (value: bigint, high: bigint): bigint => (value < 0n ? 0n : value > high ? high : value);
  const rate = (u: bigint, [base, slope1, slope2]: Curve): bigint =>
    u <= kink ? base + (slope1 * u) / kink : base + slope1 + (slope2 * (u - kink)) / (nano - kink);
  const loss = (curve: Curve): bigint => {
    const total = history.reduce((sum, u) => {
      const distance = clamp(u - 2n * (rate(u, curve) - rate(u, current)), nano) - target;
      return sum + ((distance * distance) / 1_000n) * (distance > 0n ? 3n : 1n);
    }, 0n);
    return total / BigInt(history.length);
  };
  const offsets = Array.from({ length: 9 }, (_, index) => BigInt(index - 4));
  const option = (index: 0 | 1 | 2, steps: bigint): bigint => {
    const step = current[index] / 40n;
    return clamp(current[index] + steps * (step > 1_000_000n ? step : 1_000_000n), limits[index]);
  };
  let best: { curve: Curve; value: bigint } = { curve: current, value: loss(current) };
  for (const i of offsets)
    for (const j of offsets)
      for (const k of offsets) {
        const curve: Curve = [option(0, i), option(1, j), option(2, k)];
        const value = loss(curve) + (i * i + j * j + k * k) * nano;
        if (value < best.value) best = { curve, value };
      }
  return [...best.curve.map((value) => value * nano), best.value * 1_000n];
}

function market(overrides: Partial<Market> = {}): Market {
  const curve = { base: wad / 100n, slope1: (wad * 4n) / 100n, slope2: (wad * 60n) / 100n };
  return {
    target: (wad * 80n) / 100n,
    kink: (wad * 80n) / 100n,
    ...curve,
    history: [wad / 2n, (wad * 95n) / 100n],
    ...overrides,
  };
}

describe("The guest tune", () => {
  it("equals an independent computation on random markets", async () => {
    const random = seededRandom(7);
    const fraction = (limit: bigint): bigint => (((BigInt(random()) << 32n) | BigInt(random())) * limit) >> 64n;
    for (let index = 0; index < 20; index++) {
      const history = Array.from({ length: 1 + (random() % 12) }, () => fraction(wad + 1n));
      const slopes = { slope1: fraction(index % 3 === 0 ? 5n * wad : wad / 5n), slope2: fraction(5n * wad) };
      const each = market({
        target: fraction(wad),
        kink: 10n ** 9n + fraction(wad - 2n * 10n ** 9n),
        base: fraction(wad / 5n),
        ...slopes,
        history,
      });
      expect(await tune(each), `market ${index}`).to.deep.equal(tuneByHand(each));
    }
  });

  it("raises rates when utilisation is too high and lowers them when it is too low, step by step", async () => {
    const [, , steep] = await tune(market({ history: Array<bigint>(24).fill((wad * 97n) / 100n) }));
    const [low, gentle] = await tune(market({ history: Array<bigint>(24).fill((wad * 40n) / 100n) }));
    expect((steep ?? 0n) > market().slope2).to.equal(true);
    expect((low ?? 0n) < market().base && (gentle ?? 0n) < market().slope1).to.equal(true);
  });

  it("keeps a curve that already holds the target", async () => {
    const { base, slope1, slope2, target } = market();
    expect(await tune(market({ history: [target, target] }))).to.deep.equal([base, slope1, slope2, 0n]);
  });

  it("takes the largest values it allows and a history of 1,024", async () => {
    const extremes = market({ base: wad, slope1: 5n * wad, slope2: 5n * wad, history: [0n, wad, wad] });
    expect(await tune(extremes)).to.deep.equal(tuneByHand(extremes));
    const long = market({ history: Array.from({ length: 1_024 }, (_, index) => (wad * BigInt(index)) / 1_023n) });
    expect((await tune(long)).length).to.equal(4);
  });

  it("refuses what is not a market", async () => {
    const good = encodeMarket(market());
    const withWord = (index: number, value: bigint): Uint8Array => {
      const copy = Uint8Array.from(good);
      copy.set(toBytes(value, { size: 32 }), 32 * index);
      return copy;
    };
    const wrong = [
      new Uint8Array(),
      good.subarray(1),
      Uint8Array.from([...good, 0]),
      encodeMarket(market({ history: [] })),
    ];
    wrong.push(
      encodeMarket(market({ history: Array<bigint>(1_025).fill(0n) })),
      encodeMarket(market({ kink: wad })),
      encodeMarket(market({ kink: 5n })),
    );
    wrong.push(
      withWord(0, wad + 1n),
      withWord(1, wad + 1n),
      withWord(2, 5n * wad + 1n),
      withWord(0, 1n << 64n),
      withWord(5, 0n),
      withWord(6, 2n ** 255n),
      withWord(7, wad + 1n),
    );
    for (const [index, input] of wrong.entries()) {
      expect((await execute("tune", input)).status, `case ${index}`).to.equal(ExecutionStatus.BadInput);
    }
  });
});
