/** The program `atoma-keeper`: reads arguments, and leaves the rest to `keeper.ts` and `doctor.ts`. */
import { Command, InvalidArgumentError } from "commander";
import { ConfigError, loadInstances } from "./config.ts";
import { examine, type Finding, findingLine } from "./doctor.ts";
import { makeKeeper } from "./keeper.ts";
import { errorLine } from "./runtime/errors.ts";
import { makeRedactor } from "./runtime/redact.ts";
import { isJobName, type JobName, jobNames, type Settings } from "./settings.ts";

type RunOptions = { config: string; job: JobName[]; once?: boolean };
type DoctorOptions = { json?: boolean };

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const complain = (text: string): void => void process.stderr.write(`${text}\n`);

const parseJob = (value: string, before: JobName[]): JobName[] => {
  if (!isJobName(value)) throw new InvalidArgumentError(`It must be one of ${jobNames.join(", ")}.`);
  return [...before, value];
};

const explain = (error: unknown): string =>
  error instanceof ConfigError ? error.message : `atoma-keeper: ${String(makeRedactor()(errorLine(error)))}`;

/** Resolves when the process is asked to stop; a second request ends it at once. */
const untilAsked = (): Promise<void> =>
  new Promise((resolve) => {
    let asked = false;
    const onSignal = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on("SIGINT", onSignal);
    process.on("SIGTERM", onSignal);
  });

const runForGood = async (settings: readonly Settings[]): Promise<number> => {
  const asked = untilAsked();
  const keeper = await makeKeeper(settings);
  await keeper.start();
  await asked;
  await keeper.stop();
  return 0;
};

const runOnce = async (settings: readonly Settings[]): Promise<number> => {
  const keeper = await makeKeeper(settings);
  void untilAsked().then(() => keeper.stop());
  let status = 0;
  try {
    for (const { jobs, chain } of settings)
      for (const name of new Set(jobs)) {
        const { exitCode, note } = await keeper.once(name, chain.instance);
        print(chain.instance === undefined ? note : `${chain.instance} ${note}`);
        status = Math.max(status, exitCode);
      }
  } finally {
    await keeper.stop();
  }
  return status;
};

const run = async ({ config, job, once }: RunOptions): Promise<number> => {
  const settings = loadInstances(config, { jobs: job });
  return once === true ? runOnce(settings) : runForGood(settings);
};

const examineAll = async (
  config: string,
  all: readonly Settings[],
  show: (finding: Finding) => void,
): Promise<boolean> => {
  let isFit = true;
  for (const settings of all) {
    const { instance } = settings.chain;
    const of = instance === undefined ? "" : `, instance ${instance}`;
    show({ name: "configuration", verdict: "ok", text: `${config}${of}, jobs ${settings.jobs.join(", ")}` });
    isFit =
      (await examine(settings, (finding) => show(instance === undefined ? finding : { ...finding, instance }))) &&
      isFit;
  }
  return isFit;
};

const doctor = async ({ config, job }: RunOptions, { json }: DoctorOptions): Promise<number> => {
  const findings: Finding[] = [];
  const show = (finding: Finding): void => {
    findings.push(finding);
    if (json !== true) print(findingLine(finding));
  };
  let isFit = false;
  try {
    isFit = await examineAll(config, loadInstances(config, { jobs: job }), show);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const text of error.problems) show({ name: "configuration", verdict: "bad", text });
  }
  if (json === true) print(JSON.stringify({ isFit, findings }));
  return isFit ? 0 : 1;
};

const makeProgram = (): Command => {
  const program = new Command("atoma-keeper")
    .description(
      "Serves the network: executes, settles, relays the beacon, tidies, reports cheats. Docs: docs/operator-guide.md",
    )
    .option("--config <file>", "settings; each can be overridden by ATOMA_KEEPER_<SECTION>_<NAME>", "atoma-keeper.yaml")
    .option(
      "--job <name>",
      `run only this job (${jobNames.join(", ")}); can be repeated. The watchtower neither opens disputes nor sits on panels`,
      parseJob,
      [],
    )
    .option("--once", "one pass of each job, then exit: status 0 if all went well, 1 if anything failed")
    .action(async () => void (process.exitCode = await run(program.opts<RunOptions>())));
  program
    .command("doctor")
    .description("Looks at everything that is needed and says what is missing. Status 0 if nothing is")
    .option("--json", "one line of JSON")
    .action(
      async (options: DoctorOptions) => void (process.exitCode = await doctor(program.opts<RunOptions>(), options)),
    );
  return program;
};

try {
  await makeProgram().parseAsync(process.argv);
} catch (error) {
  complain(explain(error));
  process.exitCode = 1;
}
