// Messages that wait to be sent on one connection, and the memory they take.
//
// A queue never refuses a message: when it is full, what fills it is paused (see `P2PNode`).

import { MESSAGE_OVERHEAD_BYTES } from '../../p2p/transport/transport.ts';

/** Places in front that were emptied are given back from here on, if they are half of all. */
const MIN_RECLAIMED = 32;

/** First in, first out; each step takes the same time however long the queue is. */
export class MessageQueue<Message extends { readonly payload: Uint8Array }> {
  #messages: Message[] = [];
  #head = 0;
  #memoryBytes = 0;

  get length(): number {
    return this.#messages.length - this.#head;
  }

  /** Payloads, and `MESSAGE_OVERHEAD_BYTES` for each message, in bytes. */
  get memoryBytes(): number {
    return this.#memoryBytes;
  }

  /** The next message; undefined when there is none. */
  get first(): Message | undefined {
    return this.#messages[this.#head];
  }

  push(message: Message): void {
    this.#messages.push(message);
    this.#memoryBytes += message.payload.length + MESSAGE_OVERHEAD_BYTES;
  }

  /** Takes the next message out; undefined when there is none. */
  shift(): Message | undefined {
    const message = this.first;
    if (message === undefined) return undefined;
    this.#memoryBytes -= message.payload.length + MESSAGE_OVERHEAD_BYTES;
    this.#head++;
    if (this.length === 0) {
      this.#messages = [];
      this.#head = 0;
    } else if (this.#head >= MIN_RECLAIMED && this.#head >= this.length) {
      this.#messages = this.#messages.slice(this.#head);
      this.#head = 0;
    }
    return message;
  }

  /** Drops all messages. */
  clear(): void {
    this.#messages = [];
    this.#head = 0;
    this.#memoryBytes = 0;
  }
}
