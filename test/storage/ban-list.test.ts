import { describe, expect, it } from 'vitest';
import { parseBanList, serializeBanList } from '../../ts/storage/ban-list.ts';
import type { BanEntry } from '../../ts/storage/ban-list.ts';
import { findDuplicateRootKey } from '../../ts/storage/json-keys.ts';
import { Subnet } from '../../ts/netaddr/subnet.ts';
import { BAN_LIST_VECTORS } from '../harness/data/ban-list-vectors.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

function bans(...texts: string[]): BanEntry[] {
  return texts.map((text) => ({ subnet: Subnet.parse(text, true), createdSeconds: 5, untilSeconds: 1000 }));
}

function element(fields: Record<string, unknown>): string {
  const complete = { version: 1, ban_created: 5, banned_until: 1000, address: '1.2.3.4', ...fields };
  return JSON.stringify({ banned_nets: [complete] });
}

describe('a banlist.json', () => {
  it.each(BAN_LIST_VECTORS.map((file) => [file.name, file.note, file] as const))('%s: %s', (_, __, file) => {
    const list = parseBanList(file.text, file.now, false);
    if (!file.expect.ok) {
      expect(list).toBeUndefined();
      return;
    }
    const entries = list?.map(({ subnet, createdSeconds, untilSeconds }) => ({
      subnet: String(subnet),
      banCreated: createdSeconds,
      bannedUntil: untilSeconds,
    }));
    expect(entries).toEqual(file.expect.entries);
  });

  it('is written in Bitcoin Core’s layout: sorted, four spaces, a final newline', () => {
    const text = serializeBanList(bans(ONION, '2a02::/32', '1.2.3.4', '1.2.3.0/24', '1.2.0.0/16'));
    const lines = text.split('\n');
    expect(lines[1]).toMatch(/^ {4}"_warning_": "/);
    expect(lines.slice(2, 9)).toEqual([
      '    "banned_nets": [',
      '        {',
      '            "version": 1,',
      '            "ban_created": 5,',
      '            "banned_until": 1000,',
      '            "address": "1.2.0.0/16"',
      '        },',
    ]);
    const order = [...text.matchAll(/"address": "(.*)"/g)].map(([, address]) => address);
    expect(order).toEqual(['1.2.0.0/16', '1.2.3.0/24', '1.2.3.4/32', '2a02::/32', ONION]);
    expect(text.endsWith('}\n')).toBe(true);
  });

  it('of ours is read back, for every network, and empty', () => {
    const all = bans('1.2.3.0/24', '2a02::/32', ONION, 'fc00::1');
    expect(parseBanList(serializeBanList(all), 777, true)).toEqual(all);
    expect(parseBanList(serializeBanList([]), 777, true)).toEqual([]);
  });

  it('has fc00::/8 as IPv6 where CJDNS is not reachable', () => {
    const [ban] = parseBanList(element({ address: 'fc00::1' }), 777, false)!;
    expect(ban!.subnet.base.network).toBe('ipv6');
  });

  it('keeps numbers beyond 2^53 as the largest there is', () => {
    const text = element({}).replace('1000', '9223372036854775807');
    expect(parseBanList(text, 777, false)![0]!.untilSeconds).toBe(Number.MAX_SAFE_INTEGER);
  });

  it.each([
    ['a number with a fraction', element({ ban_created: 1.5 })],
    ['a number that is no number', element({ banned_until: null })],
    ['an address that is no text', element({ address: 7 })],
    ['a version that is text', element({ version: '1' })],
    ['an element that is no object', '{"banned_nets":[7]}'],
    ['an element that is a list', '{"banned_nets":[[]]}'],
    ['no list', '{"banned_nets":{}}'],
    ['null', 'null'],
    ['a key twice at the root, once by an escape', '{"banned_nets":[],"banned_net\\u0073":[]}'],
    ['nothing', ''],
  ])('with %s is discarded as a whole', (_, text) => {
    expect(parseBanList(text, 777, false)).toBeUndefined();
  });

  it('cut short anywhere is discarded', () => {
    const text = serializeBanList(bans('1.2.3.4', ONION)).trimEnd();
    for (let end = 0; end < text.length; end++) expect(parseBanList(text.slice(0, end), 777, false)).toBeUndefined();
  });
});

describe('findDuplicateRootKey', () => {
  it.each([
    ['{"a":1,"b":{"a":1,"a":2},"c":["a","a"]}', undefined],
    ['{"a":"b\\":","b":1}', undefined],
    ['{"a":1,"b":[{}],"a":2}', 'a'],
    ['{"\\\\":1,"\\\\":1}', '\\'],
    ['[]', undefined],
  ])('finds in %s: %s', (text, key) => {
    expect(findDuplicateRootKey(text)).toBe(key);
  });
});
