// Trains the embedded model and prints the path of its file: node gateway/model/train/main.ts
//   --accept   what training gives is from now on what it must give (after a change of questions or trainer)
//   --twice    trains two times, compares every byte, and keeps nothing
import { parseArgs } from "node:util";
import { acceptSha256, cachedModel, expectedSha256, sha256, storeModel } from "./cache.ts";
import { readQuestions } from "./questions.ts";
import { trainModel } from "./train.ts";

function train(): Uint8Array {
  const started = performance.now();
  const seconds = (): string => ((performance.now() - started) / 1000).toFixed(1);
  const file = trainModel(readQuestions(), ({ round, learned, tokens }) => {
    if (round % 10 === 9)
      console.error(`Training the embedded model: ${learned} of ${tokens} tokens after ${seconds()} s`);
  });
  console.error(`Trained the embedded model in ${seconds()} s: ${file.length} bytes`);
  return file;
}

function keep(file: Uint8Array): string {
  if (sha256(file) === expectedSha256()) return storeModel(file);
  throw new Error(
    `Training gave a file with the hash ${sha256(file)}, not ${expectedSha256()}. After a change of the questions or the ` +
      "trainer, run node gateway/model/train/main.ts --accept; otherwise this machine computes differently.",
  );
}

const { values } = parseArgs({
  options: { accept: { type: "boolean", default: false }, twice: { type: "boolean", default: false } },
});
if (values.twice) {
  const [one, two] = [sha256(train()), sha256(train())];
  if (one !== two || one !== expectedSha256()) throw new Error(`${one}, ${two}, expected ${expectedSha256()}`);
  console.log(one);
} else if (values.accept) {
  const file = train();
  acceptSha256(sha256(file));
  console.log(storeModel(file));
} else {
  console.log(cachedModel() ?? keep(train()));
}
