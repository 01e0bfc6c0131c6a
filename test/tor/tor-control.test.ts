import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { MemoryNetwork, splitReceives } from '../../ts/testing.ts';
import type { MemoryPeer } from '../../ts/testing.ts';
import type { TorFailure } from '../../ts/tor/failure.ts';
import type { TorReply } from '../../ts/tor/reply-reader.ts';
import { TOR_REPLY_TIMEOUT_MS, TOR_SEND_TIMEOUT_MS, TorControl } from '../../ts/tor/tor-control.ts';
import type { TorControlOptions } from '../../ts/tor/tor-control.ts';
import type { ControlPort } from '../harness/dials/control-port.ts';
import { CONTROL_PORT } from '../harness/dials/control-port.ts';
import { ControlStage } from '../harness/dials/dial-stage.ts';
import { RecordingNode } from '../harness/peers/recording-node.ts';
import { noteProgress, until } from '../harness/until.ts';

let stage: ControlStage;
let port: ControlPort;

beforeEach(() => {
  stage = new ControlStage();
  port = stage.port;
});
afterEach(() => stage.end());

async function connected(options: TorControlOptions = {}): Promise<TorControl> {
  const connecting = TorControl.connect(stage.node, CONTROL_PORT, { clock: stage.net.clock, ...options });
  await port.settle();
  return connecting;
}

/** How a promise ends, once it has. */
async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'fine',
    (error: unknown) => (error as { failure?: string }).failure ?? error,
  );
}

describe('commands', () => {
  test('go out as lines, and their replies come back', async () => {
    const control = await connected();
    port.answers['GETINFO'] = '250-version=0.4.8.9\n250 OK';
    const asked = control.command('GETINFO version');
    await port.settle();
    expect(await asked).toEqual({ code: 250, lines: ['version=0.4.8.9', 'OK'] });
    expect(port.reads).toEqual(['GETINFO version\r\n']);
    expect(stage.node.takeEvents()).toEqual([]);
    control.close();
  });

  test('may be several under way, answered in order, a byte at a time', async () => {
    stage.net.faults = splitReceives(1);
    for (const name of ['one', 'two', 'three']) port.answers[name] = `250 ${name}`;
    const control = await connected();
    const asked = ['one', 'two', 'three'].map((name) => control.command(name));
    await port.settle();
    expect((await Promise.all(asked)).map(({ lines }) => lines[0])).toEqual(['one', 'two', 'three']);
    control.close();
  });

  test('that Tor refuses have a reply all the same', async () => {
    port.answers['NONSENSE'] = '510 Unrecognized command "NONSENSE"';
    const control = await connected();
    const asked = control.command('NONSENSE');
    await port.settle();
    expect(await asked).toMatchObject({ code: 510 });
    control.close();
  });

  test('are lines: more, or no text, is refused, and not shown', async () => {
    const control = await connected();
    expect(() => control.command(undefined as unknown as string)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
    );
    for (const text of ['a\nb', 'a\r', 'secret\0']) {
      expect(() => control.command(text)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }));
      expect(() => control.command(text)).not.toThrow(/secret/);
    }
    control.close();
  });
});

test('events come in between, whole, and answer nothing', async () => {
  const events: TorReply[] = [];
  const control = await connected({ onEvent: (event) => events.push(event) });
  port.answers['SLOW'] = () => undefined;
  const asked = control.command('SLOW');
  await port.settle();
  port.socket(0).send('650-HS_DESC UPLOADED x\r\n650 more\r\n699 x\r\n250 OK\r\n600 late\r\n');
  await port.settle();
  expect(await asked).toEqual({ code: 250, lines: ['OK'] });
  expect(events.map(({ code, lines }) => `${code} ${lines.join('|')}`)).toEqual([
    '650 HS_DESC UPLOADED x|more',
    '699 x',
    '600 late',
  ]);
  control.close();
});

test('an event whose listener throws costs no reply, and the error is uncaught', async () => {
  const uncaught: unknown[] = [];
  const listeners = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => {
    uncaught.push(error);
    noteProgress();
  });
  try {
    const control = await connected({
      onEvent: ({ lines }) => {
        throw lines[0];
      },
    });
    port.answers['ASK'] = '650 one\n650 two\n250 OK';
    const asked = control.command('ASK');
    await port.settle();
    expect(await asked).toEqual({ code: 250, lines: ['OK'] });
    await until('both errors', () => uncaught.length === 2);
    expect(uncaught).toEqual(['one', 'two']);
    control.close();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
});

describe('a control port that misbehaves ends the connection', () => {
  test.each<[string, (peer: MemoryPeer) => void, TorFailure]>([
    ['by hanging up', (peer) => peer.end(), 'closed'],
    ['by a reset', (peer) => peer.reset(), 'broken'],
    ['by half a reply', (peer) => (peer.send('250-a\r\n'), peer.end()), 'closed'],
    ['by a line without end', (peer) => peer.send('x'.repeat(100_001)), 'line-too-long'],
    ['by a reply without end', (peer) => peer.send('250-a\r\n'.repeat(1_001)), 'reply-too-long'],
    ['by an answer too many', (peer) => peer.send('250 OK\r\n250 OK\r\n'), 'unasked-reply'],
  ])('%s', async (_what, misbehave, failure) => {
    const control = await connected();
    port.answers['ONE'] = () => undefined;
    const asked = failureOf(control.command('ONE'));
    await port.settle();
    misbehave(port.socket(0));
    await port.settle();
    expect(await asked).toBe(failure === 'unasked-reply' ? 'fine' : failure);
    expect(await control.ended).toMatchObject({ code: 'ERR_SOCKMAN_TOR_CONTROL', failure });
    expect(await failureOf(control.command('TWO'))).toBe(failure);
    expect(port.takeCommands()).toEqual(['0 ONE']);
    expect(stage.node.connectionCount).toBe(0);
    if (failure === 'broken') port.listener.peers.pop();
  });

  test('by silence, a minute after a command, and not before', async () => {
    const control = await connected();
    port.answers['ONE'] = () => undefined;
    const asked = failureOf(control.command('ONE'));
    let answer: unknown;
    void asked.then((failure) => (answer = failure));
    await port.settle();
    await port.advance(TOR_REPLY_TIMEOUT_MS - 1);
    expect(answer).toBeUndefined();
    await port.advance(1);
    expect(answer).toBe('reply-timed-out');
  });

  test('by not reading, ten seconds after a command', async () => {
    const narrow = new MemoryNetwork({ bufferBytes: 16 });
    const deaf = narrow.listen(CONTROL_PORT);
    const other = new RecordingNode({ backend: narrow.createBackend });
    other.startSocketsThreads();
    const connecting = TorControl.connect(other, CONTROL_PORT, { clock: narrow.clock });
    await narrow.clock.settle();
    deaf.peers[0]!.pauseReading();
    const asked = failureOf((await connecting).command('x'.repeat(1_000)));
    await narrow.clock.settle();
    narrow.clock.advance(TOR_SEND_TIMEOUT_MS);
    expect(await asked).toBe('send-timed-out');
    await other[Symbol.asyncDispose]();
  });

  test('and says nothing of what it sent', async () => {
    const control = await connected();
    port.socket(0).send('250-PrivateKey=ED25519-V3:secret\r\n250 OK\r\n');
    await port.settle();
    expect((await control.ended).message).not.toContain('secret');
  });
});

describe('the end of a connection', () => {
  test('comes with close, at once and once, whatever is under way', async () => {
    const control = await connected();
    port.answers['ONE'] = () => undefined;
    const asked = failureOf(control.command('ONE'));
    control.close();
    control.close();
    expect(await asked).toBe('closed');
    expect(stage.pendingTimers()).toBe(0);
    expect(stage.node.connectionCount).toBe(0);
  });

  test('may come in the middle of what Tor sends: nothing behind it is told', async () => {
    const events: string[] = [];
    const control = await connected({
      onEvent: ({ lines }) => {
        events.push(lines[0]!);
        control.close();
      },
    });
    const asked = failureOf(control.command('ONE'));
    port.answers['ONE'] = '650 first\n250 OK\n650 second';
    await port.settle();
    expect(await asked).toBe('closed');
    expect(events).toEqual(['first']);
  });

  test('comes with closeSockets', async () => {
    const control = await connected();
    stage.node.closeSockets();
    expect(await control.ended).toMatchObject({ failure: 'closed' });
  });
});

describe('connecting', () => {
  test('fails where nobody listens', async () => {
    const connecting = failureOf(TorControl.connect(stage.node, '127.0.0.1:1', { clock: stage.net.clock }));
    await stage.settle();
    expect(await connecting).toBe('unreachable');
    // Somebody wants this very connection, so its failure is no detail.
    expect(stage.node.log).toContainEqual(expect.stringMatching(/^info: connect to 127\.0\.0\.1:1 failed/));
  });

  test('ends with its signal, and with the network', async () => {
    stage.net.faults = { connect: () => 'silent' };
    const controller = new AbortController();
    const aborted = failureOf(TorControl.connect(stage.node, CONTROL_PORT, { signal: controller.signal }));
    const interrupted = failureOf(TorControl.connect(stage.node, CONTROL_PORT));
    await stage.settle();
    controller.abort();
    expect(await aborted).toBe('interrupted');
    stage.node.interruptNet();
    expect(await interrupted).toBe('interrupted');
  });

  test('that succeeds for a socket that is closed meanwhile is no connection', async () => {
    const dialed = { nodeId: 77, me: undefined as never };
    const network = {
      connectAndMakeNodeId: () => Promise.resolve(dialed),
      addressesOf: (id: number) => stage.node.addressesOf(id),
      duplex: (id: number) => stage.node.duplex(id),
    };
    expect(await failureOf(TorControl.connect(network, CONTROL_PORT))).toBe('closed');
  });
});
