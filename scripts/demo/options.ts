/** What the command line asks of the demo. */
export type DemoOptions = {
  /** Ends with one line of JSON on standard output and prints nothing else there. */
  readonly json: boolean;
  /** Stays up afterwards until Ctrl-C. */
  readonly stay: boolean;
  /** Asks a model, too. */
  readonly ai: boolean;
  /** Whose chain it runs on. */
  readonly client: "hardhat" | "anvil";
  readonly help: boolean;
};

export type Surroundings = { readonly isTerminal: boolean; readonly isCi: boolean };

const known = new Set([
  "--json",
  "--exit",
  "--ai=on",
  "--ai=off",
  "--client=hardhat",
  "--client=anvil",
  "--help",
  "-h",
]);

/** A word on the command line that means nothing here. */
export class UnknownOptionError extends Error {
  override readonly name = "UnknownOptionError";
}

/**
 * Reads the command line. The demo stays up only in a terminal, outside CI, and unless told to end.
 *
 * @throws UnknownOptionError
 */
export function parseOptions(args: readonly string[], { isTerminal, isCi }: Surroundings): DemoOptions {
  const unknown = args.filter((arg) => !known.has(arg));
  if (unknown.length > 0) throw new UnknownOptionError(`Unknown option ${unknown.join(" ")}; see --help.`);
  const json = args.includes("--json");
  const stay = isTerminal && !isCi && !json && !args.includes("--exit");
  const client = args.includes("--client=anvil") ? "anvil" : "hardhat";
  const ai = client === "hardhat" && !args.includes("--ai=off");
  return { json, stay, ai, client, help: args.includes("--help") || args.includes("-h") };
}

export const helpText = `npm start [-- OPTIONS]

Runs a whole network on this machine, on 127.0.0.1 only: a chain with a block a second, the contracts, a private beacon,
fourteen nodes with their keepers, and consumer contracts that ask them for computations, and a model for its judgement. One node is silent and one
copies; both lose nothing but their pay. A liar, an equivocator and a griefing challenger lose what they put up. Takes one to
two minutes. The exit status is 0 only if all came out as it must.

  --json   one line of JSON on standard output at the end, progress on standard error; ends afterwards
  --exit   ends when all is done; so does CI=true, and output that is no terminal. Otherwise the network stays up
           until Ctrl-C
  --ai=off leaves out the question to a model, and does not install what runs it (85 MB, once). Where it cannot be
           installed, the question is left out, too, and the demo says so
  --client=anvil
           on anvil, a second Ethereum client, instead of Hardhat's simulated chain: four requests, one of them disputed,
           while the chain is reorganised six times. Without the model
  --help   this text
`;
