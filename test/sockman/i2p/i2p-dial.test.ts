import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Service } from '../../../ts/netaddr/service.ts';
import type { ConnectOptions } from '../../../ts/sockman/dial/connect-options.ts';
import type { DialFailureCode } from '../../../ts/sockman/dial/failure.ts';
import { addressOfDestination, encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import { MAX_UNUSED_I2P_SESSIONS } from '../../../ts/sockman/i2p/i2p.ts';
import type { DialResult } from '../../../ts/sockman/dial/dialer.ts';
import { MemoryNetwork, splitReceives } from '../../../ts/testing.ts';
import type { MemoryPeer } from '../../../ts/testing.ts';
import { BridgeStage } from '../../harness/dials/dial-stage.ts';
import type { Dialing } from '../../harness/dials/dial-stage.ts';
import { D1, D1_PRIVATE_KEY } from '../../harness/dials/i2p-destinations.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';
import { BRIDGE } from '../../harness/dials/sam-bridge.ts';
import type { SamBridge } from '../../harness/dials/sam-bridge.ts';

const TARGET = new Service(addressOfDestination(D1), 0);

let stage: BridgeStage;
let bridge: SamBridge;

beforeEach(() => {
  stage = new BridgeStage();
  bridge = stage.bridge;
});
afterEach(() => stage.end());

function dial(options: ConnectOptions = {}, to = TARGET): Dialing {
  return stage.dial(to, { proxy: BRIDGE, ...options });
}

/** Dials, and lets the bridge answer until nothing more comes. */
async function dialAndSettle(options?: ConnectOptions, to?: Service): Promise<Dialing> {
  const dialing = dial(options, to);
  await bridge.settle();
  return dialing;
}

const idOf = (request: string): string => /ID=([0-9a-f]{10}) /.exec(request)![1]!;

describe('a transient session', () => {
  test('is made, used for one connection, and ended with it', async () => {
    const dialing = await dialAndSettle();
    expect(dialing.result).toEqual({ nodeId: 0, me: TARGET });
    const requests = bridge.takeRequests();
    const id = idOf(requests[1]!);
    expect(requests).toEqual([
      '0 HELLO VERSION MIN=3.1 MAX=3.1',
      `0 SESSION CREATE STYLE=STREAM ID=${id} DESTINATION=TRANSIENT SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4,0 inbound.quantity=1 outbound.quantity=1`,
      '1 HELLO VERSION MIN=3.1 MAX=3.1',
      `1 NAMING LOOKUP NAME=${TARGET.address}`,
      `1 STREAM CONNECT ID=${id} DESTINATION=${encodeI2PBase64(D1)} SILENT=false`,
    ]);
    // Each in a segment of its own, and none before the answer to the one before: i2pd drops what does not keep to it.
    expect(bridge.reads).toEqual(requests.map((request) => `${request}\n`));
    expect(stage.node.addressesOf(0)).toEqual({ local: TARGET, remote: TARGET });
    bridge.socket(1).send('pong');
    stage.node.sendBytes(0, Buffer.from('ping'));
    await stage.settle();
    expect(stage.node.takeEvents()).toEqual([`data 0 ${Buffer.from('pong').toString('hex')}`]);
    expect(bridge.socket(1).takeText()).toBe('ping');
    const closed: string[] = [];
    void bridge
      .socket(1)
      .until(() => bridge.socket(1).hasEOF)
      .then(() => closed.push('stream'));
    void bridge
      .socket(0)
      .until(() => bridge.socket(0).hasEOF)
      .then(() => closed.push('session'));
    stage.node.closeConnection(0);
    await bridge.settle();
    expect(closed).toEqual(['stream', 'session']);
    expect([bridge.socket(0).hasEOF, bridge.socket(1).hasEOF]).toEqual([true, true]);
  });

  test('is another for each connection, with another id', async () => {
    const dials = [dial(), dial()];
    await bridge.settle();
    expect(dials.map(({ result }) => result?.nodeId)).toEqual([0, 1]);
    const ids = stage.takeSessionRequests().map(idOf);
    expect(new Set(ids).size).toBe(2);
  });

  test('carries the extra options of the proxy', async () => {
    await dialAndSettle({ proxy: { endpoint: BRIDGE, sessionOptions: 'inbound.length=0 outbound.length=0' } });
    expect(bridge.requests[1]).toMatch(/outbound\.quantity=1 inbound\.length=0 outbound\.length=0$/);
  });

  test.each([1, 5])('works when everything comes in pieces of %d', async (size) => {
    stage.net.faults = splitReceives(size);
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=OK\nhello';
    const dialing = await dialAndSettle();
    expect(dialing.result?.nodeId).toBe(0);
    const data = stage.node
      .takeEvents()
      .map((event) => event.replace('data 0 ', ''))
      .join('');
    expect(Buffer.from(data, 'hex').toString()).toBe('hello\n');
  });

  test('leaves the connection to end by itself when its control socket is closed first', async () => {
    await dialAndSettle();
    bridge.socket(0).end();
    bridge.socket(1).end();
    await bridge.settle();
    expect(stage.node.takeEvents()).toEqual(['eof 0']);
    expect(stage.node.closeConnection(0)).toBe(true);
  });

  test('reads and drops what the router says on the control socket, up to 64 KiB in all', async () => {
    await dialAndSettle();
    const turns = stage.node.stats().turns;
    for (let count = 0; count < 10; count += 1) bridge.socket(0).send('PING 1\n');
    await bridge.settle();
    expect(stage.node.stats().turns - turns).toBeLessThanOrEqual(12);
    expect(stage.node.takeEvents()).toEqual([]);
    expect(bridge.openSocketCount).toBe(2);
    bridge.socket(0).send('PING\n'.repeat(13_000));
    await bridge.settle();
    expect(bridge.openSocketCount).toBe(2);
    bridge.socket(0).send('x'.repeat(65_536 - 70 - 65_000));
    await bridge.settle();
    expect(bridge.openSocketCount).toBe(1);
  });
});

describe('a failed connect', () => {
  test.each<[string, string, DialFailureCode, boolean]>([
    ['HELLO', 'HELLO REPLY RESULT=NOVERSION', 'sam-version', true],
    ['HELLO', 'close', 'sam-closed', true],
    ['SESSION CREATE', 'SESSION STATUS RESULT=I2P_ERROR MESSAGE="no tunnels"', 'sam-session-refused', true],
    ['SESSION CREATE', 'SESSION STATUS RESULT=OK DESTINATION=AAAA', 'sam-private-key-malformed', true],
    ['NAMING', 'NAMING REPLY RESULT=KEY_NOT_FOUND', 'sam-name-not-found', true],
    ['STREAM', 'STREAM STATUS RESULT=CANT_REACH_PEER', 'sam-cant-reach-peer', false],
    ['STREAM', 'STREAM STATUS RESULT=TIMEOUT', 'sam-peer-timed-out', false],
    ['STREAM', 'STREAM STATUS RESULT=INVALID_ID', 'sam-session-gone', true],
    ['STREAM', 'STREAM STATUS RESULT=I2P_ERROR MESSAGE="RESULT=OK"', 'sam-i2p-error', true],
    ['STREAM', 'close', 'sam-closed', true],
    ['STREAM', 'x'.repeat(65_536), 'sam-line-too-long', true],
  ])('because of %s answered with %.60j says so', async (words, answer, code, proxyFailed) => {
    bridge.answers[words] = answer;
    const dialing = await dialAndSettle();
    expect(dialing.result).toMatchObject({ nodeId: undefined, code, proxyFailed });
  });

  test('gives its session to the next dial, unless the session is what failed', async () => {
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle();
    const id = idOf(bridge.takeRequests()[1]!);
    await dialAndSettle();
    const again = bridge.takeRequests();
    expect(again.filter((request) => request.includes('SESSION CREATE'))).toEqual([]);
    expect(idOf(again.at(-1)!)).toBe(id);
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=INVALID_ID';
    await dialAndSettle();
    bridge.takeRequests();
    delete bridge.answers['STREAM CONNECT'];
    const dialing = await dialAndSettle();
    const anew = stage.takeSessionRequests();
    expect(anew).toHaveLength(1);
    expect(idOf(anew[0]!)).not.toBe(id);
    expect(dialing.result?.nodeId).toBe(0);
  });

  test('makes another session when the pooled one ended meanwhile', async () => {
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle();
    bridge.socket(0).end();
    await bridge.settle();
    const before = idOf(bridge.takeRequests()[1]!);
    await dialAndSettle();
    const anew = stage.takeSessionRequests();
    expect(anew).toHaveLength(1);
    expect(idOf(anew[0]!)).not.toBe(before);
  });

  test('keeps at most ten sessions, and hands them out oldest first', async () => {
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    const count = MAX_UNUSED_I2P_SESSIONS + 1;
    for (let at = 0; at < count; at += 1) dial();
    await bridge.settle();
    const sessions = stage.takeSessionRequests().map(idOf);
    expect(sessions).toHaveLength(count);
    expect(bridge.openSocketCount).toBe(MAX_UNUSED_I2P_SESSIONS);
    const used: string[] = [];
    for (let at = 0; at < MAX_UNUSED_I2P_SESSIONS; at += 1) {
      await dialAndSettle();
      used.push(idOf(bridge.takeRequests().at(-1)!));
    }
    // The last one found the pool full.
    expect(used).toEqual(sessions.slice(0, MAX_UNUSED_I2P_SESSIONS));
  });

  test('lends its session to no dial that asks for other options', async () => {
    const short = { endpoint: BRIDGE, sessionOptions: 'inbound.length=0 outbound.length=0' };
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle({ proxy: short });
    stage.takeSessionRequests();
    await dialAndSettle();
    expect(stage.takeSessionRequests()).toEqual([expect.not.stringContaining('length')]);
    await dialAndSettle({ proxy: short });
    await dialAndSettle();
    expect(stage.takeSessionRequests()).toEqual([]);
  });

  test('of one bridge lends no session to another', async () => {
    const other = stage.net.listen('127.0.0.1:7657');
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle();
    const dialing = await dialAndSettle({ proxy: '127.0.0.1:7657' });
    expect(other.peers[0]!.takeText()).toBe('HELLO VERSION MIN=3.1 MAX=3.1\n');
    stage.node.interruptNet();
    expect(await dialing.ended).toMatchObject({ code: 'interrupted' });
  });
});

describe('patience with a bridge', () => {
  test.each(['HELLO', 'SESSION CREATE', 'NAMING LOOKUP', 'STREAM CONNECT'])('ends 180 s after %s', async (words) => {
    bridge.answers[words] = () => undefined;
    const dialing = await dialAndSettle();
    await bridge.advance(179_999);
    expect(dialing.result).toBeUndefined();
    await bridge.advance(1);
    expect(dialing.result).toMatchObject({ code: 'sam-timed-out', proxyFailed: true });
  });
});

describe('a bridge that does not read', () => {
  const HELLO = 'HELLO VERSION MIN=3.1 MAX=3.1\n';
  let narrow: MemoryNetwork;
  let node: RecordingNode;
  let result: DialResult | undefined;
  let deaf: MemoryPeer;

  beforeEach(async () => {
    narrow = new MemoryNetwork({ bufferBytes: 8 });
    const listener = narrow.listen(BRIDGE);
    node = new RecordingNode({ backend: narrow.createBackend });
    node.startSocketsThreads();
    void node.connectAndMakeNodeId(TARGET, { proxy: BRIDGE }).then((ended) => (result = ended));
    result = undefined;
    narrow.clock.advance(0);
    deaf = listener.peers[0]!;
    deaf.pauseReading();
    await narrow.clock.settle();
  });
  afterEach(() => node[Symbol.asyncDispose]());

  const pass = async (ms: number): Promise<void> => {
    narrow.clock.advance(ms);
    await narrow.clock.settle();
  };

  test('fails the dial when a request could not be sent in a second', async () => {
    await pass(999);
    expect(result).toBeUndefined();
    await pass(1);
    expect(result).toMatchObject({ code: 'sam-timed-out', proxyFailed: true });
  });

  test('has all its time for the answer once it has read the question', async () => {
    await pass(900);
    deaf.resumeReading();
    await narrow.clock.settle();
    expect(deaf.takeText()).toBe(HELLO);
    await pass(179_999);
    expect(result).toBeUndefined();
    await pass(1);
    expect(result).toMatchObject({ code: 'sam-timed-out' });
  });
});

describe('what a dial asks for', () => {
  test.each([700, 60_000])('is %d ms for a bridge to accept, whichever of the two sockets', async (timeoutMs) => {
    for (const silent of [0, 1]) {
      let count = 0;
      stage.net.faults = { connect: () => (count++ === silent ? 'silent' : undefined) };
      const dialing = await dialAndSettle({ timeoutMs });
      await bridge.advance(timeoutMs - 1);
      expect(dialing.result).toBeUndefined();
      await bridge.advance(1);
      expect(dialing.result).toMatchObject({ code: 'sam-connect-timed-out', proxyFailed: true });
    }
  });

  test('is a local address, and both sockets have it', async () => {
    await dialAndSettle({ localAddress: '127.0.0.9:0' });
    const ends = bridge.listener.peers.map(({ remote }) => String(remote?.address));
    expect(ends).toEqual(['127.0.0.9', '127.0.0.9']);
  });

  test('is to hear each step, the longest included, and none of the session afterwards', async () => {
    const steps: string[] = [];
    const onStep = (step: string): void => void steps.push(step);
    const opening = [`connecting to ${BRIDGE}`, 'SAM HELLO'];
    await dialAndSettle({ onStep });
    expect(steps.splice(0)).toEqual([
      ...opening,
      'SAM SESSION CREATE',
      ...opening,
      'SAM NAMING LOOKUP',
      'SAM STREAM CONNECT',
    ]);
    bridge.answers['HELLO'] = () => undefined;
    const controller = new AbortController();
    await dialAndSettle({ onStep, signal: controller.signal });
    controller.abort();
    bridge.listener.peers.at(-1)!.send('HELLO REPLY RESULT=OK VERSION=3.1\n');
    await bridge.settle();
    expect(stage.takeSessionRequests()).toHaveLength(2);
    expect(steps).toEqual(opening);
  });
});

describe('ending an I2P dial early', () => {
  const stages = ['HELLO', 'SESSION CREATE', 'NAMING LOOKUP', 'STREAM CONNECT'];
  test.each(stages)('by its signal works while %s is unanswered', async (words) => {
    bridge.answers[words] = () => undefined;
    const controller = new AbortController();
    const dialing = await dialAndSettle({ signal: controller.signal });
    controller.abort();
    expect(await dialing.ended).toMatchObject({ code: 'aborted', proxyFailed: false });
  });

  test.each(stages)('by interruptNet works while %s is unanswered', async (words) => {
    bridge.answers[words] = () => undefined;
    const dialing = await dialAndSettle();
    stage.node.interruptNet();
    expect(stage.pendingTimers()).toBe(0);
    expect(await dialing.ended).toMatchObject({ code: 'interrupted' });
    await stage.settle();
    expect(bridge.openSocketCount).toBe(0);
  });

  test('does not waste the session that was being made', async () => {
    bridge.answers['SESSION CREATE'] = () => undefined;
    const controller = new AbortController();
    const dialing = await dialAndSettle({ signal: controller.signal });
    controller.abort();
    await dialing.ended;
    delete bridge.answers['SESSION CREATE'];
    bridge.socket(0).send(`SESSION STATUS RESULT=OK DESTINATION=${encodeI2PBase64(D1_PRIVATE_KEY)}\n`);
    await bridge.settle();
    bridge.takeRequests();
    const next = await dialAndSettle();
    expect(next.result?.nodeId).toBe(0);
    expect(stage.takeSessionRequests()).toEqual([]);
  });

  test('at any moment before the promise callbacks after the last answer leaves nothing half open', async () => {
    const outcomes: unknown[] = [];
    for (let depth = 0; depth < 8; depth += 1) {
      const controller = new AbortController();
      // The abort comes some entries of the clock later: before the answer arrives, or after, when only promise callbacks
      // are still to run.
      const abortAfter = (entries: number): void => {
        if (entries === 0) controller.abort();
        else stage.net.clock.soon(() => abortAfter(entries - 1));
      };
      bridge.answers['STREAM CONNECT'] = () => {
        stage.net.clock.soon(() => abortAfter(depth));
        return 'STREAM STATUS RESULT=OK';
      };
      const dialing = await dialAndSettle({ signal: controller.signal });
      outcomes.push(dialing.result);
      expect(stage.node.connectionCount).toBe(0);
    }
    expect(outcomes).toEqual(Array(8).fill(expect.objectContaining({ nodeId: undefined, code: 'aborted' })));
    // At most the session that waits for the next dial.
    expect(bridge.openSocketCount).toBeLessThanOrEqual(1);
  });
});

describe('after closeSockets dials go on', () => {
  test('with new sessions, which are kept in their turn', async () => {
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle();
    stage.node.closeSockets();
    await bridge.settle();
    expect(bridge.openSocketCount).toBe(0);
    bridge.takeRequests();
    for (let count = 0; count < 3; count += 1) await dialAndSettle();
    expect(stage.takeSessionRequests()).toHaveLength(1);
    expect(bridge.openSocketCount).toBe(1);
  });

  test('and leave nothing of a session whose dial it ended', async () => {
    bridge.answers['STREAM CONNECT'] = () => undefined;
    const dialing = await dialAndSettle();
    stage.node.closeSockets();
    expect(await dialing.ended).toMatchObject({ code: 'interrupted' });
    bridge.answers['STREAM CONNECT'] = 'STREAM STATUS RESULT=CANT_REACH_PEER';
    await dialAndSettle();
    expect(bridge.openSocketCount).toBe(1);
    stage.node.interruptNet();
    await bridge.settle();
    expect(bridge.openSocketCount).toBe(0);
  });
});

test('a target with a port is refused without asking the bridge', async () => {
  const dialing = await dialAndSettle({}, new Service(TARGET.address, 8333));
  expect(dialing.result).toMatchObject({ code: 'i2p-port-not-zero', proxyFailed: false });
  expect(bridge.listener.peers).toEqual([]);
});
