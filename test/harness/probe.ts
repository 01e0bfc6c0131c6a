// A `SockMan` that writes down every event, and lets a test put its own hands into each callback.

import { SockMan } from '../../ts/sockman/sock-man.ts';
import type { SockManCallbacks } from '../../ts/sockman/callbacks/callbacks.ts';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import type { Service } from '../../ts/netaddr/service.ts';
import { noteProgress } from './until.ts';

/** What a test does inside callbacks, after the event was written down. */
export type Hands = {
  -readonly [Name in keyof SockManCallbacks]?: (...args: Parameters<SockManCallbacks[Name]>) => unknown;
};

/** Predicates and hooks: to have one is to be asked, so they are overridden only where a test wants them. */
export type Overridable = Pick<
  Partial<SockManCallbacks>,
  | 'shouldTryToSend'
  | 'shouldTryToRecv'
  | 'eventConnectionClosed'
  | 'eventIOLoopCompletedForNode'
  | 'eventIOLoopCompletedForAllPeers'
>;

/** What a callback threw, as `onCallbackError` got it. */
export interface Thrown {
  error: unknown;
  where: string;
  nodeId: number | undefined;
}

export class Probe extends SockMan {
  /** All events in order: `accepted 0`, `ready 0`, `data 0`, `eof 0`, `error 0 ECONNRESET`. Adjacent data is one event. */
  readonly events: string[] = [];
  readonly accepted: { nodeId: number; me: Service; them: Service }[] = [];
  readonly thrown: Thrown[] = [];
  readonly on: Hands = {};
  /** Keeps the bytes; a test that moves much of them counts instead. */
  keepsBytes = true;
  readonly #chunks = new Map<number, Uint8Array[]>();
  readonly #receivedBytes = new Map<number, number>();

  constructor(options: SockManOptions = {}, overrides: Overridable = {}) {
    const thrown: Thrown[] = [];
    super({
      onCallbackError: (error, where, nodeId) => {
        thrown.push({ error, where, nodeId });
        noteProgress();
      },
      ...options,
    });
    this.thrown = thrown;
    Object.assign(this, overrides);
  }

  // ---- What happened ------------------------------------------------------------------------------------------------

  /** Events that concern a node, `ready` left out: when there is room to send is up to the kernel. */
  eventsOf(nodeId: number): string[] {
    return this.events.filter((event) => event.split(' ')[1] === String(nodeId) && !event.startsWith('ready'));
  }

  count(event: string): number {
    return this.events.filter((seen) => seen === event).length;
  }

  has(event: string): boolean {
    return this.events.includes(event);
  }

  /** Whether EOF or a read error was told. */
  hasEnded(nodeId: number): boolean {
    return this.events.some((event) => event === `eof ${nodeId}` || event.startsWith(`error ${nodeId} `));
  }

  receivedBytes(nodeId: number): number {
    return this.#receivedBytes.get(nodeId) ?? 0;
  }

  bytes(nodeId: number): Buffer {
    return Buffer.concat(this.#chunks.get(nodeId) ?? []);
  }

  text(nodeId: number): string {
    return this.bytes(nodeId).toString();
  }

  // ---- Callbacks ----------------------------------------------------------------------------------------------------

  eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
    this.accepted.push({ nodeId, me, them });
    this.#note(`accepted ${nodeId}`);
    try {
      const answer = this.on.eventNewConnectionAccepted?.(nodeId, me, them);
      return answer === undefined || answer === true;
    } finally {
      noteProgress();
    }
  }

  eventReadyToSend(nodeId: number): boolean {
    this.#note(`ready ${nodeId}`);
    try {
      return this.on.eventReadyToSend?.(nodeId) === true;
    } finally {
      noteProgress();
    }
  }

  eventGotData(nodeId: number, data: Uint8Array): void {
    this.#receivedBytes.set(nodeId, this.receivedBytes(nodeId) + data.length);
    if (this.keepsBytes) {
      const chunks = this.#chunks.get(nodeId) ?? [];
      this.#chunks.set(nodeId, chunks);
      chunks.push(data.slice());
    }
    this.#note(`data ${nodeId}`);
    try {
      this.on.eventGotData?.(nodeId, data);
    } finally {
      noteProgress();
    }
  }

  eventGotEOF(nodeId: number): void {
    this.#note(`eof ${nodeId}`);
    try {
      this.on.eventGotEOF?.(nodeId);
    } finally {
      noteProgress();
    }
  }

  eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void {
    this.#note(`error ${nodeId} ${code}`);
    try {
      this.on.eventGotPermanentReadError?.(nodeId, errmsg, code);
    } finally {
      noteProgress();
    }
  }

  #note(event: string): void {
    if (event.startsWith('data') && this.events.at(-1) === event) return;
    this.events.push(event);
  }
}
