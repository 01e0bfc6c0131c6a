import { describe, expect, it } from 'vitest';
import { formatAuthorityKey, formatSv2Url, parseAuthorityKey, parseSv2Url } from '../../ts/stratum/authority-key.ts';
import { fromHex, readVectorJson, toHex } from '../harness/data/vectors.ts';

const vectors = readVectorJson<{
  valid: { xOnly: string; text: string }[];
  invalid: { text: string; reason: string }[];
  urls: { url: string; host?: string; port?: number; authorityXOnly?: string | null; reject?: string }[];
}>('sv2_authority_key.json');

const INVALID_ARG = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' });

describe('an authority key', () => {
  it.each(vectors.valid)('$text reads and writes alike', ({ xOnly, text }) => {
    expect(toHex(parseAuthorityKey(text))).toBe(xOnly);
    expect(formatAuthorityKey(fromHex(xOnly))).toBe(text);
  });

  it.each(vectors.invalid)('is refused for its $reason', ({ text }) => {
    expect(() => parseAuthorityKey(text)).toThrow(INVALID_ARG);
  });

  it('of a million characters is refused at once', () => {
    expect(() => parseAuthorityKey('9'.repeat(1_000_000))).toThrow(INVALID_ARG);
  });

  it('of 31 bytes is not written', () => {
    expect(() => formatAuthorityKey(new Uint8Array(31))).toThrow(INVALID_ARG);
  });
});

describe('a stratum2+tcp URL', () => {
  it.each(vectors.urls.filter(({ reject }) => reject === undefined))('$url reads and writes alike', (row) => {
    const endpoint = parseSv2Url(row.url);
    const key = endpoint.authorityX === undefined ? null : toHex(endpoint.authorityX);
    expect({ ...endpoint, authorityX: key }).toEqual({
      host: row.host,
      port: row.port,
      authorityX: row.authorityXOnly,
    });
    expect(formatSv2Url(endpoint)).toBe(row.url);
  });

  it.each(vectors.urls.filter(({ reject }) => reject !== undefined))('$url is refused: $reject', ({ url }) => {
    expect(() => parseSv2Url(url)).toThrow(INVALID_ARG);
  });

  it.each([
    '',
    'stratum2+tcp://',
    'stratum2+tcp://:1',
    'stratum2+tcp://a:b@c:1',
    'stratum2+tcp://a:1?x',
    'stratum2+tcp://a:99999',
  ])('%j is refused', (url) => {
    expect(() => parseSv2Url(url)).toThrow(INVALID_ARG);
  });
});
