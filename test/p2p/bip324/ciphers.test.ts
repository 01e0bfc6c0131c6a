import { createCipheriv } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { openLong, openShort, sealLong, sealShort } from '../../../ts/p2p/bip324/aead.ts';
import {
  KEY_AT,
  MAX_SHORT_TEXT_BYTES,
  NONCE_AT,
  STREAM_AT,
  STREAM_STEP_BYTES,
  TAG_AT,
  TEXT_AT,
  chaChaKernel,
} from '../../../ts/p2p/bip324/chacha-kernel.ts';
import { FSChaCha20, FSChaCha20Poly1305 } from '../../../ts/p2p/bip324/forward-secure.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { fromHex, readVectorCsv, toHex } from '../../harness/data/vectors.ts';

const NO_BYTES = new Uint8Array(0);
const random = seededBytes('ciphers');

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Uint8Array {
  const out = new Uint8Array(text.length + 16);
  const cut = text.length >> 1;
  sealShort(Buffer.concat([key, nonce]), aad, text.subarray(0, cut), text.subarray(cut), out, 0);
  return out;
}

describe('the ChaCha20 kernel', () => {
  it.each(readVectorCsv<'key' | 'nonce' | 'counter' | 'input' | 'output'>('chacha20.csv'))(
    'makes the keystream of key $key, nonce $nonce, block $counter',
    (row) => {
      const kernel = chaChaKernel();
      kernel.memory.set(fromHex(row.key), KEY_AT);
      kernel.memory.set(fromHex(row.nonce), NONCE_AT);
      const expected = fromHex(row.output);
      const output = new Uint8Array(expected.length);
      for (let done = 0; done < output.length; done += STREAM_STEP_BYTES) {
        kernel.blocks4(Number(row.counter) + done / 64, STREAM_AT);
        output.set(kernel.memory.slice(STREAM_AT, STREAM_AT + Math.min(STREAM_STEP_BYTES, output.length - done)), done);
      }
      fromHex(row.input).forEach((byte, i) => (output[i]! ^= byte));
      expect(toHex(output)).toBe(row.output);
    },
  );
});

describe('the Poly1305 kernel', () => {
  it.each(readVectorCsv<'key' | 'message' | 'tag'>('poly1305.csv'))('makes tag $tag', (row) => {
    const { memory, polyStart, polyBlocks, polyFinish } = chaChaKernel();
    const message = fromHex(row.message);
    const wholeEnd = TEXT_AT + (message.length & -16);
    memory.set(fromHex(row.key), STREAM_AT);
    memory.set(message, TEXT_AT);
    polyStart();
    if (wholeEnd > TEXT_AT) polyBlocks(TEXT_AT, wholeEnd, 1);
    if (message.length % 16 > 0) {
      memory.fill(0, TEXT_AT + message.length, wholeEnd + 16);
      memory[TEXT_AT + message.length] = 1;
      polyBlocks(wholeEnd, wholeEnd + 16, 0);
    }
    polyFinish();
    expect(toHex(memory.slice(TAG_AT, TAG_AT + 16))).toBe(row.tag);
  });
});

describe('the AEAD', () => {
  const rows = readVectorCsv<'key' | 'nonce' | 'aad' | 'plaintext' | 'ciphertext'>('chacha20poly1305.csv');

  it.each(rows)('seals and opens the vector with key $key', (row) => {
    const [key, nonce, aad, text] = [row.key, row.nonce, row.aad, row.plaintext].map(fromHex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const sealed = seal(key, nonce, aad, text);
    expect(toHex(sealed)).toBe(row.ciphertext);
    const opened = openShort(Buffer.concat([key, nonce]), aad, sealed, 0, text.length);
    expect(opened && toHex(opened.subarray(0, text.length))).toBe(row.plaintext);

    const sealer = sealLong(Buffer.concat([key, nonce]), aad, text.length);
    expect(toHex(sealer.update(text)) + toHex(sealer.finish())).toBe(row.ciphertext);
    const opener = openLong(Buffer.concat([key, nonce]), aad, text.length);
    expect(toHex(opener.update(sealed.subarray(0, text.length)))).toBe(row.plaintext);
    expect(opener.finish(sealed.subarray(text.length))).toBe(true);
  });

  it('agrees with OpenSSL on texts and associated data of every length there is', () => {
    const lengths = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: MAX_SHORT_TEXT_BYTES }));
    fc.assert(
      fc.property(lengths, fc.integer({ min: 0, max: 4_095 }), (n, m) => {
        const [key, text, aad] = [random(32), random(n), random(m)];
        const nonce = random(12);
        const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 });
        cipher.setAAD(aad, { plaintextLength: n });
        const expected = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
        expect(toHex(seal(key, nonce, aad, text))).toBe(toHex(expected));
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a changed bit in any byte of ciphertext, tag or associated data, short and long', () => {
    const [key, text, aad] = [random(32), random(70), random(20)];
    const nonce = random(12);
    const out = new Uint8Array(text.length + 16);
    sealShort(Buffer.concat([key, nonce]), aad, NO_BYTES, text, out, 0);
    const isAccepted = (sealed: Uint8Array, withAad: Uint8Array): boolean[] => {
      const opener = openLong(Buffer.concat([key, nonce]), withAad, text.length);
      opener.update(sealed.subarray(0, text.length));
      return [
        openShort(Buffer.concat([key, nonce]), withAad, sealed, 0, text.length) !== undefined,
        opener.finish(sealed.subarray(text.length)),
      ];
    };
    expect(isAccepted(out, aad)).toEqual([true, true]);
    for (let i = 0; i < out.length; i++) {
      const changed = out.slice();
      changed[i]! ^= 1 << (i % 8);
      expect(isAccepted(changed, aad), `byte ${i}`).toEqual([false, false]);
    }
    for (let i = 0; i < aad.length; i++) {
      const changed = aad.slice();
      changed[i]! ^= 1;
      expect(isAccepted(out, changed), `aad byte ${i}`).toEqual([false, false]);
    }
    expect(isAccepted(out, Uint8Array.of(...aad, 0))).toEqual([false, false]);
  });
});

describe('FSChaCha20', () => {
  it.each(readVectorCsv<'key' | 'rekey_interval' | 'chunk' | 'output_after_rekey'>('fschacha20.csv'))(
    'changes its key after $rekey_interval chunks',
    (row) => {
      const cipher = new FSChaCha20(fromHex(row.key), Number(row.rekey_interval));
      let output: Uint8Array = NO_BYTES;
      for (let i = 0; i <= Number(row.rekey_interval); i++) output = cipher.crypt(fromHex(row.chunk));
      expect(toHex(output)).toBe(row.output_after_rekey);
    },
  );

  it('treats a number of three bytes as the three bytes, across many keys', () => {
    const key = random(32);
    const [numbers, chunks] = [new FSChaCha20(key), new FSChaCha20(key)];
    for (let i = 0; i < 1_000; i++) {
      const value = (i * 0x9e3779b1) & 0xffffff;
      const sealed = chunks.crypt(Uint8Array.of(value, value >> 8, value >> 16));
      expect(numbers.cryptUint24(value)).toBe(sealed[0]! | (sealed[1]! << 8) | (sealed[2]! << 16));
    }
  });
});

describe('FSChaCha20Poly1305', () => {
  it.each(readVectorCsv<'key' | 'message_index' | 'aad' | 'plaintext' | 'ciphertext'>('fschacha20poly1305.csv'))(
    'seals and opens packet $message_index, short and long',
    (row) => {
      const [key, aad, text] = [fromHex(row.key), fromHex(row.aad), fromHex(row.plaintext)];
      const ciphers = Array.from({ length: 4 }, () => new FSChaCha20Poly1305(key));
      const [shortSealer, longSealer, shortOpener, longOpener] = ciphers as [
        FSChaCha20Poly1305,
        FSChaCha20Poly1305,
        FSChaCha20Poly1305,
        FSChaCha20Poly1305,
      ];
      const out = new Uint8Array(text.length + 16);
      // A failed opening counts as a packet like any other.
      for (let i = 0; i < Number(row.message_index); i++) {
        shortSealer.sealShort(NO_BYTES, NO_BYTES, NO_BYTES, out, 0);
        longSealer.sealLong(NO_BYTES, 0);
        expect(shortOpener.openShort(NO_BYTES, new Uint8Array(16), 0, 0)).toBeUndefined();
        longOpener.openLong(NO_BYTES, 0);
      }
      shortSealer.sealShort(aad, text, NO_BYTES, out, 0);
      expect(toHex(out)).toBe(row.ciphertext);
      const sealing = longSealer.sealLong(aad, text.length);
      expect(toHex(sealing.update(text)) + toHex(sealing.finish())).toBe(row.ciphertext);
      const opened = shortOpener.openShort(aad, out, 0, text.length);
      expect(opened && toHex(opened.subarray(0, text.length))).toBe(row.plaintext);
      const opening = longOpener.openLong(aad, text.length);
      expect(toHex(opening.update(out.subarray(0, text.length)))).toBe(row.plaintext);
      expect(opening.finish(out.subarray(text.length))).toBe(true);
    },
    // Three ciphers for each of 60,000 packets before the one of the last vector.
    60_000,
  );
});
