// Bytes of answers that the kernel has not taken.

/** Hands bytes to the kernel; as `SockMan.sendBytes`. */
export type SendBytes = (data: Uint8Array, willSendMore: boolean) => number;

/** Sent pieces kept before the rest moves up: the array of a queue that never empties must not grow. */
const MAX_SENT_PIECES = 64;

const NOTHING = new Uint8Array(0);

export class OutputQueue {
  #pieces: Uint8Array[] = [];
  /** Index of the first piece that is not sent, and bytes of it that are. */
  #first = 0;
  #offset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds bytes, which are the queue's from then on. */
  push(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#pieces.push(data);
    this.#bytes += data.length;
  }

  /**
   * Sends what the kernel takes.
   * @returns Bytes sent, or the negative errno of a connection that can send no more.
   */
  send(sendBytes: SendBytes): number {
    let total = 0;
    while (this.#bytes > 0) {
      const piece = this.#pieces[this.#first]!;
      const rest = this.#offset === 0 ? piece : piece.subarray(this.#offset);
      const sent = sendBytes(rest, this.#bytes > rest.length);
      if (sent < 0) return sent;
      total += sent;
      this.#bytes -= sent;
      if (sent < rest.length) {
        this.#offset += sent;
        return total;
      }
      this.#dropFirst();
    }
    return total;
  }

  #dropFirst(): void {
    this.#pieces[this.#first++] = NOTHING;
    this.#offset = 0;
    if (this.#first < this.#pieces.length && this.#first < MAX_SENT_PIECES) return;
    this.#pieces = this.#pieces.slice(this.#first);
    this.#first = 0;
  }
}
