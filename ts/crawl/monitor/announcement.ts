// One block or transaction and how it spread: who announced it when, counted from the first.

/** Networks by number, 0 unused: as `NETWORK_NAMES`. */
const NETWORK_NUMBERS_END = 6;

/** Who is held at a moment: all, and by network number. */
export interface HeldCounts {
  readonly all: number;
  readonly networks: Uint32Array;
}

/** What an announcement needs to know of a peer. */
export interface Announcer {
  /** Its place among those that are held. */
  readonly slot: number;
  readonly network: number;
  /** Since when it is held, in monotonic milliseconds. */
  readonly heldSinceMs: number;
}

/** Milliseconds from the first announcement until half, and nine tenths, had made theirs; NaN if they never did. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
}

/** See the module comment. Takes 4 bytes for each peer that is held. */
export class Announcement {
  readonly key: string;
  readonly firstAtMs: number;
  readonly firstWallMs: number;
  readonly firstSlot: number;
  readonly held: HeldCounts;
  /** Milliseconds after the first by slot; negative: not yet. */
  readonly delays: Float32Array;
  count = 0;
  readonly #counts = new Uint32Array(NETWORK_NUMBERS_END);
  readonly #p50 = new Float64Array(NETWORK_NUMBERS_END).fill(Number.NaN);
  readonly #p90 = new Float64Array(NETWORK_NUMBERS_END).fill(Number.NaN);

  constructor(key: string, nowMs: number, wallMs: number, slot: number, held: HeldCounts, slots: number) {
    this.key = key;
    this.firstAtMs = nowMs;
    this.firstWallMs = wallMs;
    this.firstSlot = slot;
    this.held = { all: held.all, networks: held.networks.slice() };
    this.delays = new Float32Array(slots).fill(-1);
  }

  /** A peer announces it. Those that came later, and who said so before, do not count. */
  add({ slot, network, heldSinceMs }: Announcer, nowMs: number): void {
    if (slot >= this.delays.length || heldSinceMs > this.firstAtMs || this.delays[slot]! >= 0) return;
    const delayMs = nowMs - this.firstAtMs;
    this.delays[slot] = delayMs;
    this.count += 1;
    this.#counts[network]! += 1;
    this.#note(0, this.count, this.held.all, delayMs);
    this.#note(network, this.#counts[network]!, this.held.networks[network]!, delayMs);
  }

  /** How it spread among all, or in one network. */
  spread(network: number = 0): Spread {
    return { p50: this.#p50[network]!, p90: this.#p90[network]! };
  }

  /** Place 0 is for all. */
  #note(place: number, count: number, held: number, delayMs: number): void {
    if (count === Math.ceil(held * 0.5)) this.#p50[place] = delayMs;
    if (count === Math.ceil(held * 0.9)) this.#p90[place] = delayMs;
  }
}
