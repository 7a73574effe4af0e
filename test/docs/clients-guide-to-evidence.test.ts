import { expect } from "chai";
import { concat, createPublicClient, type Hex, http, numberToHex, size, zeroHash } from "viem";
import { hardhat } from "viem/chains";
import type { WorldQuoteOptions } from "../../keepers/attestation/dev/world-quote.ts";
import { labelledKey } from "../../deploy/local/world.ts";
import { startRpcServer } from "../../scripts/demo/rpc-server.ts";
import { printSeedOnFailure } from "../helpers/attestation/seed.ts";
import {
  attestArgs,
  machineOf,
  measuredOf,
  prepareMachine,
  registerWorkload,
  revokeCertificate,
  useTeeMarket,
} from "../helpers/tee.ts";
import { checkNode, type Question } from "./clients-guide-to-evidence.example.ts";
import { blocksOf, textOf } from "./pages.ts";

describe("The client's guide to evidence", () => {
  printSeedOnFailure();
  const machine = machineOf("client's guide");
  const market = useTeeMarket(machine, { nodes: 1 });
  const firstNode = () => {
    const [node] = market().nodes;
    if (node === undefined) throw new Error("The market has no node.");
    return node;
  };

  /** A node shows a quote of the machine, as it does to be bound. */
  async function bind(quote: WorldQuoteOptions = {}): Promise<void> {
    await registerWorkload(market(), machine, { measurements: [measuredOf(machine, 0, quote)] });
    await prepareMachine(market(), machine, quote);
    await market().teeRegistry.attest(...(await attestArgs(market(), machine, firstNode(), { quote })));
  }

  /** Asks as a client does, over HTTP. */
  async function check(changes: Partial<Question> = {}) {
    const { connection, instance, workloadId } = market();
    const { nodeId, signer } = firstNode();
    const { teeRegistry, nodeRegistry, quoteVerifier: verifier } = instance;
    const server = await startRpcServer(connection.provider);
    try {
      return await checkNode(createPublicClient({ chain: hardhat, transport: http(server.url) }), {
        ...{ teeRegistry, nodeRegistry, verifier, workloadId, nodeId, signer: signer.address },
        ...{ known: [measuredOf(machine)], evaluation: machine.evaluation, fromBlock: 0n, ...changes },
      });
    } finally {
      await server.close();
    }
  }
  const failure = (changes: Partial<Question> = {}) =>
    check(changes).then(
      () => "none",
      (error: Error) => error.message,
    );

  it("shows the example that is compiled here", () => {
    expect(blocksOf("docs/clients-guide-to-evidence.md", "ts")).to.include(
      textOf("test/docs/clients-guide-to-evidence.example.ts"),
    );
  });

  for (const td of ["1.0", "1.5"] as const)
    it(`has an example that finds the evidence of a TD ${td} in order`, async () => {
      const quote = td === "1.5" ? ({ version: 5, td } as const) : {};
      await bind(quote);
      const measurement = measuredOf(machine, 0, quote);
      const found = await check({ known: [measurement] });
      expect(found).to.deep.include({ measurement, status: "UpToDate", runtimeHash: zeroHash });
      expect(found.until > 0n).to.equal(true);
    });

  it("has an example that says what is wrong", async () => {
    expect(await failure()).to.equal("The key is not bound to the workload now.");
    await bind();
    expect(await failure({ known: [] })).to.contain("has looked at the build");
    expect(await failure({ evaluation: machine.evaluation + 1 })).to.contain("TcbInfoMissing");
    await revokeCertificate(market(), machine);
    expect(await failure()).to.contain("PckIsRevoked");
  });

  it("has an example that does not take a node's evidence for its next owner's", async () => {
    await bind();
    const { nodeRegistry, owner, stranger } = market();
    const { nodeId } = firstNode();
    await nodeRegistry.connect(owner).transferOwnership(nodeId, stranger.address);
    await nodeRegistry.connect(stranger).acceptOwnership(nodeId);
    expect(await failure()).to.contain("owner has changed");
  });

  it("has an example that is not shown another key's quote by a contract that calls the registry", async () => {
    const otherBuild = { body: { mrTd: new Uint8Array(48).fill(0x66) } } satisfies WorldQuoteOptions;
    const measurements = [measuredOf(machine, 0, otherBuild), measuredOf(machine)];
    await registerWorkload(market(), machine, { measurements });
    await prepareMachine(market(), machine);
    const { teeRegistry, deployer, instance } = market();
    const signs = labelledKey("a key in the build that is known");
    const shown = await attestArgs(market(), machine, firstNode(), { keys: { signer: signs.address }, signs });
    const meant = await attestArgs(market(), machine, firstNode(), { quote: otherBuild });
    const [front, back] = [shown, meant].map(
      (args) => teeRegistry.interface.encodeFunctionData("attest", [...args]) as Hex,
    );
    const forwarder = await deployer.sendTransaction({ data: forwarderOf(instance.teeRegistry, size(front ?? "0x")) });
    const to = (await forwarder.wait())?.contractAddress ?? null;
    await deployer.sendTransaction({ to, data: concat([front ?? "0x", back ?? "0x"]) });
    expect(await failure()).to.equal("The evidence is inside a call of another contract.");
  });
});

/** Creation code of a contract that calls `target` with its calldata but for the first bytes, and reverts if that does. */
function forwarderOf(target: Hex, skipped: number): Hex {
  const skip = numberToHex(skipped, { size: 2 }).slice(2);
  const call = `61${skip}360380 61${skip}5f37 5f5f825f5f73${target.slice(2)}5af1`.replaceAll(" ", "");
  const end = (call.length / 2 + 6).toString(16).padStart(2, "0"); // of PUSH1 end JUMPI PUSH0 PUSH0 REVERT, then JUMPDEST STOP
  const code = `${call}60${end}575f5ffd5b00`;
  const length = (code.length / 2).toString(16).padStart(2, "0");
  return `0x60${length}600c60003960${length}6000f3${code}`;
}
