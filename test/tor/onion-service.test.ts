import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { OnionService, TOR_RETRY_MAX_MS } from '../../ts/tor/onion-service.ts';
import type { OnionServiceOptions } from '../../ts/tor/onion-service.ts';
import { CONTROL_PORT, ONION_ID, ONION_KEY, goodControlAnswer } from '../harness/dials/control-port.ts';
import type { ControlPort } from '../harness/dials/control-port.ts';
import { ControlStage } from '../harness/dials/dial-stage.ts';

const TARGET = '127.0.0.1:8334';
const SERVICE = `${ONION_ID}.onion:8333`;
const ADD_NEW = `ADD_ONION NEW:ED25519-V3 PoWDefensesEnabled=1 Port=8333,${TARGET}`;
const ADD_KEPT = `ADD_ONION ${ONION_KEY} PoWDefensesEnabled=1 Port=8333,${TARGET}`;
const GET_SOCKS = 'GETINFO net/listeners/socks';

let folder: string;
let keyFile: string;
let stage: ControlStage;
let port: ControlPort;
let service: OnionService;
/** `online …`, `offline …`, `socks …`. */
let events: string[];
let log: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-onion-'));
  keyFile = join(folder, 'onion_v3_private_key');
  stage = new ControlStage();
  port = stage.port;
  events = [];
  log = [];
});
afterEach(async () => {
  await service.stop();
  await stage.settle();
  expect(port.openSocketCount).toBe(0);
  expect(stage.node.connectionCount).toBe(0);
  await stage.end();
  // Whatever went wrong, keys and passwords are nobody's business.
  expect([...log, ...stage.node.log].join('\n')).not.toMatch(/AAAA|secret/);
  rmSync(folder, { recursive: true, force: true });
});

function make(options: Partial<OnionServiceOptions> = {}): OnionService {
  const at = (level: string) => (line: string) => void log.push(`${level}: ${line}`);
  service = new OnionService(stage.node, {
    control: CONTROL_PORT,
    virtualPort: 8_333,
    target: TARGET,
    privateKeyFile: keyFile,
    clock: stage.net.clock,
    logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    ...options,
  });
  for (const name of ['online', 'offline', 'socks'] as const) {
    service.on(name, (value) => events.push(`${name} ${value}`));
  }
  return service;
}

async function start(options?: Partial<OnionServiceOptions>): Promise<void> {
  make(options).start();
  await port.settle();
}

const takeEvents = (): string[] => events.splice(0);
const takeCommands = (): string[] => port.takeCommands().map((command) => command.slice(command.indexOf(' ') + 1));
const warnings = (): string[] => log.filter((line) => line.startsWith('warn'));

describe('an onion service', () => {
  test('is made with a key of its own, which is kept, and tells where it is', async () => {
    await start({ findSocks: true });
    expect(takeCommands()).toEqual(['PROTOCOLINFO 1', 'AUTHENTICATE', GET_SOCKS, ADD_NEW]);
    expect(takeEvents()).toEqual(['socks 127.0.0.1:9050', `online ${SERVICE}`]);
    expect(readFileSync(keyFile, 'latin1')).toBe(ONION_KEY);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
    expect(stage.node.takeEvents()).toEqual([]);
  });

  test('asks for SOCKS and for the service without waiting in between', async () => {
    port.answers[GET_SOCKS] = () => undefined;
    await start({ findSocks: true });
    expect(takeCommands().slice(2)).toEqual([GET_SOCKS, ADD_NEW]);
    expect(takeEvents()).toEqual([]);
    port.socket(0).reset();
    port.listener.peers.pop();
    await port.settle();
  });

  test('is made with the key that is there, and not asked about SOCKS', async () => {
    writeFileSync(keyFile, ONION_KEY);
    await start();
    expect(takeCommands()).toEqual(['PROTOCOLINFO 1', 'AUTHENTICATE', ADD_KEPT]);
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
  });

  test('keeps the key that is there, even if Tor speaks of another', async () => {
    const kept = ONION_KEY.replaceAll('A', 'B');
    writeFileSync(keyFile, kept);
    port.answers['ADD_ONION'] = `250-ServiceID=${ONION_ID}\n250-PrivateKey=${ONION_KEY}\n250 OK`;
    await start();
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
    expect(readFileSync(keyFile, 'latin1')).toBe(kept);
  });

  test('keeps its address for the run when there is no file', async () => {
    await start({ privateKeyFile: undefined });
    await port.advance(5_000);
    takeCommands();
    port.socket(0).end();
    await port.settle();
    expect(takeCommands()).toContain(ADD_KEPT);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each([
    ['0.0.0.0:8333', '127.0.0.1:8333'],
    ['[::]:8333', '[::1]:8333'],
    ['unix:/run/node', 'unix:/run/node'],
    ['[2001:db8::1]:1', '[2001:db8::1]:1'],
  ])('is delivered to %s as %s', async (target, expected) => {
    await start({ target });
    expect(takeCommands().at(-1)).toBe(`${ADD_NEW.replace(TARGET, expected)}`);
  });

  test('authenticates with the password', async () => {
    port.answers['PROTOCOLINFO'] = '250-AUTH METHODS=HASHEDPASSWORD\n250 OK';
    await start({ password: 'secret' });
    expect(takeCommands()).toContain('AUTHENTICATE "secret"');
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
  });

  test('is asked for once without proof of work where Tor does not know that, and never a third time', async () => {
    let count = 0;
    const old = '512 Unrecognized argument';
    port.answers['ADD_ONION'] = () =>
      ++count === 1 ? old : `250-ServiceID=${ONION_ID}\n250-PrivateKey=${ONION_KEY}\n250 OK`;
    await start();
    expect(takeCommands().slice(2)).toEqual([ADD_NEW, ADD_NEW.replace(' PoWDefensesEnabled=1', '')]);
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
    await service.stop();
    port.answers['ADD_ONION'] = old;
    rmSync(keyFile);
    await start();
    expect(takeCommands().slice(2)).toHaveLength(2);
    expect(warnings()).toEqual([expect.stringContaining('refuses a command')]);
  });
});

describe('where Tor listens for SOCKS', () => {
  const prefix = '250-net/listeners/socks=';
  test.each([
    [`${prefix}"127.0.0.1:9150"\n250 OK`, '127.0.0.1:9150'],
    [`${prefix}"0.0.0.0:1" "127.0.0.1:2" "127.0.0.1:3"\n250 OK`, '127.0.0.1:2'],
    [`${prefix}"0.0.0.0:1" "10.0.0.1:2"\n250 OK`, '10.0.0.1:2'],
    [`${prefix}"[::1]:2"\n250 OK`, '[::1]:2'],
    [`${prefix}127.0.0.1:4\n250 OK`, '127.0.0.1:4'],
    [`${prefix}"unix:/run/tor/socks"\n250 OK`, '127.0.0.1:9050'],
    [`${prefix}"127.0.0.1:0"\n250 OK`, '127.0.0.1:9050'],
    [`${prefix}\n250 OK`, '127.0.0.1:9050'],
    ['250 OK', '127.0.0.1:9050'],
    ['552 Unrecognized key', '127.0.0.1:9050'],
  ])('%j means %s', async (answer, expected) => {
    port.answers[GET_SOCKS] = answer;
    await start({ findSocks: true });
    expect(takeEvents()).toEqual([`socks ${expected}`, `online ${SERVICE}`]);
  });
});

test.each<[string, () => void]>([
  ['Tor refuses the service', () => (port.answers['ADD_ONION'] = '550 no')],
  ['our key is damaged', () => writeFileSync(keyFile, 'no key')],
])('where Tor listens for SOCKS is told even if %s', async (_what, prepare) => {
  prepare();
  await start({ findSocks: true });
  expect(takeEvents()).toEqual(['socks 127.0.0.1:9050']);
  expect(warnings()).toHaveLength(1);
});

describe('what keeps a service from being made', () => {
  test.each<[string, () => void, string]>([
    ['a Tor that does not know how', () => (port.answers['ADD_ONION'] = '510 Unrecognized command'), 'too old'],
    ['a Tor that will not', () => (port.answers['ADD_ONION'] = '550 Onion address collision'), '550 Onion address'],
    ['no name', () => (port.answers['ADD_ONION'] = `250-PrivateKey=${ONION_KEY}\n250 OK`), 'ADD_ONION'],
    [
      'a name that is none',
      () => (port.answers['ADD_ONION'] = `250-ServiceID=${'a'.repeat(56)}\n250-PrivateKey=${ONION_KEY}\n250 OK`),
      'ADD_ONION',
    ],
    ['no key', () => (port.answers['ADD_ONION'] = `250-ServiceID=${ONION_ID}\n250 OK`), 'ADD_ONION'],
    [
      'a key that is none',
      () => (port.answers['ADD_ONION'] = `250-ServiceID=${ONION_ID}\n250-PrivateKey=RSA1024:secret\n250 OK`),
      'ADD_ONION',
    ],
    ['a password that is wanted', () => (port.answers['PROTOCOLINFO'] = '250-AUTH METHODS=COOKIE\n250 OK'), 'COOKIE'],
    ['a folder that does not exist', () => (keyFile = join(folder, 'none', 'key')), 'private key file'],
  ])('%s is told once, and the connection kept', async (_what, prepare, words) => {
    prepare();
    await start();
    await port.advance(3_600_000);
    expect(takeEvents()).toEqual([]);
    expect(warnings()).toEqual([expect.stringContaining(words)]);
    expect(port.openSocketCount).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a key file that is damaged is left as it is, and no other key made', async () => {
    writeFileSync(keyFile, 'no key');
    await start();
    expect(takeCommands()).toEqual(['PROTOCOLINFO 1', 'AUTHENTICATE']);
    expect(warnings()).toHaveLength(1);
    expect(readFileSync(keyFile, 'latin1')).toBe('no key');
  });
});

describe('a connection that is lost', () => {
  test('is made again at once if it lasted; the address is withdrawn and told again', async () => {
    await start();
    await port.advance(1_000);
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
    for (let round = 1; round <= 3; round += 1) {
      port.socket(round - 1).end();
      await port.settle();
      expect(takeEvents()).toEqual([`offline ${SERVICE}`, `online ${SERVICE}`]);
      await port.advance(60_000);
    }
    expect(takeCommands().filter((command) => command === ADD_KEPT)).toHaveLength(3);
  });

  /** Waits between the tries to connect, in milliseconds, seen in whole steps. */
  async function waits(count: number, tries: () => number): Promise<number[]> {
    const seen: number[] = [];
    let last = stage.net.clock.now();
    let known = tries();
    while (seen.length < count) {
      await port.advance(250);
      if (tries() === known) continue;
      known = tries();
      seen.push(stage.net.clock.now() - last);
      last = stage.net.clock.now();
    }
    return seen;
  }

  test('is tried again after 1, 1.5, 2.25 … 600 s where nobody listens', async () => {
    let tries = 0;
    stage.net.faults = { connect: () => ((tries += 1), 'refused') };
    await start();
    const seen = await waits(18, () => tries);
    for (const [at, wait] of seen.entries()) {
      const expected = Math.min(1_000 * 1.5 ** at, TOR_RETRY_MAX_MS);
      // Seen up to one step late.
      expect(wait).toBeGreaterThanOrEqual(expected - 250);
      expect(wait).toBeLessThanOrEqual(expected + 250);
    }
    expect(seen.at(-1)).toBe(600_000);
    // A Tor that answers at last is tried again at once when it goes, and after a second if it stays away.
    stage.net.faults = {};
    await port.advance(TOR_RETRY_MAX_MS);
    expect(takeEvents()).toEqual([`online ${SERVICE}`]);
    await port.advance(1_000);
    stage.net.faults = { connect: () => ((tries += 1), 'refused') };
    tries = 0;
    port.socket(0).end();
    await port.settle();
    expect(tries).toBe(1);
    expect(await waits(2, () => tries)).toEqual([1_000, 1_500]);
  });

  test('by a port that hangs up at once is made again less and less often', async () => {
    port.answers['PROTOCOLINFO'] = 'close';
    await start();
    expect(await waits(4, () => port.listener.peers.length)).toEqual([1_000, 1_500, 2_250, 3_500]);
    expect(warnings().length).toBeLessThanOrEqual(5);
  });

  test('by a port that takes the service and hangs up at once is no reason to hurry', async () => {
    port.answers['ADD_ONION'] = `250-ServiceID=${ONION_ID}\n250-PrivateKey=${ONION_KEY}\n250 OK`;
    await start();
    port.socket(0).end();
    await port.settle();
    expect(port.listener.peers).toHaveLength(1);
    await port.advance(1_000);
    expect(port.listener.peers).toHaveLength(2);
  });
});

describe('the end', () => {
  const stages = ['PROTOCOLINFO', 'AUTHENTICATE', 'ADD_ONION'];
  test.each(stages)('comes at once while %s is unanswered', async (words) => {
    port.answers[words] = () => undefined;
    await start();
    await service.stop();
    expect(stage.pendingTimers()).toBe(0);
    expect(takeEvents()).toEqual([]);
  });

  test('withdraws the address', async () => {
    await start();
    takeEvents();
    await service.stop();
    await service.stop();
    expect(takeEvents()).toEqual([`offline ${SERVICE}`]);
  });

  test('comes while connecting, and while waiting to try again', async () => {
    stage.net.faults = { connect: () => 'silent' };
    await start();
    await service.stop();
    expect(stage.pendingTimers()).toBe(0);
    stage.net.faults = { connect: () => 'refused' };
    await start();
    expect(stage.pendingTimers()).toBe(1);
    await service.stop();
    expect(stage.pendingTimers()).toBe(0);
  });

  test('between the dial and the first command leaves nothing', async () => {
    for (let depth = 0; depth < 8; depth += 1) {
      make().start();
      const stopAfter = (entries: number): void => {
        if (entries === 0) void service.stop();
        else stage.net.clock.soon(() => stopAfter(entries - 1));
      };
      stopAfter(depth);
      await port.settle();
      await service.stop();
      await stage.settle();
      expect(port.openSocketCount).toBe(0);
      takeEvents();
    }
  });

  test('is not followed by word that the service is there', async () => {
    for (let depth = 0; depth < 8; depth += 1) {
      let stopped = -1;
      const stopAfter = (entries: number): void => {
        if (entries > 0) return void stage.net.clock.soon(() => stopAfter(entries - 1));
        void service.stop();
        stopped = events.length;
      };
      port.answers['ADD_ONION'] = (command) => {
        stopAfter(depth);
        return goodControlAnswer(command);
      };
      await start();
      await service.stop();
      expect(takeEvents().slice(stopped)).not.toContain(`online ${SERVICE}`);
    }
  });

  test('comes with the network', async () => {
    await start();
    takeEvents();
    stage.node.interruptNet();
    stage.node.closeSockets();
    await port.settle();
    expect(takeEvents()).toEqual([`offline ${SERVICE}`]);
    // The next try learns that there will be none.
    await port.advance(1_000);
    expect(stage.pendingTimers()).toBe(0);
  });
});

test('a listener that throws disturbs nothing', async () => {
  const errors: unknown[] = [];
  make({ onCallbackError: (error, name) => errors.push([error, name]) });
  service.on('online', () => {
    throw 'boom';
  });
  service.start();
  await port.settle();
  expect(errors).toEqual([['boom', 'online']]);
  expect(takeEvents()).toEqual([`online ${SERVICE}`]);
});

describe('misuse', () => {
  test.each<[string, unknown]>([
    ['options that are null', null],
    ['no port', { virtualPort: undefined }],
    ['port 0', { virtualPort: 0 }],
    ['a port beyond 65,535', { virtualPort: 65_536 }],
    ['no target', { target: undefined }],
    ['a target that is a name', { target: 'localhost:1' }],
    ['a control port that is a name', { control: 'localhost:9051' }],
    ['a password of two lines', { password: 'secret\nx' }],
    ['a password that is no text', { password: 1 }],
    ['a path that is no text', { privateKeyFile: 5 }],
    ['an empty path', { privateKeyFile: '' }],
    ['a path with NUL', { privateKeyFile: 'a\0' }],
  ])('%s is refused', (_what, options) => {
    make();
    const wrong = options === null ? null : { virtualPort: 1, target: TARGET, ...(options as object) };
    expect(() => new OnionService(stage.node, wrong as OnionServiceOptions)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/INVALID_ARG|OUT_OF_RANGE/) }),
    );
  });
});
