/** Reads commands out of the operator guide, as an operator would copy them. */
import { readFileSync } from "node:fs";

const guide = new URL("../../../docs/operator-guide.md", import.meta.url);

const blocksOf = (language: string): readonly string[] =>
  [...readFileSync(guide, "utf8").matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, block = ""]) => block,
  );

/** Commands of the crontab, without the five fields of time. */
export const crontabCommands = (): readonly string[] =>
  blocksOf("crontab")
    .flatMap((block) => block.split("\n"))
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => line.split(/\s+/).slice(5).join(" "));

/** Every command that a systemd unit of the guide starts. */
export const unitCommands = (): readonly string[] =>
  blocksOf("ini").flatMap((block) => [...block.matchAll(/^ExecStart=(.*)$/gm)].map(([, command = ""]) => command));

/** The settings of the guide. */
export const settingsExample = (): string => blocksOf("yaml")[0] ?? "";
