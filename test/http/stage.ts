// An `HttpServer` over each backend, and clients that are plain sockets.

import { expect } from 'vitest';
import { HttpServer } from '../../ts/http.ts';
import type { HttpServerOptions } from '../../ts/http.ts';
import type { Service } from '../../ts/netaddr/service.ts';
import type { Stage } from '../harness/backends.ts';
import type { RawPeer } from '../harness/peers/raw-peer.ts';
import { noteProgress, until } from '../harness/until.ts';

/** One answer as it came. */
export interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** A server that runs, and ends with the test. */
export class HttpStage {
  readonly #stage: Stage;
  readonly #servers: HttpServer[] = [];
  bound!: Service;

  /** The server tells nobody what happens inside it: tests that await that look every few milliseconds. */
  readonly #looking = setInterval(noteProgress, 2);

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  /** Starts a server with a few routes that tests like to have; more can be added. */
  serve(options: HttpServerOptions = {}): HttpServer {
    const clock = this.#stage.world.network?.clock;
    const server = new HttpServer({
      ...this.#stage.world.options,
      ...(clock !== undefined && { clock }),
      onCallbackError: (error) => expect.fail(String(error)),
      ...options,
    });
    server.route('GET', '/hello', (request) => request.writeReply(200, 'hello'));
    server.route('POST', '/echo', (request) => request.writeReply(200, request.body));
    this.#servers.push(server);
    this.bound = server.start()[0]!;
    return server;
  }

  client(): Promise<RawPeer> {
    return this.#stage.dialedBy(this.bound);
  }

  async clear(): Promise<void> {
    clearInterval(this.#looking);
    for (const server of this.#servers.splice(0)) {
      server.interruptNet();
      server.closeSockets();
      await server.joinSocketsThreads();
    }
  }
}

/** Answers in what a client received; what is left of an unfinished one is no answer. Fixed lengths only. */
export function answersIn(received: Buffer): Answer[] {
  const found: Answer[] = [];
  let text = received.toString('latin1');
  for (;;) {
    const match = /^HTTP\/1\.\d (\d{3}) .*\r\n(?:.+\r\n)*\r\n/.exec(text);
    if (match === null) return found;
    const length = Number(/^content-length: (\d+)\r$/im.exec(match[0])?.[1] ?? 0);
    const end = match[0].length + length;
    if (text.length < end) return found;
    found.push({ status: Number(match[1]), head: match[0], body: text.slice(match[0].length, end) });
    text = text.slice(end);
  }
}

/** Resolves with the answers once there are `count`. */
export async function answers(client: RawPeer, count: number): Promise<Answer[]> {
  await until(`${count} answers`, () => answersIn(client.bytes).length >= count);
  return answersIn(client.bytes);
}

/** Resolves once the server has closed. */
export function closed(client: RawPeer): Promise<void> {
  return until('the server to close', () => client.hasEOF || client.brokenBy !== undefined);
}
