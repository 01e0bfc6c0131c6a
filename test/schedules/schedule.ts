// Random schedules for one connection, and what must come of them.
//
// A schedule is a list of rounds. In each, both ends do things in any order (send, pause, resume, half-close); the round is
// over when each end has been told all it can be told. Then comes the finish: one end closes or resets, or both close.
// What each end is told in each round is a function of the schedule alone, so every backend must give the same.
//
// What TCP leaves open is not compared:
// - how bytes are cut into deliveries: the bytes of a round are one event;
// - when there is room to send;
// - whether an end that closes with unread bytes shows at the other as EOF or as ECONNRESET, and how many of the bytes on
//   their way then arrive: any prefix of them;
// - in the same way, how many of the unread bytes survive a reset.
// One thing is open on node-net only: libuv reports EOF, not ECONNRESET, for an RST behind bytes that were still unread.

import { seededRandom } from '../../ts/sockman/backends/memory/seeded-random.ts';

export type End = 0 | 1;

export type Action =
  | { kind: 'send'; end: End; byteCount: number }
  | { kind: 'pause'; end: End }
  | { kind: 'resume'; end: End }
  | { kind: 'shutdown'; end: End }
  /** Lets the host's loop go round before what follows. */
  | { kind: 'yield' };

export type Finish = 'close' | 'reset';

export interface Schedule {
  /** Which noise the ends send. */
  noiseSeed: number;
  rounds: Action[][];
  finish: { kind: Finish; end: End };
}

/** Most bytes of one send: more than one receive chunk of the tests, and than fits small socket buffers. */
const MAX_SEND_BYTES = 40_000;

export function makeSchedule(seed: number): Schedule {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const end = (): End => (random() < 0.5 ? 0 : 1);
  const hasShutDown = [false, false];

  const makeAction = (): Action | undefined => {
    if (random() < 0.15) return { kind: 'yield' };
    const actor = end();
    const kind = random();
    if (kind < 0.6) {
      if (hasShutDown[actor] === true) return undefined;
      // As many small ones as large ones.
      return { kind: 'send', end: actor, byteCount: Math.ceil(MAX_SEND_BYTES ** random()) };
    }
    if (kind < 0.75) return { kind: 'pause', end: actor };
    if (kind < 0.92) return { kind: 'resume', end: actor };
    if (hasShutDown[actor] === true) return undefined;
    hasShutDown[actor] = true;
    return { kind: 'shutdown', end: actor };
  };

  const rounds = Array.from({ length: 1 + below(4) }, () =>
    Array.from({ length: 1 + below(6) }, makeAction).filter((action) => action !== undefined),
  );
  return { noiseSeed: seed, rounds, finish: { kind: random() < 0.6 ? 'close' : 'reset', end: end() } };
}
