// Server-Sent Events to several clients at once: each event is written once for all of them.
//
// It knows nothing of the events' meaning. A slow client misses events and gets a new beginning once it has read what
// waited; a client that reads nothing is closed by the stream's limits. (WHATWG HTML, section 9.2)

import { integer } from '../../sockman/options.ts';
import type { Clock, Timer } from '../../util/time/clock.ts';
import type { HttpRequest } from '../message/http-request.ts';
import type { ReplyStream } from '../message/reply-stream.ts';

/** Default limit of clients. */
const DEFAULT_MAX_CLIENTS = 16;

/** Unsent bytes at which events are left out for a client, before the stream's own limit closes it. */
const MAX_BEHIND_BYTES = 256 * 1_024;
const MAX_UNSENT_BYTES = 1_024 * 1_024;

/** Silence after which a comment is sent as a sign of life, in milliseconds. */
const SILENCE_MS = 15_000;

/** Delay of a client's reconnecting, in milliseconds. */
const RETRY_MS = 3_000;

/** An event: its name, and a value that is written as JSON. */
export type StreamedEvent = readonly [name: string, data: unknown];

/** The source of the events. */
export interface EventSourceOfStreams {
  /** Events for a new client, or for one that missed some. */
  beginning(isNew: boolean): readonly StreamedEvent[];
  /** The first client came: events are wanted. */
  begin(): void;
  /** The last client left. */
  end(): void;
}

/** How streams are served. */
export interface EventStreamsOptions {
  readonly clock: Clock;
  /** Clients at a time, 1 to 10,000; more are answered 503. Default 16. */
  readonly maxClients?: number | undefined;
}

interface Client {
  readonly stream: ReplyStream;
  /** Events are left out until the client has read what waits. */
  isBehind: boolean;
}

const encoder = new TextEncoder();

/**
 * Streams events to several clients, each event written once for all.
 *
 * @example
 * const streams = new EventStreams(source, { clock: systemClock });
 * server.route('GET', '/events', (request) => streams.accept(request), { queued: false });
 * streams.send(['counted', { count: 7 }]);
 */
export class EventStreams {
  /** Events left out for clients that were behind. */
  dropped = 0;
  readonly #source: EventSourceOfStreams;
  readonly #clock: Clock;
  readonly #maxClients: number;
  readonly #clients = new Set<Client>();
  #lastId = 0;
  #lastSentMs = 0;
  #silence: Timer | undefined;

  /** @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `maxClients`. */
  constructor(source: EventSourceOfStreams, { clock, maxClients }: EventStreamsOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#maxClients = integer('maxClients', maxClients, DEFAULT_MAX_CLIENTS, 1, 10_000);
  }

  /** Clients now. */
  get count(): number {
    return this.#clients.size;
  }

  /** Answers a request with a stream, or 503 at the limit. The caller sets `Cache-Control`. */
  accept(request: HttpRequest): void {
    if (this.#clients.size >= this.#maxClients) {
      const text = `${this.#clients.size} pages are open already\n`;
      return request.writeHeader('Content-Type', 'text/plain').writeHeader('Retry-After', '30').writeReply(503, text);
    }
    request.writeHeader('Content-Type', 'text/event-stream');
    if (request.method === 'HEAD') return request.writeReply(200);
    const stream = request.startStream(200, { ignoresInput: true, maxUnsentBytes: MAX_UNSENT_BYTES });
    if (stream.isClosed) return;
    const client: Client = { stream, isBehind: false };
    // Before the source is asked: it may throw, which closes the stream.
    stream.onClose = () => this.#forget(client);
    if (this.#clients.size === 0) {
      this.#source.begin();
      this.#watchSilence();
    }
    // Before the client is added: pending events are in its beginning.
    const beginning = this.#source.beginning(true);
    this.#clients.add(client);
    stream.onStop = () => void stream.write(this.#textOf(['shutdown', {}]));
    stream.write(`retry: ${RETRY_MS}\n\n${this.#texts(beginning)}`);
  }

  /** Sends events to all clients. */
  send(...events: readonly StreamedEvent[]): void {
    if (this.#clients.size === 0 || events.length === 0) return;
    this.#lastSentMs = this.#clock.now();
    const bytes = encoder.encode(this.#texts(events));
    for (const client of this.#clients) {
      if (client.isBehind) this.dropped += events.length;
      else if (client.stream.unsentBytes > MAX_BEHIND_BYTES) {
        this.dropped += events.length;
        void this.#catchUp(client);
      } else client.stream.write(bytes);
    }
  }

  /** Ends all streams with a last event. */
  close(): void {
    for (const { stream } of [...this.#clients]) stream.tellStop();
  }

  async #catchUp(client: Client): Promise<void> {
    const { stream } = client;
    client.isBehind = true;
    await stream.drained();
    if (stream.isClosed) return;
    try {
      const beginning = this.#source.beginning(false);
      client.isBehind = false;
      stream.write(this.#texts(beginning));
    } catch (error) {
      // The client comes back for a beginning; the server logs what `onClose` throws.
      stream.onClose = () => {
        this.#forget(client);
        throw error;
      };
      stream.abort();
    }
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    if (this.#clients.size > 0) return;
    this.#silence?.cancel();
    this.#source.end();
  }

  #watchSilence(): void {
    this.#lastSentMs = this.#clock.now();
    this.#silence = this.#clock.after(SILENCE_MS, () => {
      const isSilent = this.#clock.now() - this.#lastSentMs >= SILENCE_MS;
      if (isSilent) for (const { stream, isBehind } of this.#clients) if (!isBehind) stream.write(': \n\n');
      this.#watchSilence();
    });
  }

  #texts(events: readonly StreamedEvent[]): string {
    return events.map((event) => this.#textOf(event)).join('');
  }

  #textOf([name, data]: StreamedEvent): string {
    return `id: ${++this.#lastId}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}
