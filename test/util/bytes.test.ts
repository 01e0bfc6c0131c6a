import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../../ts/util/bytes.ts';
import { DecodeError } from '../../ts/util/errors.ts';
import { fromHex, readVectorCsv, toHex } from '../helpers/vectors.ts';

describe('CompactSize', () => {
  const rows = readVectorCsv<'encoded' | 'value' | 'as_length' | 'as_number' | 'note'>('compactsize.csv');

  test.each(rows)('reads $encoded: length $as_length, number $as_number', (row) => {
    const asLength = () => new ByteReader(fromHex(row.encoded)).compactSize();
    const asNumber = () => new ByteReader(fromHex(row.encoded)).compactNumber();
    if (row.as_length === 'ok') expect(asLength()).toBe(Number(row.value));
    else expect(asLength).toThrow(DecodeError);
    if (row.as_number === 'ok') expect(asNumber()).toBe(BigInt(row.value));
    else expect(asNumber).toThrow(DecodeError);
  });

  test.each(rows.filter((row) => row.as_number === 'ok'))('writes $value as $encoded', (row) => {
    expect(toHex(new ByteWriter().compactSize(BigInt(row.value)).finish())).toBe(row.encoded);
  });
});
