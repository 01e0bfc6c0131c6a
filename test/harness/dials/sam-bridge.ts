// A scripted SAM bridge in a `MemoryNetwork`: well-behaved unless a test changes an answer.

import { encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import type { MemoryNetwork, MemoryPeer, MemoryPeerListener } from '../../../ts/testing.ts';
import { D1, D1_PRIVATE_KEY } from './i2p-destinations.ts';

export const BRIDGE = '127.0.0.1:7656';

/** The bridge's answer to a request; undefined stays silent, 'close' closes the socket. A line end is added. */
export type SamAnswer = (request: string) => string | undefined;

export class SamBridge {
  /** Every request: number of the socket, then the line. */
  readonly requests: string[] = [];
  /** Number of the socket and bytes of each read, for tests about segments. */
  readonly reads: string[] = [];
  /** Answers that differ from the good ones, by the first words of the request. */
  readonly answers: Record<string, SamAnswer | string> = {};
  readonly listener: MemoryPeerListener;
  readonly #net: MemoryNetwork;
  readonly #unread = new Map<MemoryPeer, string>();

  constructor(net: MemoryNetwork) {
    this.#net = net;
    this.listener = net.listen(BRIDGE);
  }

  /** The bridge's end of a socket, in order of connecting, from 0. */
  socket(number: number): MemoryPeer {
    return this.listener.peers[number]!;
  }

  /** The sockets that the node has not closed. */
  get openSocketCount(): number {
    return this.listener.peers.filter((peer) => !peer.hasEOF && peer.readErrno === undefined).length;
  }

  /** Requests since the last call. */
  takeRequests(): string[] {
    return this.requests.splice(0);
  }

  /** Runs everything that needs no time: requests are answered until none comes. */
  async settle(): Promise<void> {
    do await this.#net.clock.settle();
    while (this.#serve());
  }

  /** Lets time pass in steps no longer than `stepMs`, answering requests after each. */
  async advance(ms: number, stepMs = ms): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.#net.clock.advance(Math.min(left, stepMs));
      await this.settle();
    }
  }

  #serve(): boolean {
    let hasAnswered = false;
    for (const [number, peer] of this.listener.peers.entries()) {
      const read = Buffer.from(peer.take()).toString('latin1');
      if (read !== '') this.reads.push(`${number} ${read}`);
      let text = (this.#unread.get(peer) ?? '') + read;
      for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n')) {
        const request = text.slice(0, end);
        text = text.slice(end + 1);
        this.requests.push(`${number} ${request}`);
        this.#answer(peer, request);
        hasAnswered = true;
      }
      this.#unread.set(peer, text);
    }
    return hasAnswered;
  }

  #answer(peer: MemoryPeer, request: string): void {
    const changed = Object.keys(this.answers).find((words) => request.startsWith(words));
    const answer = changed === undefined ? goodSamAnswer(request) : this.answers[changed];
    const text = typeof answer === 'function' ? answer(request) : answer;
    if (text === 'close') peer.end();
    else if (text !== undefined) peer.send(Buffer.from(`${text}\n`, 'latin1'));
  }
}

/** The answers of a well-behaved bridge, without line end; undefined for unknown requests. */
export function goodSamAnswer(request: string): string | undefined {
  const destination = encodeI2PBase64(D1);
  const privateKey = encodeI2PBase64(D1_PRIVATE_KEY);
  if (request.startsWith('HELLO')) return 'HELLO REPLY RESULT=OK VERSION=3.1';
  if (request.startsWith('DEST GENERATE')) return `DEST REPLY PUB=${destination} PRIV=${privateKey}`;
  if (request.startsWith('SESSION CREATE')) return `SESSION STATUS RESULT=OK DESTINATION=${privateKey}`;
  if (request.startsWith('NAMING LOOKUP')) return `NAMING REPLY RESULT=OK NAME=x VALUE=${destination}`;
  if (request.startsWith('STREAM')) return 'STREAM STATUS RESULT=OK';
  return undefined;
}
