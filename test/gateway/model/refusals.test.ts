import { expect } from "chai";
import { describeWithModel, type Fields, model, post, useServer } from "./fixtures.ts";

type ErrorBody = { readonly error: { readonly message: string; readonly type: string; readonly param: string | null } };

const chat = "/v1/chat/completions";
const messages = [{ role: "user", content: "Say hello." }];
const good: Fields = { model, messages, temperature: 0 };

describeWithModel("Server of the embedded model: refusals", () => {
  const server = useServer();

  async function refusalOf(response: Response, status: number): Promise<ErrorBody["error"]> {
    const text = await response.text();
    expect(response.status, text).to.equal(status);
    const { error } = JSON.parse(text) as ErrorBody;
    expect(error.message).to.match(/\.$/);
    expect(error.message).not.to.match(/node_modules|\.ts|undefined/);
    return error;
  }

  const wrong: readonly (readonly [string, Fields])[] = [
    ["model", { model: undefined }],
    ["model", { model: 7 }],
    ["messages", { messages: undefined }],
    ["messages", { messages: [] }],
    ["messages", { messages: Array(257).fill(messages[0]) }],
    ["messages[0]", { messages: ["hello"] }],
    ["messages[0]", { messages: [null] }],
    ["messages[0].role", { messages: [{ role: "<|system|>", content: "" }] }],
    ["messages[0].role", { messages: [{ role: "tool", content: "" }] }],
    ["messages[0].content", { messages: [{ role: "user" }] }],
    ["messages[0].content", { messages: [{ role: "user", content: [{ type: "image_url", image_url: "" }] }] }],
    ["temperature", { temperature: -1 }],
    ["temperature", { temperature: "0" }],
    ["top_p", { top_p: 2 }],
    ["seed", { seed: 1.5 }],
    ["seed", { seed: -1 }],
    ["max_tokens", { max_tokens: 0 }],
    ["max_completion_tokens", { max_completion_tokens: 1e99 }],
    ["stop", { stop: "" }],
    ["stop", { stop: ["a", "b", "c", "d", "e"] }],
    ["stop", { stop: [7] }],
    ["stream", { stream: "yes" }],
    ["stream_options", { stream_options: true }],
    ["return_token_ids", { return_token_ids: 1 }],
    ["n", { n: 2 }],
    ["tools", { tools: [{ type: "function" }] }],
    ["logprobs", { logprobs: true }],
    ["response_format", { response_format: { type: "json_object" } }],
    ["frequency_penalty", { frequency_penalty: 1 }],
  ];
  for (const [param, fields] of wrong)
    it(`refuses ${param} as in ${JSON.stringify(fields).slice(0, 60)}`, async () => {
      const error = await refusalOf(await post(server(), chat, { ...good, ...fields }), 400);
      expect(error).to.deep.include({ type: "invalid_request_error", param });
    });

  it("takes the same fields where they change nothing, and fields it does not know", async () => {
    const neutral = { n: 1, tools: [], logprobs: false, stop: null, frequency_penalty: 0, user: "x", top_p: 1 };
    const format = { response_format: { type: "text" } };
    expect((await post(server(), chat, { ...good, ...neutral, ...format })).status).to.equal(200);
  });

  it("refuses prompts that are no text and no tokens, and tokens that there are not", async () => {
    for (const prompt of [undefined, "", [], ["a", "b"], [1, "a"], [-1], [0.5], [260], {}])
      await refusalOf(await post(server(), "/v1/completions", { model, prompt }), 400);
  });

  it("refuses inputs of embeddings that are no texts", async () => {
    for (const input of [undefined, "", [], [""], [[1]], Array(65).fill("a")])
      await refusalOf(await post(server(), "/v1/embeddings", { model, input }), 400);
  });

  it("refuses a prompt that fills the context, and says how long it may be", async () => {
    const error = await refusalOf(await post(server(), "/v1/completions", { model, prompt: "x".repeat(2048) }), 400);
    expect(error).to.deep.include({ code: "context_length_exceeded" });
    expect(error.message).to.contain("2048");
  });

  it("knows only its own model", async () => {
    const error = await refusalOf(await post(server(), chat, { ...good, model: "gpt-4" }), 404);
    expect(error).to.deep.include({ code: "model_not_found" });
  });

  it("refuses bodies that are no JSON object, of another type, or too long", async () => {
    const send = (body: string | Uint8Array<ArrayBuffer>, type = "application/json") =>
      fetch(`${server().url}${chat}`, { method: "POST", headers: { "content-type": type }, body });
    for (const body of ["", "{", "null", "[]", "7", `"a"`, "[".repeat(100_000)]) await refusalOf(await send(body), 400);
    await refusalOf(await send(Uint8Array.of(0x22, 0xff, 0x22)), 400);
    await refusalOf(await send(JSON.stringify(good), "text/plain"), 415);
    await refusalOf(await send(JSON.stringify({ ...good, pad: "x".repeat(256 * 1024) })), 413);
  });

  it("refuses other paths and methods", async () => {
    await refusalOf(await fetch(`${server().url}/v1/nothing`), 404);
    await refusalOf(await fetch(`${server().url}${chat}`), 405);
    await refusalOf(await fetch(`${server().url}/v1/models`, { method: "DELETE" }), 405);
  });

  it("answers as before after all of this", async () => {
    const { choices } = (await (await post(server(), chat, good)).json()) as {
      choices: { message: { content: string } }[];
    };
    expect(choices[0]?.message.content).to.equal("Hello!");
  });
});
