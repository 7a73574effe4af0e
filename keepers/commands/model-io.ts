/** What the commands about models need of the process that runs them, so that a test can be that process. */
export type ModelIo = {
  /** One line of the answer. */
  readonly out: (line: string) => void;
  /** One line about what is going on. */
  readonly err: (line: string) => void;
  readonly exit: (status: number) => void;
};

const escaped = (mark: string): string =>
  Array.from({ length: mark.length }, (_, i) => `\\u${mark.charCodeAt(i).toString(16).padStart(4, "0")}`).join("");

/** Strangers write manifests: what they wrote cannot steer a terminal. Controls and marks that hide text become \uXXXX. */
export const visible = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, escaped);

/** The process itself. */
export const processModelIo: ModelIo = {
  out: (line) => void process.stdout.write(`${visible(line)}\n`),
  err: (line) => void process.stderr.write(`${visible(line)}\n`),
  exit: (status) => void (process.exitCode = status),
};
