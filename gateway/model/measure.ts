// Prints the figures of the embedded model on this machine: npm run bench:model
import { statSync } from "node:fs";
import { ensureModel, isModelPackageInstalled, startModelServer } from "./start.ts";
import { readQuestions } from "./train/questions.ts";
import { trainModel } from "./train/train.ts";

const rounds = 10;

async function secondsOf<T>(work: () => T | Promise<T>): Promise<{ result: T; seconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1000 };
}

async function tokensOfAnswer(url: string, content: string): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "atoma-embedded", temperature: 0, messages: [{ role: "user", content }] }),
  });
  if (!response.ok) throw new Error(`The server answered ${response.status}: ${await response.text()}`);
  const { usage } = (await response.json()) as { usage: { completion_tokens: number } };
  return usage.completion_tokens;
}

async function measure(): Promise<void> {
  const questions = readQuestions();
  const print = (what: string, figure: string): void => console.log(`${what.padEnd(24)}${figure}`);
  const training = await secondsOf(() => trainModel(questions));
  print("questions", `${questions.length}`);
  print("file", `${(training.result.length / 1000).toFixed(0)} kB`);
  print("training", `${training.seconds.toFixed(1)} s`);
  if (!isModelPackageInstalled()) return print("server", "not measured: its packages are not installed");
  const modelFile = await ensureModel({ progress: (line) => console.error(line) });
  print("file in use", `${statSync(modelFile).size} bytes, ${modelFile}`);
  const start = await secondsOf(() => startModelServer({ modelFile }));
  const { url, stop } = start.result;
  print("start of the server", `${start.seconds.toFixed(2)} s`);
  const asked = Array.from({ length: rounds }, () => questions).flat();
  const answering = await secondsOf(async () => {
    let tokens = 0;
    for (const { question } of asked) tokens += await tokensOfAnswer(url, question);
    return tokens;
  });
  print("answers", `${(asked.length / answering.seconds).toFixed(0)} per second, one after the other`);
  print("tokens of answers", `${(answering.result / answering.seconds).toFixed(0)} per second`);
  await stop();
}

await measure();
