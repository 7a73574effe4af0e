/** Fetches a model in a process of its own: arguments are the folder, the manifest's file, and the pace in ms. */
import { readFileSync } from "node:fs";
import { makeModelStore } from "../../../keepers/models/store.ts";
import { makeDownloads } from "../../../keepers/network/download.ts";
import { systemClock } from "../../../keepers/runtime/clock.ts";

const [directory = "", manifest = "", everyMs = "5000"] = process.argv.slice(2);
const store = makeModelStore({
  directory,
  limitBytes: 10 ** 9,
  downloads: makeDownloads({ allowPrivate: true }),
  clock: systemClock,
  pace: { everyMs: Number(everyMs), leastBytes: 1 },
});
process.stdout.write("started\n");
const { folder } = await store.fetch(readFileSync(manifest), { signal: AbortSignal.timeout(20_000) });
process.stdout.write(`${folder}\n`);
