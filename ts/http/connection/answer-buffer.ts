// A reused buffer in which small answers are put together, so that each leaves with one send.
//
// Answers in a row often have the same head. It is written once, and left in place as long as the next one is the same string.

/** Size of the memory, in bytes: an answer that does not fit goes in pieces. */
const BUFFER_BYTES = 65_536;

/** What `write` calls, used directly: it would look at its arguments and the name of the encoding first. */
interface Writes {
  latin1Write(text: string, at: number): number;
  utf8Write(text: string, at: number): number;
}

export class AnswerBuffer {
  readonly #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES) as Buffer & Writes;
  /** What the memory begins with. */
  #head = '';
  /** The last answer; its view is reused when the next has the same length. */
  #view = new Uint8Array(this.#bytes.buffer, 0, 0);

  /**
   * Puts an answer together.
   *
   * @param head - Latin1.
   * @param body - Text is written as UTF-8.
   * @param bodyBytes - Its length in bytes.
   * @returns The bytes, good until the next call; undefined when there is no room.
   */
  compose(head: string, body: string | Uint8Array, bodyBytes: number): Uint8Array | undefined {
    const bytes = this.#bytes;
    const length = head.length + bodyBytes;
    if (length > BUFFER_BYTES) return undefined;
    if (head !== this.#head) {
      bytes.latin1Write(head, 0);
      this.#head = head;
    }
    if (bodyBytes > 0) {
      if (typeof body !== 'string') bytes.set(body, head.length);
      // As many bytes as characters: ASCII, which is copied.
      else if (body.length === bodyBytes) bytes.latin1Write(body, head.length);
      else bytes.utf8Write(body, head.length);
    }
    if (length !== this.#view.length) this.#view = new Uint8Array(bytes.buffer, 0, length);
    return this.#view;
  }
}
