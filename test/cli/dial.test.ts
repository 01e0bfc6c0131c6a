import { beforeEach, describe, expect, test } from 'vitest';

import { runDial } from '../../ts/cli/commands/dial.ts';
import type { CliIo } from '../../ts/cli/terminal/cli-io.ts';
import { UsageError } from '../../ts/cli/options.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { bytesOf } from '../harness/peers/handshake.ts';
import { outside } from '../harness/outside.ts';

const PROXY = '127.0.0.1:9050';
const SAM = '127.0.0.1:7656';
const I2P = `${'a'.repeat(52)}.b32.i2p`;
const GRANTED = '05000001000000000000';

let net: MemoryNetwork;
let stop: AbortController;
let printed: string[];
let io: CliIo;

beforeEach(() => {
  net = new MemoryNetwork({ autoRun: true });
  ({ io, lines: printed, stop } = outside());
});

const dial = (...args: string[]): Promise<number> => runDial(args, io, { backend: net.createBackend });
/** The lines without their times, which every line must have. */
const steps = (): string[] => printed.map((line) => /^ *\d+\.\d ms {2}(.+)$/.exec(line)![1]!);

/** A proxy that gives these answers, one for each request. */
async function playProxy(answers: readonly string[], at = PROXY): Promise<string[]> {
  const peer = await net.listen(at).peerNumber(1);
  const requests: string[] = [];
  for (const answer of answers) {
    await peer.until(() => peer.receivedBytes > 0);
    requests.push(Buffer.from(peer.take()).toString('hex'));
    peer.send(bytesOf(answer));
  }
  return requests;
}

describe('sockman dial', () => {
  test('prints the steps of a direct dial', async () => {
    net.listen('127.0.0.1:80');
    expect(await dial('127.0.0.1:80')).toBe(0);
    expect(steps()).toEqual([
      'connecting to 127.0.0.1:80',
      expect.stringMatching(/^connected; our end is 127\.0\.0\.1:\d+$/),
    ]);
  });

  test('prints the steps through a proxy, to which it gives the name', async () => {
    const played = playProxy(['0500', GRANTED]);
    expect(await dial('name.example:80', '--proxy', '127.0.0.1')).toBe(0);
    expect((await played)[1]).toContain(Buffer.from('name.example').toString('hex'));
    expect(steps().slice(0, 3)).toEqual(['connecting to 127.0.0.1:9050', 'SOCKS5 method choice', 'SOCKS5 reply']);
  });

  test('tells a port that is none from a missing one', async () => {
    await expect(dial('127.0.0.1:65536')).rejects.toThrow(
      "'127.0.0.1:65536': expected a port from 1 to 65535, got '65536'",
    );
    await expect(dial('[::1]:x')).rejects.toThrow("'[::1]:x': expected a port from 1 to 65535, got 'x'");
    await expect(dial('127.0.0.1')).rejects.toThrow("'127.0.0.1' has no port");
  });

  test('names the failure and whose fault it is, and ends with 1', async () => {
    expect(await dial('127.0.0.1:81')).toBe(1);
    expect(steps().at(-1)).toMatch(/^connect to 127\.0\.0\.1:81 failed: connection refused.* \[connection-refused\]$/);
    expect(await dial('127.0.0.1:81', '--proxy', PROXY)).toBe(1);
    expect(steps().at(-1)).toMatch(/ \[proxy-unreachable; the proxy is at fault\]$/);
    void playProxy(['0500', '05f2']);
    expect(await dial('name.example:81', '--proxy', PROXY)).toBe(1);
    expect(steps().at(-1)).toMatch(/\[tor-onion-introduction-failed\]$/);
  });

  test('gives credentials to the proxy and prints none', async () => {
    const played = playProxy(['0502', '0100', GRANTED]);
    expect(await dial('127.0.0.1:1', '--proxy', PROXY, '--user', 'alice', '--password', 'secret')).toBe(0);
    expect((await played)[1]).toBe(
      `0105${Buffer.from('alice').toString('hex')}06${Buffer.from('secret').toString('hex')}`,
    );
    expect(printed.join()).not.toContain('secret');
  });

  test('dials I2P through the SAM bridge', async () => {
    void playProxy([`text:HELLO REPLY RESULT=NOVERSION\n`], SAM);
    expect(await dial(I2P, '--proxy', '127.0.0.1')).toBe(1);
    expect(steps().at(-1)).toContain('[sam-version; the proxy is at fault]');
  });

  test('keeps to its timeout', async () => {
    net.faults = { connect: () => 'silent' };
    expect(await dial('192.0.2.1:1', '--timeout', '0.01')).toBe(1);
    expect(steps().at(-1)).toContain('[timed-out]');
  });

  test('ends at Ctrl-C', async () => {
    net.faults = { connect: () => 'silent' };
    const code = dial('192.0.2.1:1');
    stop.abort();
    expect(await code).toBe(1);
    expect(steps().at(-1)).toContain('[aborted]');
  });

  test('gives options of the session to the SAM bridge', async () => {
    const played = playProxy(
      ['text:HELLO REPLY RESULT=OK VERSION=3.1\n', 'text:SESSION STATUS RESULT=I2P_ERROR\n'],
      SAM,
    );
    expect(await dial(I2P, '--proxy', SAM, '--session-options', 'inbound.length=0')).toBe(1);
    expect(Buffer.from((await played)[1]!, 'hex').toString()).toMatch(/ inbound\.length=0\n$/);
    expect(steps().slice(0, -1)).toEqual([`connecting to ${SAM}`, 'SAM HELLO', 'SAM SESSION CREATE']);
  });

  test('leaves no connection behind', async () => {
    const listener = net.listen('127.0.0.1:80');
    expect(await dial('127.0.0.1:80')).toBe(0);
    await listener.peers[0]!.until(() => listener.peers[0]!.hasEOF);
  });

  test('asks for a circuit of its own', async () => {
    const played = playProxy(['0502', '0100', GRANTED]);
    expect(await dial('127.0.0.1:1', '--proxy', PROXY, '--isolate')).toBe(0);
    expect(Buffer.from((await played)[1]!, 'hex').toString('latin1')).toMatch(/^..[0-9a-f]{16}-0.[0-9a-f]{16}-0$/);
  });

  test.each([
    [[]],
    [['127.0.0.1:1', '127.0.0.1:2']],
    [['name.example:80']],
    [['127.0.0.1']],
    [['name.example', '--proxy', PROXY]],
    [['127.0.0.1:1', '--proxy', 'localhost:9050']],
    [['127.0.0.1:1', '--isolate']],
    [['127.0.0.1:1', '--user', 'a', '--password', 'b']],
    [['127.0.0.1:1', '--proxy', PROXY, '--user', 'a']],
    [['127.0.0.1:1', '--proxy', PROXY, '--user', 'a', '--password', 'b', '--isolate']],
    [[I2P, '--proxy', SAM, '--isolate']],
    [[I2P, '--proxy', SAM, '--user', 'a', '--password', 'b']],
    [['127.0.0.1:1', '--proxy', PROXY, '--session-options', 'inbound.length=0']],
    [['127.0.0.1:1', '--timeout', '0']],
    [['127.0.0.1:1', '--timeout', 'soon']],
  ])('does not understand %j', async (args) => {
    await expect(dial(...args)).rejects.toMatchObject({ name: 'UsageError' });
    expect(printed).toEqual([]);
  });

  test('does not understand an option that it does not have', async () => {
    await expect(dial('127.0.0.1:1', '--tor')).rejects.toThrow(UsageError);
  });
});
