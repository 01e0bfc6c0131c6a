import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NetAddress } from '../../ts/netaddr/net-address.ts';
import { MAX_UNIX_PATH_BYTES, Service } from '../../ts/netaddr/service.ts';
import { readVectorCsv, toHex } from '../harness/data/vectors.ts';
import { anyAddress } from './arbitraries.ts';

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';
const I2P = 'ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p';

describe('text', () => {
  test.each(readVectorCsv<'input' | 'expected'>('lookup_numeric.csv'))('reads $input as $expected', (row) => {
    const nothing = new Service(NetAddress.UNSPECIFIED, 0);
    expect(String(Service.tryParse(row.input, 65535) ?? nothing)).toBe(row.expected);
  });

  test.each([
    '1.2.3.4:8333',
    '[::1]:80',
    '[fe80::1%3]:1',
    `${ONION}:65535`,
    `${I2P}:0`,
    '0.0.0.0:0',
    '[::]:0',
    'unix:/run/x',
  ])('%s comes back as it is', (text) => {
    expect(String(Service.parse(text))).toBe(text);
  });

  test('CJDNS addresses have brackets, IPv4 in IPv6 form does not', () => {
    expect(String(Service.parse('[fc00::1]:2').toCJDNSIfInRange())).toBe('[fc00::1]:2');
    expect(String(Service.parse('[::ffff:1.2.3.4]:5'))).toBe('1.2.3.4:5');
  });

  test('without a port the default is taken, and without a default the text is refused', () => {
    for (const text of ['1.2.3.4', '::1', '[::1]', ONION]) {
      expect(Service.parse(text, 8333).port).toBe(8333);
      expect(Service.tryParse(text)).toBeUndefined();
    }
    expect(Service.parse('1.2.3.4:1', 8333).port).toBe(1);
  });

  test('an I2P name without a port has port 0, whatever the default', () => {
    expect(Service.parse(I2P).port).toBe(0);
    expect(Service.parse(I2P, 8333).port).toBe(0);
    expect(Service.parse(`${I2P}:1`, 8333).port).toBe(1);
  });

  test.each([
    '',
    ':',
    ':80',
    '[]:80',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:-1',
    '1.2.3.4:0x50',
    '1.2.3.4:80 ',
    'localhost:80',
    'example.org:80',
    '[[::1]]:80',
    '[::1:80',
    '::1]:80',
    '1.2.3.4:1:2',
    '[1.2.3.4]80',
    'a.onion:1',
    '1.2.3.4\0:80',
    'UNIX:/x',
  ])('refuses %j', (text) => {
    expect(Service.tryParse(text, 1)).toBeUndefined();
    expect(() => Service.parse(text, 1)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
  });

  test('a default port outside 0..65535 is the caller’s mistake', () => {
    for (const port of [-1, 65536, 1.5, NaN]) {
      expect(() => Service.tryParse('1.2.3.4', port)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
      );
    }
  });

  test('what is not text is no endpoint', () => {
    for (const value of [undefined, null, 80, {}]) expect(Service.tryParse(value as string, 1)).toBeUndefined();
  });

  test('garbage gives undefined or an endpoint that comes back from its text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]:.0123456789afunix/%') }), (text) => {
        const service = Service.tryParse(text, 1);
        if (service !== undefined) expect(Service.parse(String(service)).equals(service)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Unix-domain paths', () => {
  test('have address :: and port 0', () => {
    const service = Service.unix('/run/node.sock');
    expect([service.unixPath, service.address, service.port]).toEqual(['/run/node.sock', NetAddress.UNSPECIFIED, 0]);
    expect(String(service)).toBe('unix:/run/node.sock');
    expect(Service.parse('unix:relative').unixPath).toBe('relative');
  });

  test('are bytes, not characters: 107 at most', () => {
    for (const path of ['a'.repeat(MAX_UNIX_PATH_BYTES), `${'é'.repeat(53)}a`]) {
      expect(Service.unix(path).unixPath).toBe(path);
      expect(Service.parse(`unix:${path}`).unixPath).toBe(path);
      expect(() => Service.unix(`${path}a`)).toThrow(TypeError);
      expect(Service.tryParse(`unix:${path}a`)).toBeUndefined();
    }
  });

  test('are not empty, have no zero byte and no half characters', () => {
    for (const path of ['', '\0', '\0abstract', '/a\0b', '/a\ud800', '\udc00/a', '/\udc00\ud800']) {
      expect(() => Service.unix(path)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
      expect(Service.tryParse(`unix:${path}`)).toBeUndefined();
    }
    expect(Service.unix('/😀').unixPath).toBe('/😀');
    for (const value of [undefined, null, 1]) expect(() => Service.unix(value as unknown as string)).toThrow(TypeError);
  });

  test('are equal and ordered by path, apart from :: with port 0', () => {
    const a = Service.unix('/a');
    expect(a.equals(Service.unix('/a'))).toBe(true);
    expect(a.equals(Service.unix('/b'))).toBe(false);
    expect(a.equals(new Service(NetAddress.UNSPECIFIED, 0))).toBe(false);
    const sorted = [Service.unix('/b'), a, new Service(NetAddress.UNSPECIFIED, 0)].sort((x, y) => x.compare(y));
    expect(sorted.map(String)).toEqual(['[::]:0', 'unix:/a', 'unix:/b']);
    expect(a.compare(Service.unix('/a'))).toBe(0);
  });
});

test('a port is an integer 0..65535', () => {
  for (const port of [0, 65535]) expect(new Service(NetAddress.UNSPECIFIED, port).port).toBe(port);
  for (const port of [-1, 65536, 80.5, NaN, Infinity, 2 ** 32]) {
    expect(() => new Service(NetAddress.UNSPECIFIED, port)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  }
});

test('equality and order look at the address, then the port', () => {
  fc.assert(
    fc.property(anyAddress(), anyAddress(), fc.nat(65535), fc.nat(65535), (a, b, portA, portB) => {
      const first = new Service(a, portA);
      const second = new Service(b, portB);
      expect(first.equals(second)).toBe(a.equals(b) && portA === portB);
      expect(first.compare(second)).toBe(a.compare(b) || portA - portB);
      expect(new Service(a, portA).equals(first)).toBe(true);
    }),
  );
});

test('the key is the address bytes and the port, high byte first', () => {
  expect(toHex(Service.parse('1.2.3.4:8333').getKey())).toBe('00000000000000000000ffff01020304208d');
  expect(toHex(Service.parse('[fc00::1]:256').toCJDNSIfInRange().getKey())).toBe(`fc${'00'.repeat(14)}010100`);
  expect(toHex(new Service(new NetAddress('i2p', new Uint8Array(32)), 0).getKey())).toBe('00'.repeat(34));
});

test('only addresses in fc00::/8 make another endpoint when read as CJDNS', () => {
  const service = Service.parse('[fc00::1]:8');
  expect(service.toCJDNSIfInRange().address.network).toBe('cjdns');
  expect(service.toCJDNSIfInRange().port).toBe(8);
  for (const text of ['1.2.3.4:1', '[::1]:1', 'unix:/x']) {
    const other = Service.parse(text);
    expect(other.toCJDNSIfInRange()).toBe(other);
  }
});
