// Whether an entry is worth keeping and dialing, from its statistics. (Bitcoin Core src/addrman.cpp, AddrInfo::IsTerrible
// and GetChance)

import type { EntryStore } from './tables/entry-store.ts';
import {
  FAILURE_FACTOR,
  FUTURE_TOLERANCE_SECONDS,
  HORIZON_SECONDS,
  MAX_ATTEMPTS_NEVER_WORKED,
  MAX_FACTORED_FAILURES,
  MAX_FAILURES,
  MIN_FAILING_SECONDS,
  RECENT_ATTEMPT_FACTOR,
  RECENT_ATTEMPT_SECONDS,
  RECENT_TRY_SECONDS,
} from './limits.ts';

/** 0.66^n for every n that can occur: a power costs more than the rest of a draw. */
const FAILURE_FACTORS = Float64Array.from({ length: MAX_FACTORED_FAILURES + 1 }, (_, n) => FAILURE_FACTOR ** n);

/**
 * Whether an entry is not worth telling others about, and may give its new slot to another.
 *
 * Nothing is ever deleted for being terrible.
 */
export function isTerrible(store: EntryStore, id: number, now: number): boolean {
  if (now - store.lastTry[id]! <= RECENT_TRY_SECONDS) return false;
  const time = store.time[id]!;
  if (time > now + FUTURE_TOLERANCE_SECONDS) return true;
  if (now - time > HORIZON_SECONDS) return true;
  const lastSuccess = store.lastSuccess[id]!;
  const attempts = store.attempts[id]!;
  if (lastSuccess === 0 && attempts >= MAX_ATTEMPTS_NEVER_WORKED) return true;
  return now - lastSuccess > MIN_FAILING_SECONDS && attempts >= MAX_FAILURES;
}

/** The relative chance, 0 to 1, that a draw which met this entry takes it. */
export function selectionChance(store: EntryStore, id: number, now: number): number {
  return recencyFactor(store, id, now) * FAILURE_FACTORS[Math.min(store.attempts[id]!, MAX_FACTORED_FAILURES)]!;
}

/** Whether a draw takes the entry it met: `lot`, uniform from 0 to 1 (or to less), is below its chance. */
export function isTaken(store: EntryStore, id: number, now: number, lot: number): boolean {
  // Where all were tried a moment ago this decides nearly always, without another look at memory far away.
  return lot < recencyFactor(store, id, now) && lot < selectionChance(store, id, now);
}

function recencyFactor(store: EntryStore, id: number, now: number): number {
  return now - store.lastTry[id]! < RECENT_ATTEMPT_SECONDS ? RECENT_ATTEMPT_FACTOR : 1;
}
