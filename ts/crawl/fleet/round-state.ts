// Where a round of the fleet stands, as a shared value. Any program may write to the bus, so it is checked when it is read.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import type { ChainName } from '../../p2p/chain-params.ts';

/** Key of the round's state among the settings: JSON of a `RoundState`. */
export const ROUND_KEY = 'round';

/** Highest number of a round: a message of work has six bytes for it. */
const MAX_ROUND = 2 ** 48 - 1;

/** Latest time of a `Date`, in milliseconds since 1970. (ECMAScript, time values) */
const MAX_TIME_MS = 8.64e15;

/** Longest text that is read, in UTF-16 units: many times what `formatRoundState` makes. */
const MAX_TEXT = 4_096;

/** Where a round stands: its seeds are published, it is visited, or it is over. */
export interface RoundState {
  /** From 1. */
  readonly number: number;
  /** The chain of the fleet: a worker of another chain takes no part. */
  readonly chain: ChainName;
  readonly phase: 'seeding' | 'open' | 'closed';
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

const CHAINS = Object.keys(CHAIN_PARAMS) as ChainName[];
const PHASES: readonly RoundState['phase'][] = ['seeding', 'open', 'closed'];

/** A state as text. */
export const formatRoundState = (state: RoundState): string => JSON.stringify(state);

/**
 * Reads a state. Unknown keys pass, since a newer release may have more.
 *
 * @returns Undefined for a text that is not a state.
 */
export function parseRoundState(text: string): RoundState | undefined {
  if (text.length > MAX_TEXT) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { number, chain, phase, startedAt, endedAt } = (value ?? {}) as Partial<Record<keyof RoundState, unknown>>;
  if (!isWhole(number, 1, MAX_ROUND) || !isWhole(startedAt, 0, MAX_TIME_MS)) return undefined;
  if (endedAt !== undefined && !isWhole(endedAt, 0, MAX_TIME_MS)) return undefined;
  const knownChain = CHAINS.find((name) => name === chain);
  const knownPhase = PHASES.find((name) => name === phase);
  if (knownChain === undefined || knownPhase === undefined) return undefined;
  return { number, chain: knownChain, phase: knownPhase, startedAt, ...(endedAt === undefined ? {} : { endedAt }) };
}

function isWhole(value: unknown, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
