// One block or transaction and how it spread: the time of each peer's announcement, from the first one on.

/** Number of network numbers, as in `NETWORK_NAMES`; 0 stands for all networks here. */
const NETWORK_NUMBERS_END = 6;

/** Peers held at one moment: all, and by network number. */
export interface HeldCounts {
  readonly all: number;
  readonly networks: Uint32Array;
}

/** The peer that announces. */
export interface Announcer {
  /** Its slot among the held peers. */
  readonly slot: number;
  readonly network: number;
  /** Time since which it is held, in monotonic milliseconds. */
  readonly heldSinceMs: number;
}

/** Milliseconds from the first announcement until half, and nine tenths, of the peers had made theirs; NaN if they never did. */
export interface Spread {
  readonly p50: number;
  readonly p90: number;
}

/** See the module comment. Takes 4 bytes for each held peer. */
export class Announcement {
  readonly key: string;
  readonly firstAtMs: number;
  readonly firstWallMs: number;
  readonly firstSlot: number;
  readonly held: HeldCounts;
  /** Milliseconds after the first announcement, by slot; negative: not announced yet. */
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

  /** A peer announces it. Peers that connected later do not count, nor do repeated announcements. */
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

  /** Place 0 stands for all networks. */
  #note(place: number, count: number, held: number, delayMs: number): void {
    if (count === Math.ceil(held * 0.5)) this.#p50[place] = delayMs;
    if (count === Math.ceil(held * 0.9)) this.#p90[place] = delayMs;
  }
}
