// The stream of events, and reconnecting: the browser's own reconnecting tells neither why nor when.

/** The states of the page. */
export type LiveState = 'loading' | 'live' | 'disconnected' | 'error' | 'shutdown';

/** Receives what happens to the connection. */
export interface LiveListener {
  /** An event of the stream. */
  onEvent(name: string, data: unknown): void;
  /** Not live: since when, when the next try is (0 while it runs), and what the node said, if it answered. */
  onDown(state: 'disconnected' | 'error' | 'shutdown', reason: string, nextTryMs: number): void;
  /** A snapshot, from a node that has no free stream. */
  onSnapshot(snapshot: unknown): void;
}

/** Interval between tries, in milliseconds: after no answer, and after a refusal. */
const RETRY_MS = 3_000;
const RETRY_REFUSED_MS = 30_000;

/** A stream without events for this long is considered dead, in milliseconds: there is one event each second. */
const SILENCE_MS = 20_000;

const EVENTS = [
  'hello',
  'snapshot',
  'totals',
  'peerAdded',
  'peerRemoved',
  'peers',
  'addrman',
  'bans',
  'sv2',
  'log',
  'shutdown',
];

export class LiveConnection {
  readonly #listener: LiveListener;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(listener: LiveListener) {
    this.#listener = listener;
  }

  /** Connects, now. */
  connect(): void {
    this.#drop();
    const source = new EventSource(`${location.origin}/events`);
    this.#source = source;
    source.onerror = () => void this.#failed(source);
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => this.#heard(name, (event as MessageEvent<string>).data));
    }
    this.#watchSilence(source);
  }

  #heard(name: string, data: string): void {
    const source = this.#source;
    if (source === undefined) return;
    this.#watchSilence(source);
    if (name === 'hello') this.#isStopped = false;
    if (name === 'shutdown') {
      this.#isStopped = true;
      this.#drop();
      this.#tryLater('shutdown', '', RETRY_MS);
    } else this.#listener.onEvent(name, JSON.parse(data));
  }

  /** The stream broke off, or was refused: a second request finds out which. */
  async #failed(source: EventSource): Promise<void> {
    if (source !== this.#source) return;
    this.#drop();
    try {
      const answer = await fetch(`${location.origin}/dashboard/snapshot`, { cache: 'no-store' });
      if (this.#source !== undefined) return;
      if (!answer.ok) return this.#tryLater('error', `${answer.status}, ${await answer.text()}`, RETRY_REFUSED_MS);
      const snapshot: unknown = await answer.json();
      const refusal = await this.#refusal();
      if (this.#source !== undefined) return;
      if (refusal === '') return this.connect();
      this.#listener.onSnapshot(snapshot);
      this.#tryLater('error', refusal, RETRY_REFUSED_MS);
    } catch {
      if (this.#source === undefined) this.#tryLater(this.#isStopped ? 'shutdown' : 'disconnected', '', RETRY_MS);
    }
  }

  /** The node's reason for refusing a stream; empty if it gives one. */
  async #refusal(): Promise<string> {
    const giveUp = new AbortController();
    const answer = await fetch(`${location.origin}/events`, { cache: 'no-store', signal: giveUp.signal });
    const words = answer.ok ? '' : `${answer.status}, ${(await answer.text()).trim()}`;
    giveUp.abort();
    return words;
  }

  #tryLater(state: 'disconnected' | 'error' | 'shutdown', reason: string, ms: number): void {
    this.#listener.onDown(state, reason, Date.now() + ms);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connect(), ms);
  }

  #watchSilence(source: EventSource): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => void this.#failed(source), SILENCE_MS);
  }

  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = undefined;
  }
}
