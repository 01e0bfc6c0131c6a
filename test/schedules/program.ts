// Random programs of callbacks: what to call from within which callback. The same program again means the same calls at the
// same callbacks, as far as the kernel tells things in the same order.

import { seededRandom } from '../../ts/sockman/backends/memory/seeded-random.ts';

/** When an instruction is carried out: within the n-th callback of a kind, or behind the n-th dial. */
export const MOMENTS = [
  'accepted',
  'ready',
  'data',
  'eof',
  'error',
  'closed',
  'dialed',
  'mayReceive',
  'maySend',
  'doneForOne',
  'doneForAll',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** What it calls, and how often it is drawn. */
const CALLS = {
  close: 4,
  reset: 4,
  end: 2,
  send: 6,
  queue: 3,
  sendMany: 1,
  wake: 4,
  shutDown: 2,
  dial: 4,
  stream: 2,
  listen: 2,
  stopListening: 1,
  pauseAccepting: 1,
  resumeAccepting: 1,
  pauseReceiving: 2,
  resumeReceiving: 2,
  refuse: 1,
  throw: 2,
  interrupt: 0.2,
} as const;

export type Call = keyof typeof CALLS;

export interface Instruction {
  readonly at: Moment;
  readonly nth: number;
  readonly call: Call;
  /** Which connection: 0 is the one that the callback is about, n the n-th of those that are open. */
  readonly target: number;
  readonly byteCount: number;
}

/** Few enough that the shortest is found in seconds, enough for calls that get in each other's way. */
const MAX_INSTRUCTIONS = 24;
/** How many callbacks of a kind a program brings about, at most. */
const MAX_NTH = 40;
const MAX_TARGET = 4;
/** More than a socket's buffers take. */
const MAX_BYTES = 3_000_000;

export function makeProgram(seed: number): readonly Instruction[] {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  // As many small numbers as large ones.
  const upTo = (limit: number): number => Math.ceil(limit ** random());
  return Array.from({ length: 1 + below(MAX_INSTRUCTIONS) }, () => ({
    at: MOMENTS[below(MOMENTS.length)]!,
    nth: upTo(MAX_NTH),
    call: drawCall(random()),
    target: random() < 0.5 ? 0 : 1 + below(MAX_TARGET),
    byteCount: upTo(MAX_BYTES),
  }));
}

const TOTAL_ODDS = Object.values(CALLS).reduce<number>((sum, odds) => sum + odds, 0);

function drawCall(chance: number): Call {
  let left = chance * TOTAL_ODDS;
  for (const [call, odds] of Object.entries(CALLS)) if ((left -= odds) < 0) return call as Call;
  return 'wake';
}

/** Forms of an instruction that say less, the least first. */
export function simplerInstructions(instruction: Instruction): readonly Instruction[] {
  const { nth, target, byteCount } = instruction;
  const forms: Instruction[] = [
    { ...instruction, nth: 1, target: 0, byteCount: 1 },
    { ...instruction, target: 0 },
    { ...instruction, nth: 1 },
    { ...instruction, byteCount: 1 },
  ];
  return forms.filter((form) => form.nth < nth || form.target < target || form.byteCount < byteCount);
}
