import { constants } from 'node:os';
import { expect, test } from 'vitest';

import { DIAL_FAILURES, dialFailure, logFailure, unreachable } from '../../../ts/sockman/dial/failure.ts';
import type { Logger } from '../../../ts/util/logger.ts';
import type { DialFailureCode } from '../../../ts/sockman/dial/failure.ts';

test('the proxy is at fault only when it cannot be reached, and for SAM also when it does not do its part', () => {
  const codes = Object.keys(DIAL_FAILURES) as DialFailureCode[];
  const atFault = codes.filter((code) => DIAL_FAILURES[code].proxyFailed);
  expect(atFault.filter((code) => !code.startsWith('sam-'))).toEqual([
    'proxy-unreachable',
    'proxy-connect-timed-out',
    'proxy-connected-to-itself',
  ]);
  expect(codes.filter((code) => code.startsWith('sam-') && !atFault.includes(code))).toEqual([
    'sam-cant-reach-peer',
    'sam-peer-timed-out',
  ]);
});

test.each([
  [constants.errno.ECONNREFUSED, 'connection-refused'],
  [constants.errno.ENETUNREACH, 'network-unreachable'],
  [constants.errno.EHOSTUNREACH, 'host-unreachable'],
  [constants.errno.ETIMEDOUT, 'timed-out'],
  [constants.errno.EADDRNOTAVAIL, 'connect-failed'],
  [constants.errno.EMFILE, 'out-of-sockets'],
  [constants.errno.ENFILE, 'out-of-sockets'],
  [constants.errno.ENOBUFS, 'out-of-sockets'],
  [constants.errno.ENOMEM, 'out-of-sockets'],
])('errno %d of a connect has a code', (errno, code) => {
  expect(unreachable('peer', errno)).toMatchObject({ code, errno, proxyFailed: false });
});

test.each([
  ['peer', 'timed-out', 'connection-refused'],
  ['proxy', 'proxy-connect-timed-out', 'proxy-unreachable'],
  ['sam', 'sam-connect-timed-out', 'sam-unreachable'],
] as const)('who was to be reached, here a %s, decides whose fault it is', (destination, timedOut, refused) => {
  const proxyFailed = destination !== 'peer';
  expect(unreachable(destination, 'timed-out')).toMatchObject({ code: timedOut, proxyFailed });
  expect(unreachable(destination, constants.errno.ECONNREFUSED)).toMatchObject({ code: refused, proxyFailed });
});

test.each([
  ['connection-refused', true, 'info'],
  ['connection-refused', false, 'debug'],
  ['host-unreachable', true, 'info'],
  ['connect-failed', false, 'debug'],
  ['timed-out', true, 'debug'],
  ['timed-out', false, 'debug'],
  ['network-unsupported', true, 'info'],
  ['network-unsupported', false, 'info'],
  ['out-of-sockets', true, 'error'],
  ['out-of-sockets', false, 'error'],
  ['proxy-unreachable', false, 'info'],
  ['proxy-connect-timed-out', true, 'debug'],
  ['socks5-auth-rejected', false, 'error'],
  ['socks5-reply-timed-out', true, undefined],
] as const)('%s of a dial that is important (%s) is logged at %s', (code, isImportant, level) => {
  const lines: [string, string][] = [];
  const logger = Object.fromEntries(
    (['debug', 'info', 'warn', 'error'] as const).map((name) => [
      name,
      (line: string) => void lines.push([name, line]),
    ]),
  ) as unknown as Logger;
  logFailure(logger, dialFailure(code), 'line', isImportant);
  expect(lines).toEqual(level === undefined ? [] : [[level, 'line']]);
});

test('a message names the errno', () => {
  expect(unreachable('peer', constants.errno.ECONNREFUSED).message).toContain('ECONNREFUSED');
});

test('words of the other side are cut and escaped', () => {
  const { message } = dialFailure('sam-i2p-error', { quoted: `\x1b[31m\n${'x'.repeat(10_000)}` });
  expect(message).toMatch(/^[\x20-\x7e]+…?$/);
  expect(message.length).toBeLessThan(200);
});
