// bcoin, an independent implementation, says what the ids of a transaction are.

import { createRequire } from 'node:module';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { hashFromHex, hashToHex } from '../../../ts/p2p/hash.ts';
import { stripWitnesses, transactionIds } from '../../../ts/p2p/messages/transaction.ts';
import { bcoinFolder } from '../../harness/labs/bcoin/install.ts';
import { fromHex, toHex } from '../../harness/data/vectors.ts';

/** As much of bcoin as is used here; it has no types of its own. */
interface BcoinTX {
  hash(): Buffer;
  witnessHash(): Buffer;
  toRaw(): Buffer;
}
interface Bcoin {
  TX: new (options: object) => BcoinTX;
  Witness: { fromItems(items: Buffer[]): unknown };
  Script: { fromRaw(bytes: Buffer): unknown };
}

const folder = bcoinFolder();
/** Only looked at by tests that are skipped without it. */
const bcoin = (folder === undefined ? undefined : createRequire(join(folder, 'package.json'))('bcoin')) as Bcoin;
const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes));
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });

const input = fc.record({
  hash: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex),
  index: uint32,
  script: bytesUpTo(300),
  sequence: uint32,
  witness: fc.array(bytesUpTo(80), { maxLength: 3 }),
});
const output = fc.record({ value: fc.nat(2_100_000_000), script: bytesUpTo(300) });

const transaction = fc
  .record({
    version: uint32,
    inputs: fc.array(input, { minLength: 1, maxLength: 4 }),
    outputs: fc.array(output, { maxLength: 4 }),
    locktime: uint32,
  })
  .map(({ inputs, outputs, ...rest }) => {
    const { Script, TX, Witness } = bcoin;
    return new TX({
      ...rest,
      inputs: inputs.map(({ hash, index, script, sequence, witness }) => ({
        prevout: { hash, index },
        script: Script.fromRaw(script),
        sequence,
        witness: Witness.fromItems(witness),
      })),
      outputs: outputs.map(({ value, script }) => ({ value, script: Script.fromRaw(script) })),
    });
  });

const decodeError = expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' });

/** The only transaction of the first block. */
const genesisTransaction = fromHex(
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d010445546865' +
    '2054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e642062' +
    '61696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6' +
    'a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000',
);

/** One empty input, no output, and `witness` in place of its witness. */
function marked(flag: number, ...witness: number[]): Uint8Array {
  return Uint8Array.from([
    1,
    0,
    0,
    0,
    0,
    flag,
    1,
    ...new Array<number>(36).fill(0),
    0,
    9,
    9,
    9,
    9,
    0,
    ...witness,
    0,
    0,
    0,
    0,
  ]);
}

describe.skipIf(folder === undefined)('transactionIds', () => {
  it('names the transaction of the first block by the root of its tree', () => {
    const { txid, wtxid, byteCount } = transactionIds(genesisTransaction);
    expect(hashToHex(txid)).toBe('4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b');
    expect(wtxid).toEqual(hashFromHex(hashToHex(txid)));
    expect(byteCount).toBe(genesisTransaction.length);
  });

  it('agrees with bcoin on arbitrary transactions, with and without witnesses', () => {
    fc.assert(
      fc.property(transaction, bytesUpTo(10), (tx, rest) => {
        const bytes = tx.toRaw();
        const ids = transactionIds(Buffer.concat([bytes, rest]));
        expect([toHex(ids.txid), toHex(ids.wtxid)]).toEqual([toHex(tx.hash()), toHex(tx.witnessHash())]);
        expect(ids.byteCount).toBe(bytes.length);
      }),
    );
  });

  it('does not decode a transaction that is cut short anywhere', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        const bytes = tx.toRaw();
        for (let length = 0; length < bytes.length; length += 1 + (length >> 4)) {
          expect(() => transactionIds(bytes.subarray(0, length))).toThrow(decodeError);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('takes the flag 1 with a witness, and refuses other flags and a mark without any witness', () => {
    expect(transactionIds(marked(1, 1, 0)).byteCount).toBe(marked(1, 1, 0).length);
    expect(() => transactionIds(marked(1, 0))).toThrow(decodeError);
    expect(() => transactionIds(marked(2, 1, 0))).toThrow(decodeError);
    expect(() => transactionIds(marked(3, 1, 0))).toThrow(decodeError);
  });

  it('refuses counts with nothing behind them', () => {
    const lie = Uint8Array.from([1, 0, 0, 0, 0xfe, 0, 0, 0, 2]);
    expect(() => transactionIds(lie)).toThrow(decodeError);
    lie[5] = 1;
    expect(() => transactionIds(lie)).toThrow(decodeError);
  });

  it('throws nothing but a DecodeError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          transactionIds(bytes);
        } catch (error) {
          expect(error).toEqual(decodeError);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe.skipIf(folder === undefined)('stripWitnesses', () => {
  it('gives what the txid is the hash of, as a transaction without witnesses', () => {
    fc.assert(
      fc.property(transaction, (tx) => {
        const stripped = stripWitnesses(tx.toRaw());
        const { txid, wtxid, byteCount } = transactionIds(stripped);
        expect([toHex(txid), toHex(wtxid)]).toEqual([toHex(tx.hash()), toHex(tx.hash())]);
        expect(byteCount).toBe(stripped.length);
      }),
    );
  });

  it('leaves a transaction without witnesses as it is, and refuses what is none', () => {
    expect(stripWitnesses(genesisTransaction)).toBe(genesisTransaction);
    expect(() => stripWitnesses(new Uint8Array(5))).toThrow(decodeError);
  });
});
