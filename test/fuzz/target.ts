// What a fuzz target is, and what targets share.
//
// A target takes any bytes and throws when the code under test breaks its word: an error that is not documented, another
// result for another cut of the stream, a value that does not survive being written and read. The ordinary test run replays
// seeds, corpus and past findings (replay.test.ts); `npm run fuzz` looks for new ones.

import { isDeepStrictEqual } from 'node:util';

export interface FuzzTarget {
  /** Inputs to start from: published vectors, where there are some. */
  seeds(): readonly Uint8Array[];
  /** Tries one input. @throws {Error} A finding. */
  run(input: Uint8Array): void;
  /** Words of the format, which no fuzzer guesses. */
  readonly words?: readonly string[];
  /** How many mutations the ordinary test run tries. Default 2,000; fewer where an input takes milliseconds. */
  readonly mutations?: number;
}

/** A finding. */
export function finding(what: string): never {
  throw new Error(`finding: ${what}`);
}

/** What `job` returns; undefined if it throws an error with one of the documented codes. Anything else it throws is a finding. */
export function attempt<Value>(codes: readonly string[], job: () => Value): Value | undefined {
  try {
    return job();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (error instanceof Error && typeof code === 'string' && codes.includes(code)) return undefined;
    throw error;
  }
}

/** A finding unless both are the same, deeply. */
export function same(what: string, actual: unknown, expected: unknown): void {
  // Bytes are most of what is compared, and a hundred times faster by themselves.
  const isSame =
    actual instanceof Uint8Array && expected instanceof Uint8Array
      ? Buffer.compare(actual, expected) === 0
      : actual === expected || isDeepStrictEqual(actual, expected);
  if (!isSame) finding(what);
}

/** The first byte of an input, which chooses, and the rest. */
export function chosen<Choice>(input: Uint8Array, choices: readonly Choice[]): [Choice, Uint8Array] {
  return [choices[(input[0] ?? 0) % choices.length]!, input.subarray(1)];
}

/** Bytes of stream for which pieces have 64 bytes at most; longer streams have proportionally longer pieces. */
const LONG_STREAM_BYTES = 16_384;

/** The stream in pieces of 1 to 64 bytes, longer ones beyond `LONG_STREAM_BYTES`; always the same for the same length. */
export function* pieces(stream: Uint8Array): Generator<Uint8Array> {
  const scale = Math.ceil(stream.length / LONG_STREAM_BYTES);
  let state = stream.length + 1;
  for (let start = 0; start < stream.length;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const end = Math.min(stream.length, start + 1 + (state >>> 26) * scale);
    yield stream.subarray(start, end);
    start = end;
  }
}

/** Latin-1: each byte is a character. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
