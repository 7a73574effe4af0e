import { i32, i64, type ValueType } from "./instructions.ts";

/** The only module name from which guests may import. */
export const hostModule = "wasi_snapshot_preview1";

const i = i32;
const I = i64;

/**
 * The functions that guests may import, with their parameters; all return an i32 error number except `proc_exit`.
 * They are what AssemblyScript, wasi-libc and Rust programs need to start, read standard input and write standard
 * output. There are no files: those that name one answer "bad file descriptor".
 */
export const hostFunctions: Readonly<Record<string, readonly ValueType[]>> = {
  args_get: [i, i],
  args_sizes_get: [i, i],
  environ_get: [i, i],
  environ_sizes_get: [i, i],
  clock_res_get: [i, i],
  clock_time_get: [i, I, i],
  fd_close: [i],
  fd_fdstat_get: [i, i],
  fd_fdstat_set_flags: [i, i],
  fd_prestat_dir_name: [i, i, i],
  fd_prestat_get: [i, i],
  fd_read: [i, i, i, i],
  fd_seek: [i, I, i, i],
  fd_write: [i, i, i, i],
  proc_exit: [i],
  random_get: [i, i],
  sched_yield: [],
};
