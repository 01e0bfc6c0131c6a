// A token bucket: limits how often something may happen, on average and in a burst.
//
// Time is handed in, in milliseconds of any clock; the bucket has no timer.

/** How a bucket fills. */
export interface TokenBucketOptions {
  /** Most tokens that the bucket fills up to by itself: the longest burst. */
  capacity: number;
  tokensPerSecond: number;
  /** Tokens to start with; a full bucket when left out. */
  tokens?: number;
  /** The time now. */
  nowMs: number;
}

/** Holds tokens that come at a steady rate and are spent one piece of work at a time. */
export class TokenBucket {
  readonly #capacity: number;
  readonly #tokensPerMs: number;
  #tokens: number;
  #filledAtMs: number;

  constructor(options: TokenBucketOptions) {
    this.#capacity = options.capacity;
    this.#tokensPerMs = options.tokensPerSecond / 1000;
    this.#tokens = options.tokens ?? options.capacity;
    this.#filledAtMs = options.nowMs;
  }

  /** Tokens as of the last `refill`, fractions included. */
  get tokens(): number {
    return this.#tokens;
  }

  /**
   * Adds the tokens that came since the last call, up to the capacity.
   *
   * A clock that went back adds none, and counts from where it is now. Tokens above the capacity, which only `add`
   * brings, stay.
   */
  refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filledAtMs = nowMs;
    if (this.#tokens < this.#capacity) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedMs * this.#tokensPerMs);
    }
  }

  /** Adds tokens at once, even above the capacity: for requested work. */
  add(tokenCount: number): void {
    this.#tokens += tokenCount;
  }

  /** Spends tokens if there are enough. @returns Whether there were. */
  tryTake(tokenCount: number = 1): boolean {
    if (this.#tokens < tokenCount) return false;
    this.#tokens -= tokenCount;
    return true;
  }
}
