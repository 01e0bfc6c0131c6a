// AEAD_CHACHA20_POLY1305 (RFC 8439, section 2.8), twice: a WebAssembly kernel for short texts, OpenSSL for long ones.
//
// One key per direction, a counter as nonce: key and nonce are arguments of every call, and no call leaves anything
// behind that a later one depends on. Which texts are short was decided by measurement, see `MAX_SHORT_TEXT_BYTES`.

import { createCipheriv, createDecipheriv } from 'node:crypto';

import { KEY_AT, STREAM_AT, STREAM_STEP_BYTES, TAG_AT, TEXT_AT, chaChaKernel } from './chacha-kernel.ts';
import type { ChaChaKernel } from './chacha-kernel.ts';

export const KEY_BYTES = 32;
export const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Key and nonce in one array: each array takes 200 bytes of a connection's memory. */
export const KEYED_BYTES = KEY_BYTES + NONCE_BYTES;

const CHACHA_BLOCK_BYTES = 64;
const POLY_BLOCK_BYTES = 16;
/** Block 0 of the keystream is for the Poly1305 key; the text begins with block 1. */
const TEXT_STREAM_AT = STREAM_AT + CHACHA_BLOCK_BYTES;

/**
 * Encrypts the text `head || body` and appends the tag.
 *
 * @param keyed - Key, and behind it the nonce.
 * @param out - Receives ciphertext and tag, `head.length + body.length + TAG_BYTES` bytes from `at` on.
 * @param head - With `body` at most `MAX_SHORT_TEXT_BYTES`.
 */
export function sealShort(
  keyed: Uint8Array,
  aad: Uint8Array,
  head: Uint8Array,
  body: Uint8Array,
  out: Uint8Array,
  at: number,
): void {
  const kernel = chaChaKernel();
  const { memory } = kernel;
  const textBytes = head.length + body.length;
  const textEnd = TEXT_AT + textBytes;
  startStream(kernel, keyed, CHACHA_BLOCK_BYTES + textBytes);
  authenticateAad(kernel, aad);
  memory.set(head, TEXT_AT);
  memory.set(body, TEXT_AT + head.length);
  if (textBytes > 0) kernel.xor(TEXT_AT, textEnd, TEXT_STREAM_AT);
  authenticateText(kernel, aad.length, textBytes);
  memory.copyWithin(textEnd, TAG_AT, TAG_AT + TAG_BYTES);
  out.set(memory.subarray(TEXT_AT, textEnd + TAG_BYTES), at);
}

/**
 * Checks the tag and decrypts.
 *
 * @param sealed - Ciphertext and tag, `textBytes + TAG_BYTES` bytes from `at` on.
 * @param textBytes - At most `MAX_SHORT_TEXT_BYTES`.
 * @returns The text, in the first `textBytes` bytes of what is lent until the next use of this module; undefined if the
 *   tag is wrong, and then nothing was decrypted. (A view of just the text would be made for every packet.)
 */
export function openShort(
  keyed: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  at: number,
  textBytes: number,
): Uint8Array | undefined {
  const kernel = chaChaKernel();
  const { memory } = kernel;
  const textEnd = TEXT_AT + textBytes;
  startStream(kernel, keyed, CHACHA_BLOCK_BYTES + textBytes);
  authenticateAad(kernel, aad);
  memory.set(sealed.subarray(at, at + textBytes), TEXT_AT);
  authenticateText(kernel, aad.length, textBytes);
  let difference = 0;
  for (let i = 0; i < TAG_BYTES; i++) difference |= memory[TAG_AT + i]! ^ sealed[at + textBytes + i]!;
  if (difference !== 0) return undefined;
  if (textBytes > 0) kernel.xor(TEXT_AT, textEnd, TEXT_STREAM_AT);
  return kernel.text;
}

/**
 * Writes plain ChaCha20 keystream.
 *
 * @param blockCounter - The first of the four blocks.
 * @param out - Receives `STREAM_STEP_BYTES` bytes.
 */
export function keystream(keyed: Uint8Array, blockCounter: number, out: Uint8Array): void {
  const kernel = chaChaKernel();
  loadKey(kernel, keyed);
  kernel.blocks4(blockCounter, STREAM_AT);
  out.set(kernel.memory.subarray(STREAM_AT, STREAM_AT + STREAM_STEP_BYTES));
}

/** The nonce lies behind the key there, too. */
function loadKey({ memory }: ChaChaKernel, keyed: Uint8Array): void {
  memory.set(keyed, KEY_AT);
}

/** Leaves at least `byteCount` bytes of keystream at `STREAM_AT` and starts the authenticator with the first of them. */
function startStream(kernel: ChaChaKernel, keyed: Uint8Array, byteCount: number): void {
  loadKey(kernel, keyed);
  for (let done = 0; done < byteCount; done += STREAM_STEP_BYTES) {
    kernel.blocks4(done / CHACHA_BLOCK_BYTES, STREAM_AT + done);
  }
  kernel.polyStart();
}

const paddedEnd = (byteCount: number): number => TEXT_AT + ((byteCount + POLY_BLOCK_BYTES - 1) & -POLY_BLOCK_BYTES);

/** Associated data is garbage of a handshake, at most 4,095 bytes; it passes through the place of the text. */
function authenticateAad(kernel: ChaChaKernel, aad: Uint8Array): void {
  if (aad.length === 0) return;
  const end = paddedEnd(aad.length);
  kernel.memory.set(aad, TEXT_AT);
  kernel.memory.fill(0, TEXT_AT + aad.length, end);
  kernel.polyBlocks(TEXT_AT, end, 1);
}

/** Absorbs the ciphertext and both lengths, and leaves the tag at `TAG_AT`. */
function authenticateText(kernel: ChaChaKernel, aadBytes: number, textBytes: number): void {
  const { memory, view } = kernel;
  const end = paddedEnd(textBytes);
  for (let i = TEXT_AT + textBytes; i < end; i++) memory[i] = 0;
  view.setUint32(end, aadBytes, true);
  view.setUint32(end + 4, 0, true);
  view.setUint32(end + 8, textBytes, true);
  view.setUint32(end + 12, 0, true);
  kernel.polyBlocks(TEXT_AT, end + POLY_BLOCK_BYTES, 1);
  kernel.polyFinish();
}

const ALGORITHM = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES } as const;

const keyOf = (keyed: Uint8Array): Uint8Array => keyed.subarray(0, KEY_BYTES);
const nonceOf = (keyed: Uint8Array): Uint8Array => keyed.subarray(KEY_BYTES);

/** One long text being encrypted in pieces. */
export interface LongSealer {
  /** @returns The ciphertext of a piece, owned by the caller. */
  update(text: Uint8Array): Uint8Array;
  /** Ends the text; returns the tag. */
  finish(): Uint8Array;
}

/** One long text being decrypted in pieces. */
export interface LongOpener {
  /** @returns The text of a piece, owned by the caller, not to be acted upon before `finish` said yes. */
  update(ciphertext: Uint8Array): Uint8Array;
  /** Ends the text; returns whether the tag is right. */
  finish(tag: Uint8Array): boolean;
}

/** Starts a text of `textBytes` bytes, of any length. */
export function sealLong(keyed: Uint8Array, aad: Uint8Array, textBytes: number): LongSealer {
  const cipher = createCipheriv(ALGORITHM, keyOf(keyed), nonceOf(keyed), OPTIONS);
  cipher.setAAD(aad, { plaintextLength: textBytes });
  return {
    update: (text) => cipher.update(text),
    finish: () => {
      cipher.final();
      return cipher.getAuthTag();
    },
  };
}

/** Starts a text of `textBytes` bytes, of any length. */
export function openLong(keyed: Uint8Array, aad: Uint8Array, textBytes: number): LongOpener {
  const decipher = createDecipheriv(ALGORITHM, keyOf(keyed), nonceOf(keyed), OPTIONS);
  decipher.setAAD(aad, { plaintextLength: textBytes });
  return {
    update: (ciphertext) => decipher.update(ciphertext),
    finish: (tag) => {
      decipher.setAuthTag(tag);
      try {
        decipher.final();
        return true;
      } catch {
        return false;
      }
    },
  };
}
