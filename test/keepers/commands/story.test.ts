import { expect } from "chai";
import { type Hex, parseEther, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { settlementOf } from "../../../deploy/local/committee.ts";
import { labelledSecret } from "../../../deploy/local/world.ts";
import { committeeOf } from "../../../deploy/local/committee.ts";
import { post, settle } from "../../helpers/market.ts";
import { requestsIn } from "../../../deploy/local/committee.ts";
import { dateOf } from "../../../keepers/cli/text.ts";
import { unpackWord } from "../../../sdk/drand/word.ts";
import { timelineOf } from "../../../sdk/time/timeline.ts";
import { openScene, type Scene } from "../fixture.ts";
import { devKey } from "../runtime/chain.ts";
import { makeShell, type Shell } from "./shell.ts";

const ownerKey = { ATOMA_PRIVATE_KEY: devKey(6) };
const hotKey = { ...ownerKey, ATOMA_SIGNER_PRIVATE_KEY: labelledSecret("hot key of the story") };
const sha = `0x${"ab".repeat(32)}` as const;

describe("The story of an operator and a user of atoma", function () {
  this.timeout(120_000);
  let scene: Scene;
  let shell: Shell;
  let nodeId = "";
  let taskId = "";

  before(async () => {
    scene = await openScene();
    shell = makeShell(scene);
    const { atoma, deployer, account } = scene.market;
    await atoma.connect(deployer).transfer(account(6).address, parseEther("50000"));
  });
  after(async () => {
    shell.close();
    await scene.close();
  });

  const lastRequest = async () => {
    const { world } = scene.market;
    const { transactions } = await world.chain.getBlock();
    const [request] = requestsIn(await world.chain.getTransactionReceipt({ hash: transactions[0] ?? "0x" }));
    if (request === undefined) throw new Error("no request");
    return request;
  };
  /** The pool agrees, as soon as the request is made. */
  const agree = async (requestId: Hex, output: Hex, status = 0n): Promise<void> => {
    const { market } = scene;
    const request = await lastRequest();
    expect(request.requestId).to.equal(requestId);
    await post(market, request);
    await settle(market, await settlementOf(market.world, market.nodes, request, { output, status }));
  };

  it("registers a task and shows it", async () => {
    const terms = ["--kind", "wasm", "--artifact-uri", "https://example.org/a.wasm", "--artifact-digest", sha];
    const all = ["task", "register", ...terms, "--runtime-digest", sha, "--stake-per-node", "1000", "--yes"];
    const dry = await shell.atoma([...all, "--dry-run"], { env: ownerKey });
    expect(dry.status, dry.err).to.equal(0);
    expect(dry.out)
      .to.contain("register of the task registry")
      .and.to.contain("1000 ATOMA")
      .and.to.contain("nothing was sent");
    ({ taskId } = (await shell.json(all, { env: ownerKey })) as { taskId: string });
    expect(String(taskId)).to.equal("2");
    const shown = await shell.atoma(["task", "show", `${taskId}`]);
    expect(shown.out).to.contain("https://example.org/a.wasm").and.to.contain("stake per node    1000 ATOMA");
    expect((await shell.atoma(["task", "list"])).out).to.match(/^task +kind +nodes[^]*\n2 +wasm +0 +none/);
  });

  it("registers a node with a consent that was made offline, stakes and subscribes", async () => {
    const owner = privateKeyToAccount(ownerKey.ATOMA_PRIVATE_KEY).address;
    const { nodeRegistry } = scene.market.instance;
    const offline = ["node", "consent", "--owner", owner, "--chain-id", "31337", "--registry", nodeRegistry];
    const consent = await shell.atoma([...offline, "--json"], {
      env: { ...hotKey, ATOMA_RPC: "", ATOMA_DEPLOYMENT: "" },
    });
    expect(consent.status, consent.err).to.equal(0);
    const file = shell.file("consent.json", consent.out);
    const register = ["node", "register", "--endpoint", "https://node.example.org", "--consent", file, "--yes"];
    const stranger = await shell.atoma(register);
    expect(stranger.status).to.equal(2);
    expect(stranger.err)
      .to.contain("The consent is for the owner")
      .and.to.contain("make another, or pay with that key");
    const made = await shell.json(register, { env: ownerKey });
    nodeId = String(made.nodeId);
    expect(made.signer).to.equal(privateKeyToAccount(hotKey.ATOMA_SIGNER_PRIVATE_KEY).address);
    await shell.json(["stake", "deposit", nodeId, "--amount", "1500.5", "--yes"], { env: ownerKey });
    const subscribe = ["node", "subscribe", nodeId, "--task", String(taskId), "--ask", "0.000005", "--yes"];
    expect(await shell.json(subscribe, { env: ownerKey })).to.include({ ask: "5", isDone: true });
    const again = await shell.atoma(subscribe, { env: ownerKey });
    expect(again.status).to.equal(2);
    expect(again.err).to.contain(`Cannot subscribe: Node ${nodeId} subscribes to task 2 already`);
    await shell.json(["task", "snapshot", String(taskId), "--yes"], { env: ownerKey });
    await shell.json(["node", "update-ask", nodeId, "--task", String(taskId), "--ask", "0.000007", "--yes"], {
      env: ownerKey,
    });
    const status = await shell.atoma(["node", "status", nodeId]);
    expect(status.out)
      .to.contain("500.5 ATOMA")
      .and.to.match(/2 +active +0.000007 \S+ +1000 ATOMA/);
    expect((await shell.atoma(["node", "list", "--after", "12"])).out).to.contain(owner);
  });

  it("rotates the hot key, and sets the endpoint", async () => {
    const env = { ...ownerKey, ATOMA_SIGNER_PRIVATE_KEY: labelledSecret("second hot key") };
    const { signer } = await shell.json(["node", "rotate", nodeId, "--yes"], { env });
    expect(await shell.json(["node", "status", nodeId])).to.include({ signer });
    await shell.json(["node", "set-endpoint", nodeId, "--endpoint", "https://two.example.org", "--yes"], { env });
    expect(await shell.json(["node", "status", nodeId])).to.include({ endpoint: "https://two.example.org" });
  });

  it("asks, waits, prints the answer, and can watch it again", async () => {
    const done: Promise<void>[] = [];
    const before = await scene.market.world.chain.getBlockNumber();
    const asking = shell.atoma([
      "request",
      "1",
      "--units",
      "100",
      "--input",
      "question",
      "--k",
      "3",
      "--wait",
      "--yes",
    ]);
    while ((await scene.market.world.chain.getBlockNumber()) === before)
      await new Promise((resolve) => setTimeout(resolve, 50));
    const { requestId } = await lastRequest();
    done.push(agree(requestId, stringToHex("forty-two\nand \u001b[2Ja bell")));
    await Promise.all(done);
    const { status, out, err } = await asking;
    expect(status, err).to.equal(0);
    expect(out).to.contain("was answered by nodes").and.to.contain("\n  | forty-two\n  | and \\u001b[2Ja bell");
    expect(err).to.contain("drawn: nodes");
    const watched = await shell.atoma(["watch", requestId.slice(0, 12), "--json"]);
    const lines = watched.out.split("\n").map((line) => JSON.parse(line) as { event: string; output?: string });
    expect(lines.map(({ event }) => event)).to.deep.equal(["requested", "drawn", "settled", "answer"]);
    expect(lines.at(-1)?.output).to.equal(stringToHex("forty-two\nand \u001b[2Ja bell"));
    const all = await shell.atoma(["watch", "--task", "1", "--once", "--json"]);
    expect(all.out.split("\n").map((line) => (JSON.parse(line) as { event: string }).event)).to.deep.equal([
      "requested",
      "settled",
    ]);
    expect((await shell.atoma(["watch", "--task", "2", "--once"])).out).to.equal("");
  });

  it("deposits what is lacking, and says 1 where the request is refunded", async () => {
    const { account } = scene.market;
    const { world } = scene.market;
    const asked = ["request", "1", "--units", "100", "--input-hex", "0x1234", "--k", "3", "--yes"];
    const poor = await shell.atoma(asked, { env: ownerKey });
    expect(poor.status).to.equal(2);
    expect(poor.err).to.match(/The request locks [\d.]+ \S+ and the account of 0x\w+ holds 0 \S+: add --deposit/);
    await scene.market.token.connect(scene.market.requester).transfer(account(6).address, 10n ** 9n);
    const dry = await shell.json([...asked, "--deposit", "--dry-run"], { env: ownerKey });
    expect((dry.calls as { function: string }[]).map((call) => call.function)).to.deep.equal([
      "approve",
      "deposit",
      "request",
    ]);
    expect((dry.calls as { gas?: string }[])[0]?.gas).to.be.a("string");
    const made = await shell.json([...asked, "--deposit"], { env: ownerKey });
    const requestId = made.requestId as Hex;
    const request = await lastRequest();
    await post(scene.market, request);
    const open = await shell.atoma(["watch", requestId, "--once"], {});
    expect(open.err).to.contain("has not ended; it goes on by itself");
    const members = await committeeOf(world, request);
    expect(members).to.have.length(3);
    await scene.passTime(24 * 3_600);
    const overdue = await shell.atoma(["watch", requestId, "--once"], {});
    expect(overdue.status).to.equal(2);
    const { postedAtS } = unpackWord(await scene.market.escrow.roundWord(request.fields.round)) ?? { postedAtS: 0n };
    const { expireAtS } = timelineOf(request.fields, 0n, postedAtS);
    expect(overdue.err).to.contain(`is overdue: it can be refunded since ${dateOf(expireAtS)}; a keeper does that`);
    await scene.market.escrow.expire({ ...request.words });
    const ended = await shell.atoma(["watch", requestId], {});
    expect(ended.status, ended.err).to.equal(1);
    expect(ended.out).to.contain("refunded ");
  });

  it("says what is at stake before a dispute is opened, opens it, and shows it", async () => {
    await scene.market.taskRegistry.publishSnapshot(1);
    const asked = [
      "request",
      "1",
      "--units",
      "100",
      "--input-hex",
      "0x1234",
      "--k",
      "3",
      "--challenge-window",
      "3600",
      "--yes",
    ];
    const { requestId } = (await shell.json(asked)) as { requestId: Hex };
    const early = await shell.atoma(["dispute", "open", requestId, "--yes"]);
    expect(early.err).to.contain("has no result yet");
    await agree(requestId, "0x77");
    const open = ["dispute", "open", requestId];
    const asking = await shell.atoma(open, { answer: "n" });
    expect(asking.status).to.equal(2);
    expect(asking.err)
      .to.contain("The bond is LOST if the panel finds the same result")
      .and.to.contain("you did not agree");
    expect((await shell.atoma(["dispute", "show", requestId])).status).to.equal(1);
    const opened = await shell.atoma(open, { answer: "y" });
    expect(opened.status, opened.err).to.equal(0);
    expect((await shell.atoma(["dispute", "show", requestId.slice(0, 14)])).out).to.match(/verdict +pending/);
    expect(await shell.json(["dispute", "list"])).to.have.nested.property("disputes[0].state", "open");
  });

  it("takes earnings in two steps, and stake once it has unbonded", async () => {
    const owner = { ATOMA_PRIVATE_KEY: devKey(2) };
    const { escrow, networkHelpers, nodes } = scene.market;
    let paid = 0n;
    for (const { nodeId: id } of nodes) if (((await escrow.nodeWord(id)) >> 16n) & (2n ** 80n - 1n)) paid = id;
    const withdraw = ["node", "withdraw", `${paid}`, "--yes"];
    expect(await shell.json(withdraw, { env: owner })).to.include({ withdrawn: "0", claimed: "500" });
    const waiting = await shell.atoma(withdraw, { env: owner });
    expect(waiting.status).to.equal(1);
    expect(waiting.out).to.contain("can be withdrawn from");
    await networkHelpers.time.increase(3_600);
    expect(await shell.json(withdraw, { env: owner })).to.include({ withdrawn: "500", claimed: "0" });
    expect((await shell.atoma(withdraw, { env: owner })).out).to.contain("has no earnings to claim");
    await shell.json(["node", "unsubscribe", nodeId, "--task", String(taskId), "--yes"], { env: ownerKey });
    await shell.json(["stake", "withdraw", nodeId, "--yes"], { env: ownerKey });
    expect((await shell.atoma(["stake", "withdraw", nodeId, "--yes"], { env: ownerKey })).out).to.contain(
      "That of task 2 unbonds until",
    );
    await scene.passTime(61 * 86_400);
    const out = await shell.json(["stake", "withdraw", nodeId, "--yes"], { env: ownerKey });
    expect(out.amount).to.equal(parseEther("1000").toString());
  });

  it("deprecates the task, and takes no request for it", async () => {
    await shell.json(["task", "deprecate", String(taskId), "--yes"], { env: ownerKey });
    const refused = await shell.atoma(["request", String(taskId), "--units", "1", "--input", "x", "--yes"]);
    expect(refused.status).to.equal(2);
    expect(refused.err).to.contain("has no snapshot that is young enough");
    expect((await shell.json(["account", "status"])).symbol).to.be.a("string");
  });

  it("collects royalties once there are some, and returns the bond once, a week later", async () => {
    const { publisher } = (await shell.json(["task", "show", "1"])) as { publisher: Hex };
    const inAccount = async () =>
      BigInt(String((await shell.json(["account", "status", "--account", publisher])).inEscrow));
    const before = await inAccount();
    const collected = await shell.json(["task", "collect", "1", "--yes"]);
    expect(BigInt(String(collected.amount))).to.be.greaterThan(0n);
    expect(await inAccount()).to.equal(before + BigInt(String(collected.amount)));
    const none = await shell.atoma(["task", "collect", "1", "--yes"]);
    expect([none.status, none.out]).to.deep.equal([1, "Task 1 has no royalties to collect."]);
    const back = ["task", "return-bond", String(taskId), "--yes"];
    expect((await shell.atoma(back)).status).to.equal(2);
    await scene.passTime(8 * 86_400);
    const { atoma } = scene.market;
    const owner = privateKeyToAccount(ownerKey.ATOMA_PRIVATE_KEY).address;
    const held = await atoma.balanceOf(owner);
    const { amount } = await shell.json(back);
    expect(BigInt(String(amount))).to.be.greaterThan(0n);
    expect(await atoma.balanceOf(owner)).to.equal(held + BigInt(String(amount)));
    expect((await shell.atoma(back)).err).to.contain("has no bond");
  });
});
