/** JSON logs (pino) in which every field and message has passed the redactor. */
import { type DestinationStream, pino } from "pino";
import { makeRedactor } from "./redact.ts";

/** The part of a logger that jobs use. Fields first, then a sentence in plain words. */
export type Log = {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};
export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";
export type LogOptions = {
  level: LogLevel;
  /** Secret values known to the program (keys, passwords): hidden wherever they would appear. */
  secrets?: readonly string[];
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
  /** Fields of every line, such as the job's name. */
  base?: Record<string, unknown>;
};

/** A logger that redacts. Lines are JSON with `level` as a word and `time` in ISO 8601. */
export const makeLog = ({ level, secrets = [], destination, base = {} }: LogOptions): Log => {
  const redact = makeRedactor(secrets);
  const options = {
    level,
    base: redact(base) as Record<string, unknown>,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: {}, // errors are serialised by the redactor
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = destination === undefined ? pino(options) : pino(options, destination);
  const at = (name: Exclude<LogLevel, "silent">) => (fields: object, message: string) => {
    if (!logger.isLevelEnabled(name)) return;
    logger[name](redact(fields) as object, String(redact(message)));
  };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};

/** The same logger, with these fields in every line. */
export const logWith = (log: Log, fields: object): Log => ({
  debug: (more, message) => log.debug({ ...fields, ...more }, message),
  info: (more, message) => log.info({ ...fields, ...more }, message),
  warn: (more, message) => log.warn({ ...fields, ...more }, message),
  error: (more, message) => log.error({ ...fields, ...more }, message),
});

/** A logger that drops everything. */
export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
