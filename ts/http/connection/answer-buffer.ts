// A reused buffer in which small answers are put together, so that each leaves with one send.

/** Size of the memory, in bytes: an answer that does not fit goes in pieces. */
const BUFFER_BYTES = 65_536;

export class AnswerBuffer {
  readonly #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  /** What the memory begins with. */
  #head = '';
  /** The last answer; its view is reused when the next has the same length. */
  #view = new Uint8Array(this.#bytes.buffer, 0, 0);

  /**
   * Puts an answer together.
   *
   * @param head - Latin1.
   * @param body - Text is written as UTF-8.
   * @returns The bytes, good until the next call; undefined when there is no room.
   */
  compose(head: string, body: string | Uint8Array): Uint8Array | undefined {
    const bytes = this.#bytes;
    // UTF-8 takes at most three bytes for a unit of UTF-16.
    const most = head.length + (typeof body === 'string' ? 3 * body.length : body.length);
    if (most > BUFFER_BYTES) return undefined;
    if (head !== this.#head) {
      bytes.write(head, 0, 'latin1');
      this.#head = head;
    }
    let length = head.length;
    if (typeof body !== 'string') {
      bytes.set(body, length);
      length += body.length;
    } else if (body !== '') length += bytes.write(body, length, 'utf8');
    if (length !== this.#view.length) this.#view = new Uint8Array(bytes.buffer, 0, length);
    return this.#view;
  }
}
