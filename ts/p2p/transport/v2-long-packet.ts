// One packet too long to be decrypted in one call, on its way in.
//
// It is decrypted as it comes, so that an announced length costs no memory and the work does not come at once at the end.
// What OpenSSL answered is joined when all of it is there; growing one array instead, by copies or as a resizable
// ArrayBuffer, measured slower. (bench/cases/programs/p2p-v2.mjs)

import { TAG_BYTES } from '../bip324/aead.ts';
import type { LongOpener } from '../bip324/aead.ts';
import { DECOY_BIT, HEADER_BYTES } from '../bip324/packets.ts';
import { releaseMemory } from '../../util/memory/release-memory.ts';

/**
 * Most that goes through OpenSSL in one call, in bytes. It answers each with a fresh array: small enough to be recycled
 * by the allocator instead of being mapped anew, large enough for the call not to matter. (bench/cases/programs/p2p-v2.mjs)
 */
export const MAX_STEP_BYTES = 65_536;

/**
 * Pieces from here on are decrypted where they lie, in bytes. Shorter ones are put together first, so that chunks of any
 * size make few calls. (bench/cases/programs/p2p-v2.mjs)
 */
export const MIN_STEP_BYTES = 16_384;

export class LongPacket {
  readonly #opener: LongOpener;
  /** Bytes of header and contents that have not come yet. */
  #missingText: number;
  /** Ciphertext of pieces that are too short for a step of their own. */
  #stage: Uint8Array | undefined;
  #staged = 0;
  readonly #steps: Uint8Array[] = [];
  #heldBytes = 0;
  #isDecoy = false;
  readonly #tag = new Uint8Array(TAG_BYTES);
  #tagBytes = 0;

  constructor(opener: LongOpener, contentsBytes: number) {
    this.#opener = opener;
    this.#missingText = HEADER_BYTES + contentsBytes;
  }

  /** Bytes of text that are kept. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  get isComplete(): boolean {
    return this.#tagBytes === TAG_BYTES;
  }

  /** Whether the tag is right. To be asked once, when complete; nothing below means anything if not. */
  isAuthentic(): boolean {
    return this.#opener.finish(this.#tag);
  }

  get isDecoy(): boolean {
    return this.#isDecoy;
  }

  /** Header byte and contents, the first step of them. */
  get start(): Uint8Array {
    return this.#steps[0]!;
  }

  /** Header byte and contents from some place within `start` on, for the caller to own. */
  textFrom(place: number): Uint8Array {
    const first = this.start.subarray(place);
    const { buffer, byteOffset, length } =
      this.#steps.length === 1 ? first : Buffer.concat([first, ...this.#steps.slice(1)]);
    return new Uint8Array(buffer, byteOffset, length); // No Buffer: what its `slice` does would surprise the owner.
  }

  /** Frees the text, when the rest will not come. */
  release(): void {
    for (const step of this.#steps) releaseMemory(step);
    this.#steps.length = 0;
    this.#heldBytes = 0;
  }

  /** Takes bytes from `at` on. Returns where the rest begins. */
  read(bytes: Uint8Array, at: number): number {
    let next = at;
    while (this.#missingText > 0 && next < bytes.length) next = this.#takeText(bytes, next);
    if (this.#missingText > 0) return next;
    const piece = bytes.subarray(next, next + TAG_BYTES - this.#tagBytes);
    this.#tag.set(piece, this.#tagBytes);
    this.#tagBytes += piece.length;
    return next + piece.length;
  }

  /** Takes what the chunk has of the text. */
  #takeText(bytes: Uint8Array, at: number): number {
    const piece = bytes.subarray(at, at + Math.min(MAX_STEP_BYTES, this.#missingText));
    this.#missingText -= piece.length;
    const isRest = this.#missingText === 0;
    if (piece.length >= MIN_STEP_BYTES || (isRest && this.#staged === 0)) {
      this.#decryptStaged();
      this.#decrypt(piece);
    } else {
      // Less than a step is there and less than one comes: there is room for both.
      this.#stage ??= new Uint8Array(2 * MIN_STEP_BYTES);
      this.#stage.set(piece, this.#staged);
      this.#staged += piece.length;
      if (isRest || this.#staged >= MIN_STEP_BYTES) this.#decryptStaged();
    }
    return at + piece.length;
  }

  #decryptStaged(): void {
    if (this.#staged === 0) return;
    this.#decrypt(this.#stage!.subarray(0, this.#staged));
    this.#staged = 0;
  }

  #decrypt(ciphertext: Uint8Array): void {
    const text = this.#opener.update(ciphertext);
    if (this.#steps.length === 0) this.#isDecoy = (text[0]! & DECOY_BIT) !== 0;
    // Of a decoy only the start is kept. Should its header have been changed on the way, the tag will tell.
    if (this.#isDecoy && this.#steps.length > 0) return;
    this.#steps.push(text);
    this.#heldBytes += text.length;
  }
}
