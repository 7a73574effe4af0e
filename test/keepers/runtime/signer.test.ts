import { expect } from "chai";
import { Wallet } from "ethers";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Hex,
  keccak256,
  recoverTransactionAddress,
  type TransactionSerializedEIP1559,
  verifyTypedData,
} from "viem";
import { privateKeyToAccount, sign, serializeSignature } from "viem/accounts";
import { errorLine, SignerError } from "../../../keepers/runtime/errors.ts";
import { keystoreSigner } from "../../../keepers/runtime/signer-keystore.ts";
import { remoteSigner } from "../../../keepers/runtime/signer-remote.ts";
import { privateKeySigner, type Signer } from "../../../keepers/runtime/signer.ts";

const key: Hex = `0x${"4c".repeat(32)}`;
const otherKey: Hex = `0x${"5d".repeat(32)}`;
const account = privateKeyToAccount(key);

const transaction = {
  chainId: 31_337,
  nonce: 7,
  to: account.address,
  data: "0x1234" as Hex,
  value: 5n,
  gas: 90_000n,
  maxFeePerGas: 30_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
};
const typedData = {
  domain: { name: "Atoma", version: "1", chainId: 31_337, verifyingContract: account.address },
  types: {
    Member: [{ name: "wallet", type: "address" }],
    Commit: [
      { name: "requestId", type: "bytes32" },
      { name: "level", type: "uint256" },
      { name: "members", type: "Member[]" },
    ],
  },
  primaryType: "Commit",
  message: { requestId: keccak256("0x01"), level: 2n, members: [{ wallet: account.address }] },
} as const;

describe("signer", function () {
  this.timeout(60_000);
  let server: Server;
  let url: string;
  /** What the stand-in for the remote service does with the bytes that it gets. */
  let respond: (data: Hex) => Promise<{ status: number; body: string }>;
  const paths: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      let body = "";
      paths.push(request.url ?? "");
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        const { data } = JSON.parse(body) as { data: Hex };
        void respond(data).then(({ status, body: text }) =>
          response.writeHead(status, { "content-type": "text/plain" }).end(text),
        );
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const signWith = (privateKey: Hex) => async (data: Hex) => ({
    status: 200,
    body: serializeSignature(await sign({ hash: keccak256(data), privateKey })),
  });
  beforeEach(() => {
    respond = signWith(key);
  });

  const adapters: Record<string, () => Promise<Signer>> = {
    "private key": async () => privateKeySigner(key),
    keystore: async () =>
      keystoreSigner({ json: new Wallet(key).encryptSync("correct horse"), password: "correct horse\n" }),
    "remote service": async () => remoteSigner({ url, publicKey: account.publicKey }),
  };
  for (const [name, make] of Object.entries(adapters))
    it(`${name}: has the key's address and signs transactions and typed data that recover to it`, async function () {
      this.timeout(30_000);
      const signer = await make();
      expect(signer.address).to.equal(account.address);
      const raw = await signer.signTransaction(transaction);
      expect(raw, "equal to a local signature").to.equal(await account.signTransaction(transaction));
      expect(await recoverTransactionAddress({ serializedTransaction: raw as TransactionSerializedEIP1559 })).to.equal(
        account.address,
      );
      const signature = await signer.signTypedData(typedData);
      expect(signature).to.equal(await account.signTypedData(typedData));
      expect(await verifyTypedData({ ...typedData, address: account.address, signature })).to.equal(true);
    });

  it("asks the remote service for the named key at the path of its interface", async () => {
    paths.length = 0;
    await remoteSigner({ url: `${url}/`, publicKey: account.publicKey.slice(4) }).signTransaction(transaction);
    expect(paths).to.deep.equal([`/api/v1/eth1/sign/0x${account.publicKey.slice(4)}`]);
  });

  it("refuses signatures of another key, answers that are none, and a service that fails or hangs", async () => {
    const signer = remoteSigner({ url, publicKey: account.publicKey, timeoutMs: 200 });
    const errorOf = async (): Promise<string> => {
      for (const attempt of [signer.signTransaction(transaction), signer.signTypedData(typedData)]) {
        const error = await attempt.catch((reason: unknown) => reason);
        expect(error).to.be.instanceOf(SignerError);
      }
      return errorLine(await signer.signTransaction(transaction).catch((reason: unknown) => reason));
    };
    respond = signWith(otherKey);
    expect(await errorOf()).to.match(/signed with the key of 0x/);
    respond = async () => ({ status: 200, body: "0x1234" });
    expect(await errorOf()).to.match(/the answer is no signature/);
    respond = async () => ({ status: 404, body: "unknown key" });
    expect(await errorOf()).to.match(/HTTP status 404/);
    respond = () => new Promise(() => {});
    expect(await errorOf()).to.match(/did not sign/);
  });

  it("never shows a key or password in an error", async () => {
    const badKey = "0xnotakeybutsecret";
    expect(() => privateKeySigner(badKey))
      .to.throw(SignerError)
      .with.property("message")
      .that.does.not.include("secret");
    const json = new Wallet(key).encryptSync("right");
    const error = await keystoreSigner({ json, password: "wrong-password" }).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(SignerError);
    expect(errorLine(error)).to.not.include("wrong-password");
    expect(errorLine(await keystoreSigner({ json: "{}", password: "x" }).catch((reason: unknown) => reason))).to.match(
      /no version 3 keystore/,
    );
    expect(() => remoteSigner({ url, publicKey: "0x12" })).to.throw(SignerError);
  });
});
