// The difference of our clock from those of the peers that we chose. It is only shown, and adjusts nothing. (Bitcoin Core
// src/node/timeoffsets.h)

/** Samples kept. */
const MAX_SAMPLES = 50;
/** Fewer samples give no result. */
const MIN_SAMPLES = 5;
/** Offset worth a warning, in seconds. */
const WARN_SECONDS = 600;

/** The warning, shown as long as the difference lasts. */
export const CLOCK_WARNING =
  'The clock of this computer differs from those of other nodes by more than ten minutes: please check date and time.';

export class ClockOffset {
  readonly #samples: number[] = [];

  /** @param offsetSeconds - A peer's clock less ours. */
  add(offsetSeconds: number): void {
    if (this.#samples.length === MAX_SAMPLES) this.#samples.shift();
    this.#samples.push(offsetSeconds);
  }

  /** The median in seconds; 0 with fewer than five samples. */
  medianSeconds(): number {
    if (this.#samples.length < MIN_SAMPLES) return 0;
    const sorted = this.#samples.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)]!;
  }

  /** Whether the difference deserves a warning. */
  isSuspicious(): boolean {
    return Math.abs(this.medianSeconds()) > WARN_SECONDS;
  }
}
