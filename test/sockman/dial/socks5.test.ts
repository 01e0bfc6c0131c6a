import { describe, expect, test } from 'vitest';

import {
  SOCKS5_STEP_TIMEOUT_MS,
  Socks5Handshake,
  checkCredentials,
  socks5HostFailure,
} from '../../../ts/sockman/dial/socks5.ts';
import type { DialFailureCode } from '../../../ts/sockman/dial/failure.ts';
import { bytesOf, everySplit, runHandshake } from '../../harness/peers/handshake.ts';

const credentials = { username: '0011223344556677-0', password: '0011223344556677-0' };
const AUTH = '0112303031313232333334343535363637372d3012303031313232333334343535363637372d30';
const REQUEST = '050100030b6578616d706c652e636f6d208d';
const GRANTED = '05000001 00000000 0000';

/** Runs a handshake to example.com:8333 with unsplit answers. */
const run = (answers: string[], offered?: typeof credentials) =>
  runHandshake(
    new Socks5Handshake('example.com', 8333, offered),
    answers.map((answer) => [bytesOf(answer)]),
  );

describe('what a SOCKS5 handshake sends', () => {
  test('is greeting and request without credentials', () => {
    const { sent, stillRunning, leftover, failure } = run(['0500', GRANTED]);
    expect({ sent, stillRunning, leftover, failure }).toEqual({
      sent: ['050100', REQUEST],
      stillRunning: false,
      leftover: '',
      failure: undefined,
    });
  });

  test('is greeting, credentials and request when the proxy asks for a password', () => {
    expect(run(['0502', '0100', GRANTED], credentials).sent).toEqual(['05020002', AUTH, REQUEST]);
  });

  test('holds no credentials when the proxy does not want them', () => {
    expect(run(['0500', GRANTED], credentials).sent).toEqual(['05020002', REQUEST]);
  });

  test.each([
    ['2001:db8::1', 8333, '050100030b323030313a6462383a3a31208d'],
    ['192.0.2.1', 1, '0501000309 3139322e302e322e31 0001'],
    ['a', 65535, '0501000301 61 ffff'],
    ['ü', 0, '0501000302 c3bc 0000'],
  ])('names %s as a domain, port %d in network order', (host, port, request) => {
    const { sent } = runHandshake(new Socks5Handshake(host, port), [[bytesOf('0500')]]);
    expect(sent[1]).toBe(request.replaceAll(' ', ''));
  });

  test('is never a byte of the application: nothing follows the request', () => {
    const handshake = new Socks5Handshake('example.com', 8333);
    handshake.start();
    handshake.receive(bytesOf('0500'));
    const outcomes = [...bytesOf(GRANTED)].map((byte) => handshake.receive(Uint8Array.of(byte)));
    expect(outcomes.slice(0, -1)).toEqual(Array(9).fill({ state: 'more', send: undefined }));
    expect(outcomes.at(-1)?.state).toBe('done');
  });
});

describe('the bytes of a proxy, split at every offset and one at a time', () => {
  const replies: Record<string, string> = {
    'an IPv4 address': GRANTED,
    'an IPv6 address': `05000004 ${'00'.repeat(16)} 1f90`,
    'an empty name': '05000003 00 0000',
    'a name of one byte': '05000003 01 61 0000',
    'a name of 255 bytes': `05000003 ff ${'61'.repeat(255)} 0000`,
  };
  for (const [what, reply] of Object.entries(replies)) {
    for (const peerData of ['', 'f9beb4d976657273']) {
      test(`mean the same with ${what} bound, ${peerData === '' ? 'nothing' : 'data of the peer'} behind the reply`, () => {
        let runs = 0;
        for (const method of everySplit(bytesOf('0502'))) {
          for (const auth of everySplit(bytesOf('0100'))) {
            for (const chunks of everySplit(bytesOf(reply + peerData))) {
              const handshake = new Socks5Handshake('example.com', 8333, credentials);
              const { sent, leftover, failure } = runHandshake(handshake, [method, auth, chunks]);
              expect(failure).toBeUndefined();
              expect(sent).toEqual(['05020002', AUTH, REQUEST]);
              expect(leftover).toBe(peerData);
              runs += 1;
            }
          }
        }
        expect(runs).toBe(3 * 3 * (bytesOf(reply + peerData).length + 1));
      });
    }
  }
});

describe('a proxy that says no', () => {
  const codes: [number, DialFailureCode][] = [
    [0x01, 'socks5-general-failure'],
    [0x02, 'socks5-not-allowed'],
    [0x03, 'socks5-network-unreachable'],
    [0x04, 'socks5-host-unreachable'],
    [0x05, 'socks5-connection-refused'],
    [0x06, 'socks5-ttl-expired'],
    [0x07, 'socks5-protocol-error'],
    [0x08, 'socks5-address-type-not-supported'],
    [0x09, 'socks5-unknown-reply'],
    [0xef, 'socks5-unknown-reply'],
    [0xf0, 'tor-onion-descriptor-not-found'],
    [0xf1, 'tor-onion-descriptor-invalid'],
    [0xf2, 'tor-onion-introduction-failed'],
    [0xf3, 'tor-onion-rendezvous-failed'],
    [0xf4, 'tor-onion-missing-authorization'],
    [0xf5, 'tor-onion-wrong-authorization'],
    [0xf6, 'tor-onion-address-invalid'],
    [0xf7, 'tor-onion-introduction-timed-out'],
    [0xf8, 'socks5-unknown-reply'],
    [0xfe, 'socks5-unknown-reply'],
    [0xff, 'socks5-unknown-reply'],
  ];
  test.each(codes)('with reply 0x%s is heard at the second byte already', (reply, code) => {
    const handshake = new Socks5Handshake('example.com', 8333);
    handshake.start();
    handshake.receive(bytesOf('0500'));
    expect(handshake.receive(Uint8Array.of(5)).state).toBe('more');
    const outcome = handshake.receive(Uint8Array.of(reply));
    expect(outcome).toMatchObject({ state: 'failed', failure: { code, proxyFailed: false, log: 'debug' } });
  });

  test('with an unknown reply is quoted by number', () => {
    expect(run(['0500', '0509']).failure?.message).toBe('unknown (0x09)');
  });
});

describe('a proxy that breaks the protocol', () => {
  const table: [string, string[], boolean, DialFailureCode][] = [
    ['speaks version 4', ['0400'], false, 'socks5-greeting-version'],
    ['answers as an HTTP server', ['text:HTTP/1.1 400 Bad Request\r\n\r\n'], false, 'socks5-greeting-version'],
    ['asks for GSSAPI', ['0501'], true, 'socks5-no-acceptable-method'],
    ['accepts no method', ['05ff'], true, 'socks5-no-acceptable-method'],
    ['accepts no method where none was offered', ['05ff'], false, 'socks5-no-acceptable-method'],
    ['asks for a password that was not offered', ['0502'], false, 'socks5-no-acceptable-method'],
    ['refuses the password', ['0502', '0101'], true, 'socks5-auth-rejected'],
    ['answers the authentication in SOCKS version', ['0502', '0500'], true, 'socks5-auth-rejected'],
    ['replies in version 4', ['0500', '0400'], false, 'socks5-reply-version'],
    ['replies in version 0', ['0500', '005a'], false, 'socks5-reply-version'],
    ['has a reserved byte that is not zero', ['0500', '050001'], false, 'socks5-reply-malformed'],
    ['has address type 0', ['0500', '05000000'], false, 'socks5-reply-malformed'],
    ['has address type 2', ['0500', '05000002'], false, 'socks5-reply-malformed'],
    ['has address type 5', ['0500', '05000005'], false, 'socks5-reply-malformed'],
    ['answers the request before it was made', [`0500${GRANTED}`], false, 'socks5-unasked-bytes'],
    ['sends one byte too much after the method', ['050000'], false, 'socks5-unasked-bytes'],
    ['sends one byte too much after the password', ['0502', '010000'], true, 'socks5-unasked-bytes'],
  ];
  test.each(table)('and %s fails the dial, however the bytes are cut', (_what, answers, offer, code) => {
    const before = answers.slice(0, -1).map((answer) => [bytesOf(answer)]);
    const last = bytesOf(answers.at(-1)!);
    const cuts = code === 'socks5-unasked-bytes' ? [[last]] : everySplit(last);
    for (const chunks of cuts) {
      const handshake = new Socks5Handshake('example.com', 8333, offer ? credentials : undefined);
      expect(runHandshake(handshake, [...before, chunks]).failure).toMatchObject({
        code,
        proxyFailed: false,
        log: 'error',
      });
    }
  });

  test('is not listened to any longer', () => {
    const handshake = new Socks5Handshake('example.com', 8333);
    handshake.start();
    handshake.receive(bytesOf('04'));
    expect(() => handshake.receive(bytesOf('0500'))).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_STATE' }));
  });

  test('with any two bytes in any place ends in a typed result or waits for more', () => {
    const before = [[], ['0502'], ['0502', '0100'], ['0502', '0100', '050000'], ['0502', '0100', '0500000300']];
    for (const answers of before) {
      for (let first = 0; first < 256; first += 1) {
        for (const second of [0, 1, 2, 3, 4, 5, 0x7f, 0xff]) {
          const chunks = [...answers.map(bytesOf), Uint8Array.of(first, second)].map((bytes) => [bytes]);
          const outcome = runHandshake(new Socks5Handshake('example.com', 8333, credentials), chunks);
          const ended = [outcome.stillRunning, outcome.leftover !== undefined, outcome.failure !== undefined];
          expect(ended.filter(Boolean)).toHaveLength(1);
        }
      }
    }
  });
});

describe('a proxy that goes silent or away', () => {
  const phases: [string[], string, DialFailureCode, DialFailureCode][] = [
    [[], 'SOCKS5 method choice', 'socks5-greeting-timed-out', 'socks5-greeting-closed'],
    [['05'], 'SOCKS5 method choice', 'socks5-greeting-timed-out', 'socks5-greeting-closed'],
    [['0502'], 'SOCKS5 authentication', 'socks5-auth-timed-out', 'socks5-auth-closed'],
    [['0502', '01'], 'SOCKS5 authentication', 'socks5-auth-timed-out', 'socks5-auth-closed'],
    [['0500'], 'SOCKS5 reply', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '050000'], 'SOCKS5 reply', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '05000003'], 'SOCKS5 bound name length', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '0500000302'], 'SOCKS5 bound address', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '05000001000000'], 'SOCKS5 bound address', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '0500000100000000'], 'SOCKS5 bound port', 'socks5-reply-timed-out', 'socks5-reply-closed'],
    [['0500', '050000010000000000'], 'SOCKS5 bound port', 'socks5-reply-timed-out', 'socks5-reply-closed'],
  ];
  test.each(phases)('after %j is awaited in step %s', (answers, name, timedOut, closed) => {
    const handshake = new Socks5Handshake('example.com', 8333, credentials);
    expect(
      runHandshake(
        handshake,
        answers.map((answer) => [bytesOf(answer)]),
      ).stillRunning,
    ).toBe(true);
    const limits = { sendTimeoutMs: SOCKS5_STEP_TIMEOUT_MS, replyTimeoutMs: SOCKS5_STEP_TIMEOUT_MS };
    expect(handshake.step).toEqual({ name, ...limits });
    expect(handshake.interrupted('timed-out')).toMatchObject({ code: timedOut, proxyFailed: false });
    expect(handshake.interrupted('closed')).toMatchObject({ code: closed, proxyFailed: false });
    expect(handshake.interrupted('broken', 104)).toMatchObject({ code: closed, proxyFailed: false, errno: 104 });
  });

  test('while the reply is awaited is not logged, since Tor does so for every unreachable service', () => {
    const handshake = new Socks5Handshake('example.com', 8333);
    runHandshake(handshake, [[bytesOf('0500')]]);
    expect(handshake.interrupted('timed-out').log).toBe('silent');
    expect(handshake.interrupted('closed').log).toBe('error');
  });
});

describe('a host', () => {
  test.each(['a', 'a'.repeat(255), 'ü'.repeat(127)])('of 1 to 255 bytes is sent (%#)', (host) => {
    expect(socks5HostFailure(host)).toBeUndefined();
    const { sent } = runHandshake(new Socks5Handshake(host, 1), [[bytesOf('0500')]]);
    const length = Buffer.byteLength(host).toString(16).padStart(2, '0');
    expect(sent[1]).toBe(`05010003${length}${Buffer.from(host).toString('hex')}0001`);
  });

  test.each(['', 'a'.repeat(256), 'ü'.repeat(128), 'a\0b', '\0'])(
    'that cannot be said fails before a byte is sent (%#)',
    (host) => {
      const { sent, failure } = runHandshake(new Socks5Handshake(host, 1), []);
      expect(sent).toEqual([]);
      expect(failure).toMatchObject({ code: 'socks5-host-invalid', proxyFailed: false });
      expect(socks5HostFailure(host)).toEqual(failure);
      expect(failure!.message).toMatch(/^[\x20-\x7e…]+$/);
    },
  );
});

describe('credentials', () => {
  test.each([
    ['a', 'b'],
    ['u'.repeat(255), 'p'.repeat(255)],
    ['ü'.repeat(127), 'x'],
  ])('of 1 to 255 bytes are sent as they are (%#)', (username, password) => {
    checkCredentials({ username, password });
    const { sent } = runHandshake(new Socks5Handshake('h', 1, { username, password }), [[bytesOf('0502')]]);
    const user = Buffer.from(username);
    const pass = Buffer.from(password);
    const expected = Buffer.concat([Uint8Array.of(1, user.length), user, Uint8Array.of(pass.length), pass]);
    expect(sent[1]).toBe(expected.toString('hex'));
  });

  test.each([
    { username: '', password: 'b' },
    { username: 'a', password: '' },
    { username: 'a'.repeat(256), password: 'b' },
    { username: 'a', password: 'ü'.repeat(128) },
  ])('of another length are out of range (%#)', (wrong) => {
    expect(() => checkCredentials(wrong)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
  });

  test('that are no strings are refused, without showing them', () => {
    const wrong = { username: 'a', password: 12345 } as unknown as typeof credentials;
    expect(() => checkCredentials(wrong)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
    expect(() => checkCredentials(wrong)).not.toThrow(/12345/);
  });

  test('never show in a failure', () => {
    for (const answers of [['0502', '0101'], ['0502', '0500'], ['05ff'], ['0502', '0100', '0501']]) {
      expect(run(answers, credentials).failure!.message).not.toContain(credentials.password);
    }
  });
});
