import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { authenticate, protocolInfo } from '../../ts/tor/authenticate.ts';
import type { TorCredentials } from '../../ts/tor/authenticate.ts';
import { TorControl } from '../../ts/tor/tor-control.ts';
import { CONTROL_PORT } from '../harness/dials/control-port.ts';
import type { ControlPort } from '../harness/dials/control-port.ts';
import { ControlStage } from '../harness/dials/dial-stage.ts';

// A recorded exchange.
const bytesFrom = (first: number): Uint8Array => Uint8Array.from({ length: 32 }, (_, at) => first + at);
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const COOKIE = bytesFrom(0x00);
const CLIENT_NONCE = bytesFrom(0x20);
const SERVER_NONCE = hex(bytesFrom(0x40));
const SERVER_HASH = '3c8780ab52365c0d080750447e5f64dabc00428c6c434579c2043e18c1f85389';
const CLIENT_HASH = 'b47642df2d5abb84f69e6d02d41bed6b44aee33e69562528a82166fc98bc0b1e';
const CHALLENGE = `AUTHCHALLENGE SAFECOOKIE ${hex(CLIENT_NONCE)}`;
const randomBytes = (): Uint8Array => CLIENT_NONCE;

let folder: string;
let cookieFile: string;
let stage: ControlStage;
let port: ControlPort;
let control: TorControl;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-cookie-'));
  cookieFile = join(folder, 'control_auth_cookie');
  writeFileSync(cookieFile, COOKIE);
  stage = new ControlStage();
  port = stage.port;
  const connecting = TorControl.connect(stage.node, CONTROL_PORT, { clock: stage.net.clock });
  await port.settle();
  control = await connecting;
  offers('SAFECOOKIE');
  port.answers['AUTHCHALLENGE'] = `250 AUTHCHALLENGE SERVERHASH=${SERVER_HASH} SERVERNONCE=${SERVER_NONCE}`;
});
afterEach(async () => {
  control.close();
  await stage.end();
  rmSync(folder, { recursive: true, force: true });
});

/** Has Tor accept these methods. */
function offers(methods: string, path: string | undefined = cookieFile): void {
  const cookie = path === undefined ? '' : ` COOKIEFILE="${path}"`;
  port.answers['PROTOCOLINFO'] =
    `250-PROTOCOLINFO 1\n250-AUTH METHODS=${methods}${cookie}\n250-VERSION Tor="0.4.9.11" more\n250 OK`;
}

/** Authenticates. @returns The commands after the first, and the failure if any. */
async function run(credentials: TorCredentials = { randomBytes }): Promise<{ commands: string[]; failure?: string }> {
  const done = authenticate(control, credentials).then(
    () => ({}),
    (error: { failure: string }) => ({ failure: error.failure }),
  );
  await port.settle();
  const [first, ...commands] = port.takeCommands().map((command) => command.replace('0 ', ''));
  expect(first).toBe('PROTOCOLINFO 1');
  return { commands, ...(await done) };
}

describe('authentication', () => {
  test('is nothing where Tor wants nothing', async () => {
    offers('NULL,SAFECOOKIE,HASHEDPASSWORD');
    expect(await run()).toEqual({ commands: ['AUTHENTICATE'] });
  });

  test('by SAFECOOKIE proves that we know the cookie once Tor has proved it', async () => {
    offers('COOKIE,SAFECOOKIE,HASHEDPASSWORD');
    expect(await run()).toEqual({ commands: [CHALLENGE, `AUTHENTICATE ${CLIENT_HASH}`] });
  });

  test('finds the cookie by the bytes of its path, whatever was escaped', async () => {
    const odd = join(folder, 'ü "\\');
    writeFileSync(odd, COOKIE);
    const escaped = [...Buffer.from(odd)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    for (const path of [escaped, odd.replace(/["\\]/g, '\\$&').replace('ü', '\\303\\274')]) {
      offers('SAFECOOKIE', path);
      expect(await run()).toEqual({ commands: [CHALLENGE, `AUTHENTICATE ${CLIENT_HASH}`] });
    }
  });

  test('is by password alone where one is given', async () => {
    offers('NULL,SAFECOOKIE,HASHEDPASSWORD');
    expect(await run({ password: 'secret' })).toEqual({ commands: ['AUTHENTICATE "secret"'] });
    expect(await run({ password: 'a "b" \\ c' })).toEqual({ commands: ['AUTHENTICATE "a \\"b\\" \\\\ c"'] });
    offers('NULL,SAFECOOKIE');
    expect(await run({ password: 'secret' })).toEqual({ commands: [], failure: 'no-usable-authentication' });
  });

  test.each(['COOKIE', 'HASHEDPASSWORD', 'COOKIE,HASHEDPASSWORD', '', 'OTHER'])(
    'cannot be done with %j alone, and shows no cookie',
    async (methods) => {
      offers(methods);
      expect(await run()).toEqual({ commands: [], failure: 'no-usable-authentication' });
    },
  );

  test('cannot be done by a cookie that is nowhere', async () => {
    port.answers['PROTOCOLINFO'] = '250-AUTH METHODS=SAFECOOKIE\n250 OK';
    expect(await run()).toEqual({ commands: [], failure: 'no-usable-authentication' });
    port.answers['PROTOCOLINFO'] = '250 OK';
    expect(await run()).toEqual({ commands: [], failure: 'no-usable-authentication' });
  });

  test.each<[string, () => void]>([
    ['has 31 bytes', () => writeFileSync(cookieFile, COOKIE.subarray(1))],
    ['has 33 bytes', () => writeFileSync(cookieFile, Buffer.concat([COOKIE, COOKIE.subarray(0, 1)]))],
    ['is empty', () => writeFileSync(cookieFile, '')],
    ['is not there', () => rmSync(cookieFile)],
    ['is a folder', () => (rmSync(cookieFile), mkdirSync(cookieFile))],
    ['is a named pipe', () => (rmSync(cookieFile), execFileSync('mkfifo', [cookieFile]))],
    ['never ends', () => offers('SAFECOOKIE', '/dev/zero')],
    // 256 GB, if one lets it: a file that says its size is 0. (Linux; elsewhere it is not there)
    ['has no size and never ends', () => offers('SAFECOOKIE', '/proc/self/pagemap')],
  ])('fails with a cookie that %s, before anything is said', async (_what, prepare) => {
    prepare();
    expect(await run()).toEqual({ commands: [], failure: 'cookie-unusable' });
  });

  test.each<[string, string, string]>([
    ['another hash', `SERVERHASH=${'0'.repeat(64)} SERVERNONCE=${SERVER_NONCE}`, 'server-hash-wrong'],
    ['our own proof as its hash', `SERVERHASH=${CLIENT_HASH} SERVERNONCE=${SERVER_NONCE}`, 'server-hash-wrong'],
    ['half a hash', `SERVERHASH=${SERVER_HASH.slice(32)} SERVERNONCE=${SERVER_NONCE}`, 'server-hash-wrong'],
    ['no hash', `SERVERNONCE=${SERVER_NONCE}`, 'server-hash-wrong'],
    ['another nonce', `SERVERHASH=${SERVER_HASH} SERVERNONCE=${'0'.repeat(64)}`, 'server-hash-wrong'],
    ['a short nonce', `SERVERHASH=${SERVER_HASH} SERVERNONCE=${SERVER_NONCE.slice(2)}`, 'server-nonce-malformed'],
    ['a long nonce', `SERVERHASH=${SERVER_HASH} SERVERNONCE=${SERVER_NONCE}00`, 'server-nonce-malformed'],
    [
      'a nonce that is no hexadecimal',
      `SERVERHASH=${SERVER_HASH} SERVERNONCE=${'g'.repeat(64)}`,
      'server-nonce-malformed',
    ],
    ['no nonce', `SERVERHASH=${SERVER_HASH}`, 'server-nonce-malformed'],
  ])('ends at a challenge answered with %s: nothing is proved to a stranger', async (_what, answer, failure) => {
    port.answers['AUTHCHALLENGE'] = `250 AUTHCHALLENGE ${answer}`;
    expect(await run()).toEqual({ commands: [CHALLENGE], failure });
  });

  test.each([
    ['250 OK', 'reply-malformed'],
    ['513 Invalid base16 client nonce', 'authentication-refused'],
    ['510 Unrecognized command', 'command-unknown'],
  ])('ends at a challenge answered with %j', async (answer, failure) => {
    port.answers['AUTHCHALLENGE'] = answer;
    expect(await run()).toEqual({ commands: [CHALLENGE], failure });
  });

  test('may be refused', async () => {
    port.answers['AUTHENTICATE'] = '515 Authentication failed: Safe cookie response did not match expected value.';
    expect(await run()).toMatchObject({ failure: 'authentication-refused' });
    offers('HASHEDPASSWORD');
    expect(await run({ password: 'secret' })).toMatchObject({ failure: 'authentication-refused' });
  });

  test('takes a password of one line, and shows none', async () => {
    for (const password of ['secret\nSIGNAL HALT', 'secret\r', 7 as unknown as string]) {
      const refused = authenticate(control, { password });
      await expect(refused).rejects.toMatchObject({ code: 'ERR_SOCKMAN_INVALID_ARG' });
      await expect(refused).rejects.not.toThrow(/secret/);
    }
    expect(port.takeCommands()).toEqual([]);
  });
});

test('Tor says what it is', async () => {
  offers('COOKIE,SAFECOOKIE');
  const asked = protocolInfo(control);
  await port.settle();
  expect(await asked).toEqual({
    authMethods: new Set(['COOKIE', 'SAFECOOKIE']),
    cookieFile: Buffer.from(cookieFile),
    version: '0.4.9.11',
  });
});
