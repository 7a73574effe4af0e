import { expect } from "chai";
import { getAddress } from "viem";
import { localChainId, walletOf } from "../../deploy/local/world.ts";
import { instanceOf } from "../../sdk/agreement/instance-of.ts";
import { createAtomaClient } from "../../sdk/client/create-client.ts";
import type { Deployment } from "../../sdk/client/deployment.ts";
import { instanceIn, isInstanceName, parseDeployments } from "../../sdk/client/instances.ts";
import { madeRequests } from "../../sdk/client/made-request.ts";
import { InvalidValueError } from "../../sdk/errors/invalid-value.ts";
import { type Market, openMarket } from "../helpers/market.ts";
import { requestOfFields, signatureOf, signedFields } from "../helpers/signed.ts";

const addresses = ["0x5FbDB2315678afecb367f032d93F642f64180aa3", "0x9fE46736679d2D9a65F0992F2272dE9f3c7fa6e0"] as const;
const fieldNames = ["nodeRegistry", "taskRegistry", "beacon", "token", "atoma", "authority"];
const recordOf = (escrow: string) => ({
  ...Object.fromEntries(fieldNames.map((name) => [name, addresses[0]])),
  ...{ escrow, chainId: 1, deployedAtBlock: 0 },
});
const [one, other] = [recordOf(addresses[0]), recordOf(addresses[1])];
const both = { instances: { v1: one, v2: other } };

describe("A deployment record of several instances", () => {
  const refused = (work: () => unknown, ...parts: readonly string[]): void => {
    let failure: unknown;
    try {
      work();
    } catch (error) {
      failure = error;
    }
    expect(failure).to.be.instanceOf(InvalidValueError);
    for (const part of parts) expect(String(failure)).to.include(part);
  };

  it("gives the one that is named", () => {
    expect(instanceIn(both, "v2")).to.equal(other);
    expect(instanceIn({ instances: { v1: one } })).to.equal(one);
    expect(instanceIn(one)).to.equal(one);
    expect(instanceIn({ ...one, instance: "v1" }, "v1")).to.deep.include({ escrow: one.escrow });
  });

  it("gives none where the name is unknown, or is missing and several are there", () => {
    refused(() => instanceIn(both, "v3"), "v3 is not there", "v1, v2");
    refused(() => instanceIn(both), "choose one of v1, v2");
    refused(() => instanceIn(one, "v1"), "it has no name");
    refused(() => instanceIn({ ...one, instance: "v2" }, "v1"), "it is called v2");
    for (const name of ["__proto__", "constructor", "toString"]) refused(() => instanceIn(both, name), "is not there");
  });

  it("has names that are safe in files, metrics and terminals", () => {
    for (const name of ["", "../v1", "V1", "a b", "-v", "a".repeat(33), "v1\u001b[31m"]) {
      expect(isInstanceName(name), name).to.equal(false);
      refused(() => instanceIn({ instances: { [name]: one } }), "is no name");
    }
    refused(() => instanceIn(JSON.parse('{"instances":{"__proto__":{}}}')), "is no name");
    refused(() => instanceIn({ instances: {} }), "it names none");
    refused(() => instanceIn({ instances: [one] }), "records by name");
    refused(() => instanceIn(undefined), "not an object");
  });

  it("is read whole, with a name for each, and no instance twice", () => {
    expect(parseDeployments(both).map(({ name, deployment }) => [name, deployment.escrow])).to.deep.equal([
      ["v1", addresses[0]],
      ["v2", addresses[1]],
    ]);
    expect(parseDeployments(one).map(({ name }) => name)).to.deep.equal([undefined]);
    expect(parseDeployments({ ...one, instance: "v1" }).map(({ name }) => name)).to.deep.equal(["v1"]);
    refused(() => parseDeployments({ instances: { v1: one, v2: one } }), "v1 and v2 have one escrow");
    refused(() => parseDeployments({ instances: { v1: one, v2: { ...other, beacon: "0x" } } }), "beacon");
    refused(() => parseDeployments({ ...one, instance: 7 }), "is no name");
  });
});

describe("Clients of two instances", () => {
  let [v1, v2]: [Market, Market] = [undefined as never, undefined as never];
  before(async () => {
    v1 = await openMarket({ nodes: 12 });
    v2 = await openMarket({ nodes: 12, beside: v1.world });
  });

  const clientOf = ({ world, connection, instance, requester }: Market) => {
    const { paymentToken: token, atoma } = world;
    const deployment: Deployment = { ...instance, chainId: localChainId, token, atoma, deployedAtBlock: 0n };
    const walletClient = walletOf(connection, getAddress(requester.address));
    return createAtomaClient({ publicClient: world.chain, walletClient, deployment });
  };
  const failureOf = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

  it("say which instance a request is of, and take no other's for their own", async () => {
    const [first, second] = [clientOf(v1), clientOf(v2)];
    const made = await second.request({ taskId: 1n, units: 100n, maxAsk: 10n, k: 5n, input: "0x1234" });
    expect(made.escrow).to.equal(v2.instance.escrow);
    const receipt = await v2.world.chain.getTransactionReceipt({ hash: made.transactionHash });
    expect(madeRequests(receipt).map(({ escrow }) => escrow)).to.deep.equal([v2.instance.escrow]);
    expect(await second.result(made)).to.equal(undefined);
    for (const work of [first.result(made), first.wait(made).next()]) {
      const failure = await failureOf(work);
      expect(failure).to.be.instanceOf(InvalidValueError);
      expect(String(failure)).to.include(`it was made in escrow ${v2.instance.escrow}`);
    }
  });

  it("find by its requester's signature where a signed request belongs", async () => {
    const places = [v1, v2].map(({ instance }) => ({ chainId: localChainId, escrow: instance.escrow }));
    const request = requestOfFields(v2, await signedFields(v2));
    const { words } = request;
    const signature = await signatureOf(v2, request);
    expect(instanceOf(places, { request: words, signature })).to.equal(places[1]);
    expect(instanceOf(places.slice(0, 1), { request: words, signature })).to.equal(undefined);
    expect(instanceOf(places, { request: { ...words, work: words.work + 1n }, signature })).to.equal(undefined);
    const elsewhere = await signatureOf(v1, request); // the same words
    expect(instanceOf(places, { request: words, signature: elsewhere })).to.equal(places[0]);
    const stranger = await signatureOf(v2, request, v2.stranger.address);
    expect(instanceOf(places, { request: words, signature: stranger })).to.equal(undefined);
  });
});
