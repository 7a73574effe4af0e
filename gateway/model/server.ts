// The server of the embedded model: node gateway/model/server.ts --help
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { makeServer } from "./http.ts";
import { makeQueue } from "./queue.ts";
import { makeRoutes } from "./routes.ts";
import { ensureModel, isModelPackageInstalled } from "./start.ts";

const help = `Serves a small GGUF model over HTTP, as OpenAI's API has it.

  --model FILE      the GGUF file; without it the embedded model, which is trained where it is missing
  --name NAME       the name by which requests ask for it (default atoma-embedded)
  --host ADDRESS    the address to listen on (default 127.0.0.1: this machine alone)
  --port NUMBER     the port to listen on; 0 takes a free one (default 8000)
  --queue NUMBER    how many requests may wait while one is answered (default 64)
  --until-stdin-ends   stop when standard input ends
  --help            this text

When it serves it prints one line of JSON on standard output: url, name, sha256 of the file, fingerprint.
Paths: GET /v1/models, POST /v1/chat/completions, POST /v1/completions, POST /v1/embeddings, GET /health
`;

type Options = {
  readonly modelFile: string | undefined;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly queueLimit: number;
  readonly endsWithStdin: boolean;
};

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      model: { type: "string" },
      name: { type: "string", default: "atoma-embedded" },
      host: { type: "string", default: "127.0.0.1" },
      port: { type: "string", default: "8000" },
      queue: { type: "string", default: "64" },
      "until-stdin-ends": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    modelFile: values.model,
    name: values.name,
    host: values.host,
    port: wholeNumber("--port", values.port, 65_535),
    queueLimit: wholeNumber("--queue", values.queue, 10_000),
    endsWithStdin: values["until-stdin-ends"],
  };
}

function wholeNumber(name: string, text: string, highest: number): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) > highest)
    throw new Error(`${name} must be a whole number from 0 to ${highest}.`);
  return Number(text);
}

async function serve({ modelFile, name, host, port, queueLimit, endsWithStdin }: Options): Promise<void> {
  if (!isModelPackageInstalled()) throw new Error("The packages of gateway/model are not installed.");
  const { loadEngine } = await import("./engine.ts");
  const stop = (): never => process.exit(0);
  process.on("SIGTERM", stop).on("SIGINT", stop);
  if (endsWithStdin) process.stdin.on("end", stop).resume();
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const engine = await loadEngine(modelFile ?? (await ensureModel({ progress })));
  const routes = makeRoutes({ engine, queue: makeQueue(queueLimit), name });
  const server = makeServer(routes, (error) => console.error(error));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(port, host, resolve);
  });
  const bound = server.address() as AddressInfo;
  const url = `http://${bound.family === "IPv6" ? `[${bound.address}]` : bound.address}:${bound.port}`;
  console.log(JSON.stringify({ url, name, sha256: engine.sha256, fingerprint: engine.fingerprint }));
}

try {
  const options = parseOptions();
  if (options === undefined) process.stdout.write(help);
  else await serve(options);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
