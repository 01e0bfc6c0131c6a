import { constants } from 'node:os';
import { expect, test } from 'vitest';

import { DIAL_FAILURES, connectFailure, dialFailure } from '../../../ts/sockman/dial/failure.ts';
import type { DialFailureCode } from '../../../ts/sockman/dial/failure.ts';

test('the proxy is at fault only when it cannot be reached, and for SAM also when it does not do its part', () => {
  const codes = Object.keys(DIAL_FAILURES) as DialFailureCode[];
  const atFault = codes.filter((code) => DIAL_FAILURES[code].proxyFailed);
  expect(atFault.filter((code) => !code.startsWith('sam-'))).toEqual(['proxy-unreachable', 'proxy-connect-timed-out']);
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
])('errno %d of a connect has a code', (errno, code) => {
  expect(connectFailure(errno)).toMatchObject({ code, errno, proxyFailed: false });
});

test('a message names the errno', () => {
  expect(connectFailure(constants.errno.ECONNREFUSED).message).toContain('ECONNREFUSED');
});

test('words of the other side are cut and escaped', () => {
  const { message } = dialFailure('sam-i2p-error', { quoted: `\x1b[31m\n${'x'.repeat(10_000)}` });
  expect(message).toMatch(/^[\x20-\x7e]+…?$/);
  expect(message.length).toBeLessThan(200);
});
