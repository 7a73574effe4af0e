// The program of the disposable child process: reads a metered module and its input from standard input, runs it once,
// writes one reply to standard output and ends. It is handed to Node as text, so that it needs no file at all.
//
// Request: three frames, each its length (u32, little endian) and bytes: settings (JSON), module, input.
// Reply: status (u8; 255 for a failure of this machine), fuel left (i64), length (u32), output or message.
const { readSync, writeSync } = process.getBuiltinModule("node:fs");

const status = {
  success: 0,
  outOfFuel: 2,
  outOfMemory: 3,
  trap: 4,
  outputTooLong: 5,
  badInput: 6,
  callDepth: 8,
  fault: 255,
};
const errno = { none: 0, badDescriptor: 8, fault: 21, invalid: 28, notSeekable: 70 };
const unitsPerVector = 16;
const mostVectors = 1024;

function readFully(length) {
  const bytes = new Uint8Array(length);
  for (let offset = 0; offset < length;) {
    const count = readSync(0, bytes, offset, length - offset, null);
    if (count === 0) throw new Error("The request is incomplete");
    offset += count;
  }
  return bytes;
}

function readFrame() {
  return readFully(new DataView(readFully(4).buffer).getUint32(0, true));
}

function reply(code, fuelLeft, bytes) {
  const message = new Uint8Array(13 + bytes.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, code);
  view.setBigInt64(1, fuelLeft, true);
  view.setUint32(9, bytes.length, true);
  message.set(bytes, 13);
  for (let offset = 0; offset < message.length;) offset += writeSync(1, message, offset);
  process.exit(0);
}

/** Thrown through the guest to end it with a status. */
class Ending {
  constructor(code) {
    this.code = code;
  }
}

/** Collects output up to a hard limit. */
function makeSink(limit) {
  let buffer = new Uint8Array(Math.min(limit, 4096));
  let length = 0;
  function append(bytes) {
    if (length + bytes.length > limit) throw new Ending(status.outputTooLong);
    if (length + bytes.length > buffer.length) {
      const grown = new Uint8Array(Math.min(limit, Math.max(2 * buffer.length, length + bytes.length)));
      grown.set(buffer.subarray(0, length));
      buffer = grown;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  }
  return { append, bytes: () => buffer.subarray(0, length) };
}

/** The generator xoshiro128** over a 128-bit seed: reproducible bytes, not secrets. */
function makeRandom(seed) {
  const s = new Uint32Array(new Uint8Array(seed.slice(0, 16)).buffer);
  if (s.every((word) => word === 0)) s[0] = 1;
  const rotate = (word, by) => (word << by) | (word >>> (32 - by));
  return function next() {
    const result = Math.imul(rotate(Math.imul(s[1], 5), 7), 9);
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = rotate(s[3], 11);
    return result & 0xff;
  };
}

/** The host functions. `guest` has the instance's exports once there is one. */
function makeHost(guest, input, settings) {
  const sink = makeSink(settings.hardOutputBytes);
  const random = makeRandom(settings.seed);
  let inputOffset = 0;

  function charge(units) {
    guest.exports.fuel.value -= BigInt(units);
    if (guest.exports.fuel.value < 0n) throw new Ending(status.outOfFuel);
  }
  const bytesCost = (count) => Math.ceil(count / settings.hostBytesPerUnit);
  const memory = () => new Uint8Array(guest.exports.memory?.buffer ?? 0);
  const view = () => new DataView(guest.exports.memory?.buffer ?? new ArrayBuffer(0));
  const isInside = (pointer, length) => (pointer >>> 0) + (length >>> 0) <= memory().length;

  function store(...words) {
    if (!words.every(([pointer, , size]) => isInside(pointer, size))) return errno.fault;
    for (const [pointer, value, size] of words) {
      if (size === 8) view().setBigUint64(pointer >>> 0, BigInt(value), true);
      else view().setUint32(pointer >>> 0, value, true);
    }
    return errno.none;
  }

  /** The memory ranges that an array of vectors names, or undefined where one lies outside. */
  function vectors(pointer, count) {
    if (!isInside(pointer, count * 8)) return undefined;
    const ranges = [];
    for (let at = pointer >>> 0; ranges.length < count; at += 8) {
      const range = { start: view().getUint32(at, true), length: view().getUint32(at + 4, true) };
      if (!isInside(range.start, range.length)) return undefined;
      ranges.push(range);
    }
    return ranges;
  }

  function transfer(pointer, count, resultPointer, move) {
    if (count >>> 0 > mostVectors) return errno.invalid;
    charge(unitsPerVector * (count >>> 0));
    const ranges = vectors(pointer, count >>> 0);
    if (ranges === undefined || !isInside(resultPointer, 4)) return errno.fault;
    let total = 0;
    for (const range of ranges) total += move(range);
    return store([resultPointer, total, 4]);
  }

  function take({ start, length }) {
    const count = Math.min(length, input.length - inputOffset);
    charge(bytesCost(count));
    memory().set(input.subarray(inputOffset, inputOffset + count), start);
    inputOffset += count;
    return count;
  }

  function give({ start, length }, isKept) {
    charge(bytesCost(length));
    if (isKept) sink.append(memory().subarray(start, start + length));
    return length;
  }

  function describe(descriptor, pointer) {
    if (!isInside(pointer, 24)) return errno.fault;
    memory().fill(0, pointer >>> 0, (pointer >>> 0) + 24);
    return store([pointer + 8, descriptor === 0 ? 2 : 64, 8]); // rights: to read, or to write
  }

  function fillRandom(pointer, length) {
    if (!isInside(pointer, length)) return errno.fault;
    charge(8 * (length >>> 0));
    const target = memory();
    for (let at = pointer >>> 0; at < (pointer >>> 0) + (length >>> 0); at++) target[at] = random();
    return errno.none;
  }

  const ifOpen = (descriptor, act) => (descriptor >>> 0 <= 2 ? act() : errno.badDescriptor);
  const none = (countPointer, sizePointer) => store([countPointer, 0, 4], [sizePointer, 0, 4]);
  const functions = {
    args_get: () => errno.none,
    args_sizes_get: none,
    environ_get: () => errno.none,
    environ_sizes_get: none,
    clock_res_get: (_, pointer) => store([pointer, 1, 8]),
    clock_time_get: (_, __, pointer) => store([pointer, 0, 8]),
    fd_close: (descriptor) => ifOpen(descriptor, () => errno.none),
    fd_fdstat_get: (descriptor, pointer) => ifOpen(descriptor, () => describe(descriptor, pointer)),
    fd_fdstat_set_flags: (descriptor) => ifOpen(descriptor, () => errno.none),
    fd_prestat_get: () => errno.badDescriptor,
    fd_prestat_dir_name: () => errno.badDescriptor,
    fd_read: (descriptor, pointer, count, result) =>
      descriptor === 0 ? transfer(pointer, count, result, take) : errno.badDescriptor,
    fd_seek: (descriptor) => ifOpen(descriptor, () => errno.notSeekable),
    fd_write: (descriptor, pointer, count, result) =>
      descriptor === 1 || descriptor === 2
        ? transfer(pointer, count, result, (range) => give(range, descriptor === 1))
        : errno.badDescriptor,
    proc_exit: (code) => {
      throw new Ending(code === 0 ? status.success : code === 2 ? status.badInput : status.trap);
    },
    random_get: fillRandom,
    sched_yield: () => errno.none,
  };

  const charged = Object.entries(functions).map(([name, act]) => [
    name,
    (...values) => {
      charge(settings.hostCall);
      return act(...values);
    },
  ]);
  return { functions: Object.fromEntries(charged), output: sink.bytes };
}

/** The status of a guest that ended by an exception, or the fault status with a message. */
function classify(error, exports) {
  if (error instanceof Ending) return error.code;
  if (!(error instanceof WebAssembly.RuntimeError)) return status.fault;
  if (exports.fuel.value < 0n) return status.outOfFuel;
  const reasons = { 0: status.trap, 1: status.outOfMemory, 2: status.callDepth };
  return reasons[exports.state.value] ?? status.fault;
}

function main() {
  const settings = JSON.parse(new TextDecoder().decode(readFrame()));
  const module = new WebAssembly.Module(readFrame());
  const input = readFrame();
  const guest = { exports: undefined };
  const host = makeHost(guest, input, settings);
  guest.exports = new WebAssembly.Instance(module, { wasi_snapshot_preview1: host.functions }).exports;
  guest.exports.fuel.value = BigInt(settings.fuel);
  guest.exports.depth.value = settings.callDepth;
  let code = status.success;
  try {
    guest.exports.run();
  } catch (error) {
    code = classify(error, guest.exports);
    if (code === status.fault) throw error;
  }
  reply(code, guest.exports.fuel.value, code === status.success ? host.output() : new Uint8Array());
}

try {
  main();
} catch (error) {
  reply(status.fault, 0n, new TextEncoder().encode(String(error).slice(0, 500)));
}
