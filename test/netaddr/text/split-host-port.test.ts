import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitHostPort } from '../../../ts/netaddr/text/split-host-port.ts';
import { readVectorCsv } from '../../harness/data/vectors.ts';

test.each(readVectorCsv<'input' | 'host' | 'port' | 'valid'>('split_host_port.csv'))('takes $input apart', (row) => {
  expect(splitHostPort(row.input)).toEqual({ host: row.host, port: Number(row.port), isValid: row.valid === '1' });
});

test('returns the default where the text has no port, or none that can be read', () => {
  expect(splitHostPort('example.org', 8333)).toEqual({ host: 'example.org', port: 8333, isValid: true });
  expect(splitHostPort('example.org:x', 8333)).toEqual({ host: 'example.org:x', port: 8333, isValid: false });
  expect(splitHostPort('example.org:0', 8333)).toEqual({ host: 'example.org', port: 0, isValid: false });
});

test.each(['+80', '-80', ' 80', '80 ', '0x50', '8e1', '80.0', '٨٠', '99999999999999999999', ''])(
  'does not read %j as a port',
  (digits) => {
    expect(splitHostPort(`h:${digits}`, 1)).toEqual({ host: `h:${digits}`, port: 1, isValid: false });
  },
);

test('only one pair of brackets goes, and only a whole one', () => {
  expect(splitHostPort('[[::1]]:80').host).toBe('[::1]');
  expect(splitHostPort('[::1').host).toBe('[::1');
  expect(splitHostPort('::1]').host).toBe('::1]');
  expect(splitHostPort('[').host).toBe('[');
  expect(splitHostPort(']:80').host).toBe(']');
});

test('what was put together comes apart again', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.domain(), fc.ipV6()), fc.integer({ min: 1, max: 65535 }), (host, port) => {
      const text = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
      expect(splitHostPort(text)).toEqual({ host, port, isValid: true });
    }),
  );
});

test('garbage comes back as some part of itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'[]:.0123456789ax') }), (text) => {
      const { host, port } = splitHostPort(text, 7);
      expect(text).toContain(host);
      expect(port >= 0 && port <= 65535).toBe(true);
    }),
  );
});
