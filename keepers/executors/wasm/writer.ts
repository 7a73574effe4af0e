/** A growing byte buffer with the encodings that a module needs. */
export type Writer = ReturnType<typeof makeWriter>;

/** Starts with room for `capacity` bytes. */
export function makeWriter(capacity = 256) {
  let buffer = new Uint8Array(capacity);
  let length = 0;

  function reserve(extra: number): void {
    if (length + extra <= buffer.length) return;
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + extra));
    grown.set(buffer.subarray(0, length));
    buffer = grown;
  }

  function u8(...values: number[]): void {
    reserve(values.length);
    for (const value of values) buffer[length++] = value;
  }

  function u32(value: number): void {
    reserve(5);
    let rest = value;
    while (rest >= 0x80) {
      buffer[length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[length++] = rest;
  }

  /** Signed LEB128 of a number within +-2^53. */
  function signed(value: number): void {
    reserve(10);
    let rest = value;
    while (rest < -64 || rest > 63) {
      buffer[length++] = (((rest % 0x80) + 0x80) % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    buffer[length++] = rest & 0x7f;
  }

  function bytes(values: Uint8Array): void {
    reserve(values.length);
    buffer.set(values, length);
    length += values.length;
  }

  function sized(values: Uint8Array): void {
    u32(values.length);
    bytes(values);
  }

  return { u8, u32, signed, bytes, sized, view: () => buffer.subarray(0, length) };
}
