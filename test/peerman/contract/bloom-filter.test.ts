import { describe, expect, it } from 'vitest';

import { hashFromHex } from '../../../ts/p2p/hash.ts';
import { isPaidToPlainKeys, scriptPushes } from '../../../ts/p2p/script.ts';
import { BloomFilter, murmurHash3 } from '../../../ts/peerman/contract/bloom-filter.ts';
import { SEGWIT_TX } from '../../harness/peers/transactions.ts';
import { fromHex } from '../../harness/data/vectors.ts';

describe('murmurHash3', () => {
  // Values of Appleby's reference implementation.
  it.each([
    ['', 0x00000000, 0x00000000],
    ['', 0xfba4c795, 0x6a396f08],
    ['', 0xffffffff, 0x81f16f39],
    ['00', 0x00000000, 0x514e28b7],
    ['00', 0xfba4c795, 0xea3f0b17],
    ['ff', 0x00000000, 0xfd6cf10d],
    ['0011', 0x00000000, 0x16c6b7ab],
    ['001122', 0x00000000, 0x8eb51c3d],
    ['00112233', 0x00000000, 0xb4471bf8],
    ['0011223344', 0x00000000, 0xe2301fa8],
    ['001122334455', 0x00000000, 0xfc2e4a15],
    ['00112233445566', 0x00000000, 0xb074502c],
    ['0011223344556677', 0x00000000, 0x8034d2a0],
    ['001122334455667788', 0x00000000, 0xb4698def],
  ])('of %s under seed %i is %i', (hex, seed, expected) => {
    expect(murmurHash3(seed, fromHex(hex))).toBe(expected);
  });
});

describe('BloomFilter', () => {
  const elements = ['99108ad8ed9bb6274d3980bab5a85c048f0950c8', 'b5a2c786d9ef4658287ced5914b37a1b4aa32eee'].map(
    fromHex,
  );
  const stranger = fromHex('19108ad8ed9bb6274d3980bab5a85c048f0950c8');

  it.each([0, 2_147_483_649])('with tweak %i finds what was inserted and hardly anything else', (tweak) => {
    const filter = new BloomFilter(new Uint8Array(3), 5, tweak, 1);
    for (const element of elements) {
      expect(filter.has(element)).toBe(false);
      filter.insert(element);
      expect(filter.has(element)).toBe(true);
    }
    expect(filter.has(stranger)).toBe(false);
  });

  it('does not share its bytes with the message it came in', () => {
    const bytes = new Uint8Array(3);
    new BloomFilter(bytes, 5, 0, 0).insert(elements[0]!);
    expect(bytes).toEqual(new Uint8Array(3));
  });

  it('that is empty matches everything, and has no bit to divide by', () => {
    const filter = new BloomFilter(new Uint8Array(0), 5, 0, 0);
    filter.insert(stranger);
    expect(filter.has(stranger)).toBe(true);
  });
});

describe('BloomFilter.matchesTx', () => {
  // Two transactions of the main chain; the second spends the first's first output.
  const TX = fromHex(
    '01000000010b26e9b7735eb6aabdf358bab62f9816a21ba9ebdb719d5299e88607d722c190000000008b4830450220070aca44506c5cef3a16ed51' +
      '9d7c3c39f8aab192c4e1c90d065f37b8a4af6141022100a8e160b856c2d43d27d8fba71e5aef6405b8643ac4cb7cb3c462aced7f14711a014104' +
      '6d11fee51b0e60666d5049a9101a72741df480b96ee26488a4d3466b95c9a40ac5eeef87e10a5cd336c19a84565f80fa6c547957b7700ff4dfbd' +
      'efe76036c339ffffffff021bff3d11000000001976a91404943fdd508053c75000106d3bc6e2754dbcff1988ac2f15de00000000001976a914a2' +
      '66436d2965547608b9e15d9032a7b9d64fa43188ac00000000',
  );
  const SPENDING = fromHex(
    '01000000016bff7fcd4f8565ef406dd5d63d4ff94f318fe82027fd4dc451b04474019f74b4000000008c493046022100da0dc6aecefe1e06efdf05' +
      '773757deb168820930e3b0d03f46f5fcf150bf990c022100d25b5c87040076e4f253f8262e763e2dd51e7ff0be157727c4bc42807f17bd390141' +
      '04e6c26ef67dc610d2cd192484789a6cf9aea9930b944b7e2db5342b9d9e5b9ff79aff9a2ee1978dd7fd01dfc522ee02283d3b06a9d03acf8096' +
      '968d7dbb0f9178ffffffff028ba7940e000000001976a914badeecfdef0507247fc8f74241d73bc039972d7b88ac4094a802000000001976a914' +
      'c10932483fec93ed51f5fe95e72559f2cc7043f988ac00000000',
  );
  const TXID = hashFromHex('b4749f017444b051c44dfd2720e88f314ff94f3dd6d56d40ef65854fcd7fff6b');
  const OUTPUT_KEY_HASH = fromHex('04943fdd508053c75000106d3bc6e2754dbcff19');
  const SPENT = '0b26e9b7735eb6aabdf358bab62f9816a21ba9ebdb719d5299e88607d722c190';

  /** Wide enough that nothing matches by chance. */
  function filterOf(flags: number, ...elements: Uint8Array[]): BloomFilter {
    const filter = new BloomFilter(new Uint8Array(1_000), 20, 0, flags);
    for (const element of elements) filter.insert(element);
    return filter;
  }

  it.each([
    ['its txid', TXID],
    [
      'a signature',
      fromHex(
        '30450220070aca44506c5cef3a16ed519d7c3c39f8aab192c4e1c90d065f37b8a4af6141022100a8e160b856c2d43d27d8fba71e5aef6405b864' +
          '3ac4cb7cb3c462aced7f14711a01',
      ),
    ],
    [
      'the key that signed',
      fromHex(
        '046d11fee51b0e60666d5049a9101a72741df480b96ee26488a4d3466b95c9a40ac5eeef87e10a5cd336c19a84565f80fa6c547957b7700ff4df' +
          'bdefe76036c339',
      ),
    ],
    ['an output', fromHex('a266436d2965547608b9e15d9032a7b9d64fa431')],
    ['the output that it spends', fromHex(`${SPENT}00000000`)],
  ])('finds a transaction by %s', (_what, element) => {
    expect(filterOf(1, element).matchesTx(TX)).toBe(true);
  });

  it.each([
    ['another txid', hashFromHex('00000009e784f32f62ef849763d4f45b98e07ba658647343b915ff832b110436')],
    ['another output', fromHex('0000006d2965547608b9e15d9032a7b9d64fa431')],
    ['another output of what it spends', fromHex(`${SPENT}01000000`)],
  ])('does not find a transaction by %s', (_what, element) => {
    expect(filterOf(1, element).matchesTx(TX)).toBe(false);
  });

  it.each([
    ['flags 0: no output', 0, false],
    ['flags 1: outputs that match', 1, true],
    ['flags 2: outputs that match and are paid to plain keys', 2, false],
    ['flags 5, of which two bits count', 5, true],
  ])('grows with %s', (_what, flags, finds) => {
    const filter = filterOf(flags, OUTPUT_KEY_HASH);
    expect(filter.matchesTx(SPENDING)).toBe(false);
    expect(filter.matchesTx(TX)).toBe(true);
    expect(filter.matchesTx(SPENDING)).toBe(finds);
  });

  it('reads transactions with witnesses, and nothing that is no transaction', () => {
    expect(filterOf(0, fromHex('11'.repeat(36))).matchesTx(SEGWIT_TX)).toBe(true);
    expect(new BloomFilter(new Uint8Array(0), 1, 0, 0).matchesTx(SEGWIT_TX)).toBe(true);
    for (let length = 0; length < TX.length; length++) {
      expect(() => filterOf(0).matchesTx(TX.subarray(0, length))).toThrow(/ERR|ends|short|bytes/);
    }
  });
});

describe('scripts', () => {
  const KEY = `21${'02'.repeat(33)}`;
  const PLAIN_KEY = `41${'04'.repeat(65)}`;

  it.each([
    ['small pushes, empty ones left out', '0001aa02bbcc51', ['aa', 'bbcc']],
    ['pushes with a length of one, two and four bytes', '4c01aa4d0200bbcc4e01000000dd', ['aa', 'bbcc', 'dd']],
    ['up to a push that is cut short', '01aa05bbcc', ['aa']],
    ['up to a length that is cut short', '01aa4e0100', ['aa']],
    ['not those longer than the script by far', '4effffffff01', []],
  ])('push %s', (_what, script, expected) => {
    expect([...scriptPushes(fromHex(script))].map((data) => Buffer.from(data).toString('hex'))).toEqual(expected);
  });

  it.each([
    ['a compressed key', `${KEY}ac`, true],
    ['a plain key', `${PLAIN_KEY}ac`, true],
    ['a hash of a key', `76a914${'11'.repeat(20)}88ac`, false],
    ['no key at all', 'ac', false],
    ['one of two keys', `51${KEY}${PLAIN_KEY}52ae`, true],
    ['two of one key', `52${KEY}51ae`, false],
    ['one of two keys, of which one is missing', `51${KEY}52ae`, false],
    ['nobody', '', false],
    ['one of a number that is none', `51${KEY}00ae`, false],
  ])('paid to %s are paid to plain keys: %s', (_what, script, expected) => {
    expect(isPaidToPlainKeys(fromHex(script))).toBe(expected);
  });
});
