// The upload target: the bytes to send in a day. (Bitcoin Core src/net.cpp, RecordBytesSent and OutboundTargetReached)
//
// Nothing is throttled. The server of old blocks asks here first, and refuses when the target is reached; part of it is
// held back from them, so that new blocks can go out until the end of the day.

import type { Clock } from '../../util/time/clock.ts';
import { invalidArg } from '../../util/errors/errors.ts';

/** Length of a cycle, in seconds. (Core, MAX_UPLOAD_TIMEFRAME) */
export const UPLOAD_CYCLE_SECONDS = 86_400;

/** Bytes of a new block, and the interval of blocks: what is reserved for them. */
const BLOCK_BYTES = 4_000_000;
const BLOCK_INTERVAL_SECONDS = 600;

/** `<number><unit>`. */
const AMOUNT = /^(\d+)([kKmMgGtT]?)$/;

/** Lower-case units are powers of 1,000, upper-case ones of 1,024. */
const UNIT_BYTES: Readonly<Record<string, number>> = {
  k: 1e3,
  K: 2 ** 10,
  m: 1e6,
  M: 2 ** 20,
  g: 1e9,
  G: 2 ** 30,
  t: 1e12,
  T: 2 ** 40,
};
const DEFAULT_UNIT = 'M';

/**
 * Reads an amount such as `500M`; without a unit in MiB.
 *
 * @returns Bytes; 0 stands for no limit.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: not an amount, or more than 2^53 - 1 bytes.
 */
export function parseUploadTarget(text: string): number {
  const [, digits, unit] = AMOUNT.exec(text) ?? [];
  const bytes = Number(digits) * UNIT_BYTES[unit || DEFAULT_UNIT]!;
  if (!Number.isSafeInteger(bytes)) throw invalidArg('maxUploadTarget', 'a number and one of k K m M g G t T', text);
  return bytes;
}

/** Counts sent bytes, by the day. */
export class UploadTarget {
  /** The target, in bytes; 0 for none. */
  readonly limitBytes: number;
  readonly #clock: Pick<Clock, 'wallTimeMs'>;
  /** The first byte sent starts the first cycle. */
  #cycleStartSeconds = 0;
  #sentInCycle = 0;

  constructor(limitBytes: number, clock: Pick<Clock, 'wallTimeMs'>) {
    this.limitBytes = limitBytes;
    this.#clock = clock;
  }

  /** Counts sent bytes. */
  count(bytes: number): void {
    const nowSeconds = this.#nowSeconds();
    if (this.#cycleStartSeconds + UPLOAD_CYCLE_SECONDS < nowSeconds) {
      this.#cycleStartSeconds = nowSeconds;
      this.#sentInCycle = 0;
    }
    this.#sentInCycle += bytes;
  }

  /** Whether no more should be served. @param isHistorical - For old blocks, which stop earlier. */
  isReached(isHistorical: boolean = false): boolean {
    if (this.limitBytes === 0) return false;
    if (!isHistorical) return this.#sentInCycle >= this.limitBytes;
    const heldBackBytes = Math.floor(this.secondsLeft / BLOCK_INTERVAL_SECONDS) * BLOCK_BYTES;
    return heldBackBytes >= this.limitBytes || this.#sentInCycle >= this.limitBytes - heldBackBytes;
  }

  /** Seconds to the end of the cycle; 0 without a target. */
  get secondsLeft(): number {
    if (this.limitBytes === 0) return 0;
    if (this.#cycleStartSeconds === 0) return UPLOAD_CYCLE_SECONDS;
    return Math.max(0, this.#cycleStartSeconds + UPLOAD_CYCLE_SECONDS - this.#nowSeconds());
  }

  /** Bytes left in the cycle; 0 without a target. */
  get bytesLeft(): number {
    return Math.max(0, this.limitBytes - this.#sentInCycle);
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.wallTimeMs() / 1_000);
  }
}
