// The output of a connection: answers go to the kernel at once, and wait here for what it does not take.

import type { SockMan } from '../../sockman/sock-man.ts';
import type { AnswerBuffer } from './answer-buffer.ts';
import { OutputQueue } from './output-queue.ts';

/** What all connections of a server send with. */
export interface OutboxContext {
  readonly sockMan: SockMan;
  readonly answers: AnswerBuffer;
}

/**
 * Every call that sends returns the bytes that the kernel took, or the negative errno of a connection that can send no more.
 */
export class Outbox {
  readonly #context: OutboxContext;
  readonly #nodeId: number;
  /** Undefined while nothing waits. */
  #queue: OutputQueue | undefined = undefined;

  constructor(context: OutboxContext, nodeId: number) {
    this.#context = context;
    this.#nodeId = nodeId;
  }

  get unsentBytes(): number {
    return this.#queue === undefined ? 0 : this.#queue.bytes;
  }

  /** Sends head and body; small ones leave with one call, from memory that is reused. */
  sendAnswer(head: string, body: string | Uint8Array = '', bodyBytes = 0): number {
    const bytes = this.#queue === undefined ? this.#context.answers.compose(head, body, bodyBytes) : undefined;
    if (bytes !== undefined) return this.sendLent(bytes);
    this.push(Buffer.from(head, 'latin1'));
    this.push(typeof body === 'string' ? Buffer.from(body) : body);
    return this.flush();
  }

  /** Sends bytes that belong to the caller. */
  sendLent(bytes: Uint8Array): number {
    const sent = this.#trySend(bytes, false);
    if (sent >= 0 && sent < bytes.length) this.push(bytes.slice(sent));
    return sent;
  }

  /** Takes over bytes and sends them. @param willSendMore - As `SockMan.sendBytes`. */
  sendOwn(bytes: Uint8Array, willSendMore: boolean): number {
    const sent = this.#trySend(bytes, willSendMore);
    if (sent >= 0 && sent < bytes.length) this.push(sent === 0 ? bytes : bytes.subarray(sent));
    return sent;
  }

  /** Nothing leaves before bytes that wait. */
  #trySend(bytes: Uint8Array, willSendMore: boolean): number {
    return this.#queue === undefined ? this.#context.sockMan.sendBytes(this.#nodeId, bytes, willSendMore) : 0;
  }

  /** Takes over bytes and adds them to those that wait. */
  push(bytes: Uint8Array): void {
    this.#queue ??= new OutputQueue();
    this.#queue.push(bytes);
  }

  /** Sends what waits. */
  flush(): number {
    if (this.#queue === undefined) return 0;
    const { sockMan } = this.#context;
    const sent = this.#queue.send((data, willSendMore) => sockMan.sendBytes(this.#nodeId, data, willSendMore));
    if (this.#queue.bytes === 0) this.#queue = undefined;
    return sent;
  }

  /** Forgets what waits: the connection is gone. */
  drop(): void {
    this.#queue = undefined;
  }
}
