// The header of the previous request, as bytes and parsed.
//
// Clients that stay connected, and many of a kind, send the same header with each request. To see that it is the same is
// faster than to read it again. The one before may be another client's, and hold its password: to look at one byte takes as
// long as at another, so that nobody learns from the time how much of theirs is right.

import { Framing } from './framing.ts';
import { HeaderList } from './header-list.ts';

/** Longest header that is remembered, in bytes: programs send shorter ones; browsers send longer ones but are few. */
const MAX_BYTES = 1_024;

export class HeaderMemory {
  /** The header, as text and as a list, and what it says of the body. */
  text = '';
  list = new HeaderList('');
  readonly framing = new Framing();
  announcedBytes = 0;
  /** Bytes of the header, its empty line included; 0 while there is none. */
  length = 0;
  readonly #bytes = new Uint8Array(MAX_BYTES);

  /** Whether the bytes from `at` on begin with this header, its empty line included. */
  isAt(bytes: Uint8Array, at: number): boolean {
    const { length } = this;
    if (length === 0 || at + length > bytes.length) return false;
    const known = this.#bytes;
    let difference = 0;
    for (let index = 0; index < length; index++) difference |= bytes[at + index]! ^ known[index]!;
    return difference === 0;
  }

  /** Remembers the header `bytes[from..to)`, which is valid. A header that is too long leaves the previous one in place. */
  keep(bytes: Uint8Array, from: number, to: number, list: HeaderList, framing: Framing, announcedBytes: number): void {
    if (to - from > MAX_BYTES) return;
    this.#bytes.set(bytes.subarray(from, to));
    this.length = to - from;
    this.text = list.text;
    this.list = list;
    this.framing.copy(framing);
    this.announcedBytes = announcedBytes;
  }
}
