import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { type ModelServer, startModelServer } from "../../../gateway/model/start.ts";
import { ask, complete, describeWithModel, endlessPrompt, model, post, trainedModel, useServer } from "./fixtures.ts";

const maxTokens = 800;
const endless = { model, prompt: endlessPrompt, temperature: 0, stream: true, max_tokens: maxTokens };

/** Opens a stream, and returns its first bytes and what cuts it off. */
async function openStream(server: ModelServer): Promise<() => void> {
  const client = new AbortController();
  const response = await post(server, "/v1/completions", endless, client.signal);
  const reader = response.body?.getReader();
  await reader?.read();
  return () => client.abort();
}

describeWithModel("Server of the embedded model: busy", () => {
  const server = useServer({ queueLimit: 4 });

  it("stops working for clients that have gone", async () => {
    const started = performance.now();
    await complete(server(), endlessPrompt, { max_tokens: maxTokens });
    const wholeMs = performance.now() - started;
    const cutOff = performance.now();
    for (let i = 0; i < 20; i += 1) (await openStream(server()))();
    expect((await ask(server(), "Say hello.")).choices[0].message.content).to.equal("Hello!");
    // twenty whole answers would take twenty times as long
    expect(performance.now() - cutOff).to.be.lessThan(wholeMs * 10);
  }).timeout(30_000);

  it("says 429 and when to come back where too many wait, and answers the others", async () => {
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post(server(), "/v1/completions", { ...endless, max_tokens: 300 })),
    );
    const statuses = answers.map(({ status }) => status);
    await Promise.all(answers.map((answer) => answer.text()));
    expect(statuses.filter((status) => status === 200).length).to.be.within(5, 11);
    for (const refused of answers.filter(({ status }) => status !== 200)) {
      expect(refused.status).to.equal(429);
      expect(refused.headers.get("retry-after")).to.equal("1");
    }
  }).timeout(20_000);

  it("is not held up by a client that does not read", async () => {
    const { hostname, port } = new URL(server().url);
    const socket = connect(Number(port), hostname);
    const body = JSON.stringify({ ...endless, max_tokens: 2000 });
    const head = `POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    await once(socket, "readable");
    socket.pause();
    expect((await ask(server(), "Say hello.")).choices[0].message.content).to.equal("Hello!");
    socket.destroy();
  }).timeout(20_000);
});

describeWithModel("Start of the embedded model's server", () => {
  it("is undone by its signal, and by stop as often as it is called", async function () {
    const modelFile = await trainedModel(this);
    const controller = new AbortController();
    const [one, two] = await Promise.all([
      startModelServer({ modelFile, name: "one", signal: controller.signal }),
      startModelServer({ modelFile, name: "two" }),
    ]);
    expect(one.fingerprint).to.equal(two.fingerprint);
    controller.abort();
    await Promise.all([one.stop(), two.stop(), two.stop()]);
    for (const { url } of [one, two])
      expect(
        await fetch(url).then(
          () => "alive",
          () => "gone",
        ),
      ).to.equal("gone");
  });

  it("fails with the reason where the file is no model", async () => {
    const started = startModelServer({ modelFile: import.meta.filename });
    const error = await started.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error)
      .to.be.instanceOf(Error)
      .with.property("message")
      .that.matches(/exit code 1.*GGUF/s);
  }).timeout(20_000);

  it("does not outlive the process that started it", async function () {
    const modelFile = await trainedModel(this);
    const starter = new URL("../../../gateway/model/start.ts", import.meta.url).href;
    const program = `import { startModelServer } from ${JSON.stringify(starter)};
      console.log((await startModelServer({ modelFile: ${JSON.stringify(modelFile)} })).url);`;
    const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const url = `${line.toString().trim()}/health`;
    expect((await fetch(url)).status).to.equal(200);
    parent.kill("SIGKILL");
    for (let i = 0; i < 100; i += 1) {
      const isAlive = await fetch(url).then(
        () => true,
        () => false,
      );
      if (!isAlive) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect.fail("the server is still there");
  });
});
