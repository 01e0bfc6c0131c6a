import { describe, expect, it } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { decodeMessage, encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import {
  NO_VERSION_ADDRESS,
  formatUserAgent,
  readVersionHead,
  sanitizeUserAgent,
} from '../../../ts/p2p/messages/version.ts';
import type { VersionMessage } from '../../../ts/p2p/messages/version.ts';
import { ByteReader } from '../../../ts/util/bytes/bytes.ts';
import { toHex } from '../../harness/data/vectors.ts';

const message: VersionMessage = {
  type: 'version',
  protocolVersion: 70_016,
  services: 0xc09n,
  timeSeconds: 1_700_000_000,
  receiver: { services: 9n, service: new Service(NetAddress.parse('203.0.113.7'), 8_333) },
  sender: NO_VERSION_ADDRESS,
  nonce: 5n,
  userAgent: '/sockman:0.1.0/',
  startHeight: 840_000,
  relay: false,
};

function encode(changes: Partial<VersionMessage> = {}): Uint8Array {
  return encodeMessage({ ...message, ...changes }).payload;
}

/** A `version` whose user agent is any bytes. */
function withUserAgent(userAgent: Uint8Array): Uint8Array {
  const { length } = userAgent;
  const size = length < 253 ? [length] : [0xfd, length & 0xff, length >> 8];
  return new Uint8Array(Buffer.concat([encode().subarray(0, 80), Uint8Array.from(size), userAgent]));
}

describe('version', () => {
  it('takes defaults for each part that is left out, and none for a part that begins', () => {
    const payload = encode();
    const expected = new Map<number, Partial<VersionMessage>>([
      [46, { sender: NO_VERSION_ADDRESS, nonce: 1n, userAgent: '', startHeight: -1, relay: true }],
      [80, { nonce: 5n, userAgent: '', startHeight: -1, relay: true }],
      [payload.length - 5, { userAgent: '/sockman:0.1.0/', startHeight: -1, relay: true }],
      [payload.length - 1, { startHeight: 840_000, relay: true }],
      [payload.length, { relay: false }],
    ]);
    for (let length = 0; length <= payload.length; length++) {
      const fields = expected.get(length);
      const decode = () => decodeMessage('version', payload.subarray(0, length));
      if (fields === undefined) expect(decode).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_DECODE' }));
      else expect(decode()).toMatchObject(fields);
    }
  });

  it('gives its head even when what follows does not decode', () => {
    const payload = encode().subarray(0, 50);
    const head = { protocolVersion: 70_016, services: 0xc09n, timeSeconds: 1_700_000_000, receiver: message.receiver };
    expect(() => decodeMessage('version', payload)).toThrow();
    expect(readVersionHead(new ByteReader(payload))).toEqual(head);
  });

  it.each([
    [-1n, 0],
    [-(2n ** 63n), 0],
    [2n ** 63n - 1n, Number.MAX_SAFE_INTEGER],
    [0n, 0],
  ])('reads the time %i as %i', (onWire, timeSeconds) => {
    const payload = encode();
    new DataView(payload.buffer, payload.byteOffset).setBigInt64(12, onWire, true);
    expect(decodeMessage('version', payload).timeSeconds).toBe(timeSeconds);
  });

  it('says nothing of our own address unless told to', () => {
    expect(toHex(encode().subarray(54, 72))).toBe('00'.repeat(18));
  });

  it('says nothing of a receiver that the legacy form cannot hold', () => {
    const i2p = Service.parse('ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p:8333');
    const payload = encode({ receiver: { services: 9n, service: i2p } });
    expect(toHex(payload.subarray(20, 46))).toBe(`09${'00'.repeat(25)}`);
  });

  it('takes any byte but zero for "relay"', () => {
    const payload = encode();
    payload[payload.length - 1] = 0x80;
    expect(decodeMessage('version', payload).relay).toBe(true);
  });

  it('drops unsafe characters from a user agent, after judging its length', () => {
    const nasty = Buffer.from('/A\x00\x1b[31m<b>\x7f\xff:1.0(x; y)/', 'latin1');
    expect(decodeMessage('version', withUserAgent(nasty)).userAgent).toBe('/A31mb:1.0(x; y)/');
    expect(decodeMessage('version', withUserAgent(new Uint8Array(256).fill(1))).userAgent).toBe('');
    expect(() => decodeMessage('version', withUserAgent(new Uint8Array(257).fill(1)))).toThrow();
  });

  it('cleans text of any length', () => {
    expect(sanitizeUserAgent(new Uint8Array(1_000_000).fill(0x61)).length).toBe(1_000_000);
  });

  it('keeps exactly the safe characters', () => {
    const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const safe = ' (),-./0123456789:;?@ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
    expect(sanitizeUserAgent(everyByte)).toBe(safe);
  });

  it('is not written with a user agent that would be cut or changed on its way', () => {
    expect(encode({ userAgent: 'a'.repeat(256) }).length).toBe(80 + 3 + 256 + 5);
    expect(() => encode({ userAgent: 'a'.repeat(257) })).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
    for (const userAgent of ['/A\n/', '/Ä/', '<b>']) {
      expect(() => encode({ userAgent })).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    }
  });
});

describe('formatUserAgent', () => {
  it('writes BIP 14', () => {
    expect(formatUserAgent('sockman', '1.2.3')).toBe('/sockman:1.2.3/');
    expect(formatUserAgent('sockman', '1.2.3', ['a', 'b c'])).toBe('/sockman:1.2.3(a; b c)/');
  });

  it('refuses parts that would end it early', () => {
    for (const part of ['', 'a/b', 'a:b', 'a(b', 'a)b', 'ä', 'a\n']) {
      const error = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' });
      expect(() => formatUserAgent(part, '1')).toThrow(error);
      expect(() => formatUserAgent('a', part)).toThrow(error);
      expect(() => formatUserAgent('a', '1', [part])).toThrow(error);
    }
  });

  it('refuses a result of 257 bytes', () => {
    expect(formatUserAgent('a', '1', ['b'.repeat(249)]).length).toBe(256);
    expect(() => formatUserAgent('a', '1', ['b'.repeat(250)])).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  });
});
