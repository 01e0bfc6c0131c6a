import { describe, expect, test } from 'vitest';

import { NetAddress } from '../../../ts/netaddr/net-address.ts';
import type { Handshake } from '../../../ts/sockman/dial/dial.ts';
import type { DialFailureCode } from '../../../ts/sockman/dial/failure.ts';
import { addressOfDestination, encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import {
  endsSamSession,
  samAccept,
  samAcceptedPeer,
  samConnect,
  samCreateSession,
  samGenerateDestination,
  samHello,
  samLookup,
} from '../../../ts/sockman/dial/sam.ts';
import { D1, D1_PRIVATE_KEY, D2 } from '../../harness/dials/i2p-destinations.ts';
import { bytesOf, everySplit, runHandshake } from '../../harness/peers/handshake.ts';

const D1_TEXT = encodeI2PBase64(D1);
const D1_ADDRESS = addressOfDestination(D1);
const PRIVATE_TEXT = encodeI2PBase64(D1_PRIVATE_KEY);

const line = (text: string): string => Buffer.from(`${text}\n`, 'latin1').toString('hex');
const answer = <Result>(handshake: Handshake<Result>, text: string) =>
  runHandshake(handshake, [[Buffer.from(text, 'latin1')]]);

const HANDSHAKES: Record<string, () => Handshake<unknown>> = {
  'HELLO REPLY': samHello,
  'DEST REPLY': samGenerateDestination,
  'SESSION STATUS': () => samCreateSession({ id: '0123456789', privateKey: undefined }),
  'NAMING REPLY': () => samLookup(D1_ADDRESS),
  'STREAM STATUS': () => samConnect('0123456789', D1_TEXT),
};

describe('a request is one line, sent in one piece', () => {
  const tail = 'i2cp.leaseSetEncType=4,0 inbound.quantity';
  test.each<[string, Handshake<unknown>, string]>([
    ['HELLO', samHello(), 'HELLO VERSION MIN=3.1 MAX=3.1'],
    ['DEST GENERATE', samGenerateDestination(), 'DEST GENERATE SIGNATURE_TYPE=7'],
    [
      'a transient SESSION CREATE',
      samCreateSession({ id: 'abcdef0123', privateKey: undefined }),
      `SESSION CREATE STYLE=STREAM ID=abcdef0123 DESTINATION=TRANSIENT SIGNATURE_TYPE=7 ${tail}=1 outbound.quantity=1`,
    ],
    [
      'a persistent SESSION CREATE',
      samCreateSession({ id: 'abcdef0123', privateKey: D1_PRIVATE_KEY }),
      `SESSION CREATE STYLE=STREAM ID=abcdef0123 DESTINATION=${PRIVATE_TEXT} ${tail}=3 outbound.quantity=3`,
    ],
    [
      'a SESSION CREATE with extra options',
      samCreateSession({ id: 'abcdef0123', privateKey: undefined, extraOptions: 'inbound.length=0' }),
      `SESSION CREATE STYLE=STREAM ID=abcdef0123 DESTINATION=TRANSIENT SIGNATURE_TYPE=7 ${tail}=1 outbound.quantity=1 inbound.length=0`,
    ],
    [
      'a SESSION CREATE with no more options',
      samCreateSession({ id: 'abcdef0123', privateKey: undefined, extraOptions: '' }),
      `SESSION CREATE STYLE=STREAM ID=abcdef0123 DESTINATION=TRANSIENT SIGNATURE_TYPE=7 ${tail}=1 outbound.quantity=1`,
    ],
    [
      'NAMING LOOKUP',
      samLookup(D1_ADDRESS),
      'NAMING LOOKUP NAME=64orrdhmp3s3ry44ddb5uw35qx5qtgot6gcntnrqziq5d4vtmzfa.b32.i2p',
    ],
    [
      'STREAM CONNECT',
      samConnect('abcdef0123', D1_TEXT),
      `STREAM CONNECT ID=abcdef0123 DESTINATION=${D1_TEXT} SILENT=false`,
    ],
    ['STREAM ACCEPT', samAccept('abcdef0123'), 'STREAM ACCEPT ID=abcdef0123 SILENT=false'],
  ])('%s', (_name, handshake, request) => {
    expect(runHandshake(handshake, []).sent).toEqual([line(request)]);
    expect(handshake.step).toMatchObject({ sendTimeoutMs: 1_000, replyTimeoutMs: 180_000 });
  });

  test('the wait for a peer says nothing and has no limit', () => {
    const handshake = samAcceptedPeer();
    expect(runHandshake(handshake, [])).toEqual({ sent: [], stillRunning: true });
    expect(handshake.step.replyTimeoutMs).toBe(Infinity);
  });
});

describe('a good answer, split at every offset and one byte at a time', () => {
  test.each<[string, () => Handshake<unknown>, string, unknown]>([
    ['HELLO', samHello, 'HELLO REPLY RESULT=OK VERSION=3.1', undefined],
    ['DEST GENERATE', samGenerateDestination, `DEST REPLY PUB=${D1_TEXT} PRIV=${PRIVATE_TEXT}`, PRIVATE_TEXT],
    [
      'SESSION CREATE',
      () => samCreateSession({ id: 'a', privateKey: undefined }),
      `SESSION STATUS RESULT=OK DESTINATION=${PRIVATE_TEXT}`,
      PRIVATE_TEXT,
    ],
    ['NAMING LOOKUP', () => samLookup(D1_ADDRESS), `NAMING REPLY RESULT=OK NAME=x VALUE=${D1_TEXT}`, D1_TEXT],
    ['STREAM CONNECT', () => samConnect('a', D1_TEXT), 'STREAM STATUS RESULT=OK', undefined],
    ['STREAM ACCEPT', () => samAccept('a'), 'STREAM STATUS RESULT=OK', undefined],
    ['STREAM ACCEPT, ended by CR LF', () => samAccept('a'), 'STREAM STATUS RESULT=OK\r', undefined],
    ['the line of a peer', samAcceptedPeer, D1_TEXT, D1_ADDRESS],
    ['the line of a peer, ended by CR LF', samAcceptedPeer, `${D1_TEXT}\r`, D1_ADDRESS],
  ])('to %s is understood', (_name, make, reply, result) => {
    for (const chunks of everySplit(Buffer.from(`${reply}\n`))) {
      const run = runHandshake(make(), [chunks]);
      // Keys are compared as text: an assertion on hundreds of array elements, hundreds of times, takes seconds.
      const got = run.result instanceof Uint8Array ? encodeI2PBase64(run.result) : run.result;
      expect([got, run.leftover, run.failure]).toEqual([result, '', undefined]);
    }
  });

  test.each<[string, () => Handshake<unknown>, string]>([
    ['STREAM CONNECT', () => samConnect('a', D1_TEXT), 'STREAM STATUS RESULT=OK'],
    ['STREAM ACCEPT', () => samAccept('a'), 'STREAM STATUS RESULT=OK'],
    ['the line of a peer', samAcceptedPeer, D1_TEXT],
  ])('to %s leaves the bytes of the peer behind it alone', (_name, make, reply) => {
    const payload = 'f9beb4d90a00ff0d0a';
    for (const chunks of everySplit(Buffer.concat([Buffer.from(`${reply}\n`), bytesOf(payload)]))) {
      expect(runHandshake(make(), [chunks])).toMatchObject({ leftover: payload, stillRunning: false });
    }
  });
});

describe('a bridge that refuses', () => {
  const status = (result: string): string => `STREAM STATUS RESULT=${result}`;
  test.each<[string, () => Handshake<unknown>, DialFailureCode, boolean]>([
    ['HELLO REPLY RESULT=NOVERSION', samHello, 'sam-version', true],
    ['HELLO REPLY RESULT=I2P_ERROR MESSAGE="no RESULT=OK"', samHello, 'sam-version', true],
    ['HELLO REPLY VERSION=3.1', samHello, 'sam-malformed', true],
    ['DEST REPLY RESULT=I2P_ERROR', samGenerateDestination, 'sam-session-refused', true],
    ['DEST REPLY PUB=x', samGenerateDestination, 'sam-malformed', true],
    ['DEST REPLY PRIV=+', samGenerateDestination, 'sam-private-key-malformed', true],
    ['DEST REPLY PRIV=AAAA', samGenerateDestination, 'sam-private-key-malformed', true],
    ...['DUPLICATED_ID', 'DUPLICATED_DEST', 'INVALID_KEY', 'INVALID_ID', 'I2P_ERROR MESSAGE="x"', 'WHAT'].map(
      (result): [string, () => Handshake<unknown>, DialFailureCode, boolean] => [
        `SESSION STATUS RESULT=${result}`,
        HANDSHAKES['SESSION STATUS']!,
        'sam-session-refused',
        true,
      ],
    ),
    ['SESSION STATUS RESULT=OK', HANDSHAKES['SESSION STATUS']!, 'sam-malformed', true],
    ['SESSION STATUS DESTINATION=x', HANDSHAKES['SESSION STATUS']!, 'sam-malformed', true],
    ['SESSION STATUS RESULT=OK DESTINATION=AAAA', HANDSHAKES['SESSION STATUS']!, 'sam-private-key-malformed', true],
    ['NAMING REPLY RESULT=INVALID_KEY', HANDSHAKES['NAMING REPLY']!, 'sam-name-not-found', true],
    ['NAMING REPLY RESULT=KEY_NOT_FOUND', HANDSHAKES['NAMING REPLY']!, 'sam-name-not-found', true],
    ['NAMING REPLY NAME=x', HANDSHAKES['NAMING REPLY']!, 'sam-malformed', true],
    ['NAMING REPLY RESULT=OK', HANDSHAKES['NAMING REPLY']!, 'sam-malformed', true],
    ['NAMING REPLY RESULT=OK VALUE=AAAA', HANDSHAKES['NAMING REPLY']!, 'sam-malformed', true],
    [`NAMING REPLY RESULT=OK VALUE=${encodeI2PBase64(D2)}`, HANDSHAKES['NAMING REPLY']!, 'sam-wrong-destination', true],
    [status('CANT_REACH_PEER'), HANDSHAKES['STREAM STATUS']!, 'sam-cant-reach-peer', false],
    [status('TIMEOUT'), HANDSHAKES['STREAM STATUS']!, 'sam-peer-timed-out', false],
    [status('INVALID_ID'), HANDSHAKES['STREAM STATUS']!, 'sam-session-gone', true],
    [status('INVALID_KEY'), HANDSHAKES['STREAM STATUS']!, 'sam-invalid-key', true],
    [status('I2P_ERROR'), HANDSHAKES['STREAM STATUS']!, 'sam-i2p-error', true],
    [status('toString'), HANDSHAKES['STREAM STATUS']!, 'sam-unknown-result', true],
    [status('ALREADY_ACCEPTING'), () => samAccept('a'), 'sam-unknown-result', true],
    [status('INVALID_ID'), () => samAccept('a'), 'sam-session-gone', true],
    ['STREAM STATUS', HANDSHAKES['STREAM STATUS']!, 'sam-malformed', true],
    ['STREAM STATUS MESSAGE="RESULT=OK"', HANDSHAKES['STREAM STATUS']!, 'sam-malformed', true],
    ['STREAM STATUS RESULT=I2P_ERROR MESSAGE="Session was closed"', samAcceptedPeer, 'sam-session-gone', true],
    ['STREAM STATUS RESULT=OTHER', samAcceptedPeer, 'sam-malformed', true],
    ['garbage', samAcceptedPeer, 'sam-malformed', true],
    ['AAAA', samAcceptedPeer, 'sam-malformed', true],
    ['', samAcceptedPeer, 'sam-malformed', true],
    [`${D1_TEXT} FROM_PORT=0 TO_PORT=0`, samAcceptedPeer, 'sam-malformed', true],
  ])('with %s fails in its own way', (reply, make, code, proxyFailed) => {
    const { failure } = answer(make(), `${reply}\n`);
    expect(failure).toMatchObject({ code, proxyFailed, log: 'debug' });
    expect(endsSamSession(failure!)).toBe(code === 'sam-session-gone');
  });
});

describe('a bridge that breaks the protocol', () => {
  for (const [topic, make] of Object.entries(HANDSHAKES)) {
    test(`in place of ${topic} fails the handshake`, () => {
      for (const reply of [
        '',
        'OK',
        'RESULT=OK',
        `X${topic} RESULT=OK`,
        topic.toLowerCase(),
        'HTTP/1.1 400 Bad Request',
      ]) {
        expect(answer(make(), `${reply}\n`).failure).toMatchObject({ code: 'sam-malformed', proxyFailed: true });
      }
    });

    test(`with a line without end in place of ${topic} fails at 65,536 bytes and not before`, () => {
      const handshake = make();
      handshake.start();
      expect(handshake.receive(Buffer.alloc(65_535, 'x')).state).toBe('more');
      expect(handshake.receive(Buffer.from('x'))).toMatchObject({
        failure: { code: 'sam-line-too-long', proxyFailed: true },
      });
    });
  }

  test.each([
    [samHello(), 'HELLO REPLY RESULT=OK VERSION=3.1\nx'],
    [samGenerateDestination(), `DEST REPLY PRIV=${PRIVATE_TEXT}\n\n`],
    [samLookup(D1_ADDRESS), `NAMING REPLY RESULT=OK VALUE=${D1_TEXT}\nSTREAM STATUS RESULT=OK\n`],
    [
      samCreateSession({ id: 'a', privateKey: undefined }),
      `SESSION STATUS RESULT=OK DESTINATION=${PRIVATE_TEXT}\nPING\n`,
    ],
  ] as [Handshake<unknown>, string][])('by answering what was not asked fails (%#)', (handshake, text) => {
    expect(answer(handshake, text).failure).toMatchObject({ code: 'sam-unasked-bytes' });
  });

  test('by an endless line in place of a peer fails', () => {
    expect(answer(samAcceptedPeer(), 'A'.repeat(65_536)).failure).toMatchObject({ code: 'sam-line-too-long' });
  });
});

describe('a bridge that goes silent or away', () => {
  test.each(Object.entries({ ...HANDSHAKES, peer: samAcceptedPeer }))('while %s is awaited', (_topic, make) => {
    const handshake = make();
    handshake.start();
    expect(handshake.interrupted('timed-out')).toMatchObject({ code: 'sam-timed-out', proxyFailed: true });
    expect(handshake.interrupted('closed')).toMatchObject({ code: 'sam-closed', proxyFailed: true });
    expect(handshake.interrupted('broken', 104)).toMatchObject({ code: 'sam-closed', errno: 104 });
  });

  test('after the first byte of the line of a peer has one second left', () => {
    const handshake = samAcceptedPeer();
    handshake.start();
    const waiting = handshake.step;
    expect(handshake.receive(Buffer.from('A'))).toEqual({ state: 'more', send: undefined });
    expect(handshake.step).not.toBe(waiting);
    expect(handshake.step.replyTimeoutMs).toBe(1_000);
    const reading = handshake.step;
    handshake.receive(Buffer.from('A'));
    expect(handshake.step).toBe(reading);
  });
});

test('no private key shows in a failure', () => {
  const key = PRIVATE_TEXT.slice(600, 640);
  for (const text of [
    `SESSION STATUS RESULT=INVALID_KEY DESTINATION=${PRIVATE_TEXT}\n`,
    `SESSION STATUS DESTINATION=${PRIVATE_TEXT}\n`,
    `SESSION STATUS RESULT=OK DESTINATION=${PRIVATE_TEXT}!\n`,
    `DEST REPLY PRIV=${PRIVATE_TEXT}\n`,
  ]) {
    const handshake = samCreateSession({ id: 'a', privateKey: D1_PRIVATE_KEY });
    const { failure } = answer(handshake, text);
    expect(failure!.message).not.toContain(key);
    expect(failure!.message.length).toBeLessThan(200);
  }
});

test("the address in a lookup must be the target's: V2 of the specification prints in lower case", () => {
  const address = NetAddress.parse('UDHDrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jna.b32.I2P');
  const { sent } = runHandshake(samLookup(address), []);
  expect(sent).toEqual([line('NAMING LOOKUP NAME=udhdrtrcetjm5sxzskjyr5ztpeszydbh4dpl3pl4utgqqw2v4jna.b32.i2p')]);
});
