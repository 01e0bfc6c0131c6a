import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { Service } from '../../../ts/netaddr/service.ts';
import type { StartOptions } from '../../../ts/sockman/core.ts';
import { addressOfDestination, encodeI2PBase64 } from '../../../ts/sockman/dial/i2p-destination.ts';
import { I2P_RETRY_MAX_MS } from '../../../ts/sockman/i2p/i2p-listener.ts';
import { splitReceives } from '../../../ts/testing.ts';
import { BridgeStage } from '../../harness/dials/dial-stage.ts';
import { D0, D1, D1_PRIVATE_KEY, D2 } from '../../harness/dials/i2p-destinations.ts';
import { RecordingNode } from '../../harness/peers/recording-node.ts';
import { BRIDGE, goodSamAnswer } from '../../harness/dials/sam-bridge.ts';
import type { SamBridge } from '../../harness/dials/sam-bridge.ts';

const ME = new Service(addressOfDestination(D1), 0);
const THEM = new Service(addressOfDestination(D2), 0);
const PEER_LINE = `${encodeI2PBase64(D2)}\n`;
const STARTED = `i2p ${ME} true`;

let folder: string;
let keyFile: string;
let stage: BridgeStage;
let bridge: SamBridge;
let node: RecordingNode;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-i2p-'));
  keyFile = join(folder, 'i2p_private_key');
  stage = new BridgeStage(false);
  ({ bridge, node } = stage);
});
afterEach(async () => {
  await stage.end();
  rmSync(folder, { recursive: true });
});

async function start(more: { sessionOptions?: string } = {}): Promise<void> {
  node.startSocketsThreads({ i2p: { sam: BRIDGE, privateKeyFile: keyFile, ...more } });
  await bridge.settle();
}

/** The bridge's end of the socket on which the node waits for a peer. */
const offer = () => bridge.listener.peers.at(-1)!;

describe('the persistent session', () => {
  test('makes its key, keeps it, and only then creates the session', async () => {
    bridge.answers['SESSION CREATE'] = (request) => {
      expect(statSync(keyFile)).toMatchObject({ size: 679 });
      expect(statSync(keyFile).mode & 0o777).toBe(0o600);
      return `SESSION STATUS RESULT=OK DESTINATION=${/DESTINATION=(\S+)/.exec(request)![1]}`;
    };
    await start();
    const key = encodeI2PBase64(D1_PRIVATE_KEY);
    const id = /ID=([0-9a-f]{10}) /.exec(bridge.requests[2]!)![1];
    expect(bridge.reads).toEqual(bridge.requests.map((request) => `${request}\n`));
    expect(bridge.takeRequests()).toEqual([
      '0 HELLO VERSION MIN=3.1 MAX=3.1',
      '0 DEST GENERATE SIGNATURE_TYPE=7',
      `0 SESSION CREATE STYLE=STREAM ID=${id} DESTINATION=${key} i2cp.leaseSetEncType=4,0 inbound.quantity=3 outbound.quantity=3`,
      '1 HELLO VERSION MIN=3.1 MAX=3.1',
      `1 STREAM ACCEPT ID=${id} SILENT=false`,
    ]);
    expect(node.takeEvents()).toEqual([STARTED]);
    expect(readFileSync(keyFile)).toEqual(Buffer.from(D1_PRIVATE_KEY));
  });

  test('uses the key that is there', async () => {
    writeFileSync(keyFile, D1_PRIVATE_KEY);
    await start();
    expect(bridge.requests.filter((request) => request.includes('DEST GENERATE'))).toEqual([]);
    expect(node.takeEvents()).toEqual([STARTED]);
  });

  test('uses the key that somebody else made while ours was being made, and then only', async () => {
    const other = Buffer.concat([D2, new Uint8Array(288)]);
    bridge.answers['DEST GENERATE'] = (request) => {
      writeFileSync(keyFile, other);
      return goodSamAnswer(request);
    };
    await start();
    expect(stage.takeSessionRequests()).toEqual([]);
    expect(node.takeEvents()).toEqual(['i2p [::]:0 false']);
    await bridge.advance(1_000);
    expect(stage.takeSessionRequests()).toEqual([expect.stringContaining(` DESTINATION=${encodeI2PBase64(other)} `)]);
    expect(node.takeEvents()).toEqual([`i2p ${THEM} true`]);
    expect(readFileSync(keyFile)).toEqual(other);
  });

  test.each([
    ['a damaged key', () => writeFileSync(keyFile, 'no key')],
    ['a folder that does not exist', () => (keyFile = join(folder, 'none', 'key'))],
  ])('does not come about with %s, and touches nothing', async (_what, prepare) => {
    prepare();
    await start();
    expect(stage.takeSessionRequests()).toEqual([]);
    expect(node.takeEvents()).toEqual(['i2p [::]:0 false']);
    expect(bridge.openSocketCount).toBe(0);
    expect(existsSync(keyFile) ? readFileSync(keyFile, 'utf8') : readdirSync(folder)).toEqual(
      existsSync(keyFile) ? 'no key' : [],
    );
  });

  test('serves our own dials too, unless they must not be known to be ours', async () => {
    await start();
    bridge.takeRequests();
    const same = node.connectAndMakeNodeId(THEM);
    bridge.answers['NAMING'] = `NAMING REPLY RESULT=OK NAME=x VALUE=${encodeI2PBase64(D2)}`;
    await bridge.settle();
    expect(await same).toEqual({ nodeId: 0, me: ME });
    expect(stage.takeSessionRequests()).toEqual([]);
    const other = node.connectAndMakeNodeId(THEM, { forceTransientI2P: true });
    await bridge.settle();
    expect(await other).toMatchObject({ nodeId: 1 });
    expect(stage.takeSessionRequests()).toEqual([expect.stringContaining('TRANSIENT')]);
  });

  test('does not serve a dial that names other tunnels', async () => {
    await start({ sessionOptions: 'inbound.length=1' });
    bridge.answers['NAMING'] = `NAMING REPLY RESULT=OK NAME=x VALUE=${encodeI2PBase64(D2)}`;
    const ways = [{ proxy: BRIDGE }, { proxy: { endpoint: BRIDGE, sessionOptions: 'inbound.length=3' } }];
    const dials = ways.map((way) => node.connectAndMakeNodeId(THEM, way));
    await bridge.settle();
    expect((await Promise.all(dials)).map(({ nodeId }) => nodeId)).toEqual([0, 1]);
    expect(stage.takeSessionRequests()).toEqual([
      expect.stringMatching(/quantity=3 inbound\.length=1$/),
      expect.stringMatching(/TRANSIENT .* inbound\.length=3$/),
    ]);
  });

  test('shares bridge and options with a dial that must not be known to be ours', async () => {
    await start({ sessionOptions: 'inbound.length=1' });
    bridge.answers['NAMING'] = `NAMING REPLY RESULT=OK NAME=x VALUE=${encodeI2PBase64(D2)}`;
    const dials = [{}, { proxy: BRIDGE }].map((way) =>
      node.connectAndMakeNodeId(THEM, { forceTransientI2P: true, ...way }),
    );
    await bridge.settle();
    expect((await Promise.all(dials)).map(({ nodeId }) => nodeId)).toEqual([0, 1]);
    expect(stage.takeSessionRequests()).toEqual([
      expect.stringMatching(/quantity=3 inbound\.length=1$/),
      expect.stringMatching(/TRANSIENT .* inbound\.length=1$/),
      expect.stringMatching(/TRANSIENT .*quantity=1$/),
    ]);
  });

  test('is created once for all who wait for it', async () => {
    bridge.answers['NAMING'] = `NAMING REPLY RESULT=OK NAME=x VALUE=${encodeI2PBase64(D2)}`;
    node.startSocketsThreads({ i2p: { sam: BRIDGE, privateKeyFile: keyFile } });
    const dials = [node.connectAndMakeNodeId(THEM), node.connectAndMakeNodeId(THEM)];
    await bridge.settle();
    expect((await Promise.all(dials)).map(({ nodeId }) => nodeId).sort()).toEqual([0, 1]);
    expect(stage.takeSessionRequests()).toHaveLength(1);
  });
});

describe('an accepted peer', () => {
  test('is a connection like any other', async () => {
    await start();
    node.takeEvents();
    offer().send(PEER_LINE);
    await bridge.settle();
    expect(node.takeEvents()).toEqual([`accepted 0 from ${THEM} to ${ME}`, STARTED]);
    expect(node.addressesOf(0)).toEqual({ local: ME, remote: THEM });
    expect(node.stats()).toMatchObject({ accepted: 1, refused: 0, connectionCount: 1 });
    bridge.socket(1).send('x');
    node.sendBytes(0, Buffer.from('y'));
    await stage.settle();
    expect(node.takeEvents()).toEqual(['data 0 78']);
    expect(bridge.socket(1).takeText()).toBe('y');
  });

  test('that speaks at once is announced first and loses no byte', async () => {
    await start();
    node.takeEvents();
    offer().send(Buffer.concat([Buffer.from(PEER_LINE), Buffer.from('00ff0a0d', 'hex')]));
    await bridge.settle();
    const events = node.takeEvents();
    expect(events[0]).toBe(`accepted 0 from ${THEM} to ${ME}`);
    expect(events.sort(byKind)).toEqual([`accepted 0 from ${THEM} to ${ME}`, STARTED, 'data 0 00ff0a0d']);
  });

  test('whose line comes in 525 pieces is whole', async () => {
    stage.net.faults = splitReceives(1);
    await start();
    node.takeEvents();
    offer().send(`${PEER_LINE}ab`);
    await bridge.settle();
    expect(node.takeEvents().sort(byKind)).toEqual([
      `accepted 0 from ${THEM} to ${ME}`,
      STARTED,
      'data 0 61',
      'data 0 62',
    ]);
  });

  test.each([
    ['with what it says', `${PEER_LINE}hi`, [`data 0 ${Buffer.from('hi\n').toString('hex')}`]],
    ['and says nothing yet', PEER_LINE.trimEnd(), []],
  ])('that came with the answer to the offer is taken, %s', async (_what, behind, data) => {
    let count = 0;
    bridge.answers['STREAM ACCEPT'] = () => {
      count += 1;
      return count === 1 ? `STREAM STATUS RESULT=OK\n${behind}` : 'STREAM STATUS RESULT=OK';
    };
    await start();
    const [first, ...events] = node.takeEvents();
    expect(first).toBe(STARTED);
    expect(events.sort(byKind)).toEqual([`accepted 0 from ${THEM} to ${ME}`, STARTED, ...data]);
  });

  test('that is refused is closed at once', async () => {
    node.welcomes = false;
    await start();
    offer().send(`${PEER_LINE}data`);
    await bridge.settle();
    expect(bridge.socket(1).hasEOF || bridge.socket(1).readErrno !== undefined).toBe(true);
    expect(node.takeEvents()).toEqual([STARTED, `accepted 0 from ${THEM} to ${ME}`, STARTED]);
    expect(node.stats()).toMatchObject({ accepted: 1, refused: 1, connectionCount: 0 });
  });

  test('is followed by the next: one offer stands at a time', async () => {
    await start();
    for (let count = 0; count < 5; count += 1) {
      offer().send(PEER_LINE);
      await bridge.settle();
    }
    expect(node.connectionCount).toBe(5);
    expect(bridge.takeRequests().filter((request) => request.includes('ACCEPT'))).toHaveLength(6);
    expect(bridge.openSocketCount).toBe(1 + 5 + 1);
  });
});

const byKind = (one: string, other: string): number => kindOf(one) - kindOf(other);
const kindOf = (event: string): number => ['accepted', 'i2p', 'data'].indexOf(event.split(' ')[0]!);

describe('an accept that fails', () => {
  test.each([
    ['a line that is no destination', 'garbage\n', 0],
    ['a destination that is cut', `${encodeI2PBase64(D0.subarray(0, 386))}\n`, 0],
    ['65,536 bytes without end', 'x'.repeat(65_536), 0],
    ['the end of the stream', undefined, 0],
    ['the news that the session ended', 'STREAM STATUS RESULT=I2P_ERROR MESSAGE="Session was closed"\n', 1],
  ])('with %s is tried again after a second', async (_what, text, newSessions) => {
    await start();
    node.takeEvents();
    bridge.takeRequests();
    if (text === undefined) offer().end();
    else offer().send(text);
    await bridge.settle();
    expect(bridge.takeRequests()).toEqual([]);
    await bridge.advance(999);
    expect(bridge.takeRequests()).toEqual([]);
    await bridge.advance(1);
    expect(stage.takeSessionRequests()).toHaveLength(newSessions);
    expect(node.takeEvents()).toEqual([STARTED]);
    offer().send(PEER_LINE);
    await bridge.settle();
    expect(node.connectionCount).toBe(1);
  });

  test('because a line stalls for a second after its first byte, not before', async () => {
    await start();
    node.takeEvents();
    await bridge.advance(3_600_000);
    offer().send('A');
    await bridge.settle();
    await bridge.advance(999);
    expect(bridge.openSocketCount).toBe(2);
    await bridge.advance(1);
    expect(bridge.openSocketCount).toBe(1);
    expect(node.takeEvents()).toEqual([]);
    await bridge.advance(1_000);
    expect(node.takeEvents()).toEqual([STARTED]);
  });

  test('five times because the session ended makes five sessions of new ids with the same key', async () => {
    await start();
    const made = stage.takeSessionRequests();
    for (let round = 1; round <= 5; round += 1) {
      offer().send('STREAM STATUS RESULT=I2P_ERROR MESSAGE="Session was closed"\n');
      await bridge.settle();
      await bridge.advance(round * 1_000);
      made.push(...stage.takeSessionRequests());
    }
    expect(new Set(made.map((request) => /ID=(\S+)/.exec(request)![1])).size).toBe(6);
    expect(new Set(made.map((request) => /DESTINATION=(\S+)/.exec(request)![1])).size).toBe(1);
  });

  test('because the router went away is told once the next offer fails, with the address we had', async () => {
    await start();
    node.takeEvents();
    bridge.answers['HELLO'] = 'close';
    bridge.socket(0).end();
    bridge.socket(1).end();
    await bridge.settle();
    expect(node.takeEvents()).toEqual([]);
    await bridge.advance(1_000);
    expect(node.takeEvents()).toEqual([`i2p ${ME} false`]);
    delete bridge.answers['HELLO'];
    await bridge.advance(2_000);
    expect(node.takeEvents()).toEqual([STARTED]);
  });
});

test('the waits are 1, 2, 3 … 300 s and begin again only with an accepted peer', async () => {
  bridge.answers['STREAM ACCEPT'] = 'STREAM STATUS RESULT=I2P_ERROR';
  await start();
  for (let seconds = 1; seconds <= 302; seconds += 1) {
    const waitMs = Math.min(seconds * 1_000, I2P_RETRY_MAX_MS);
    bridge.takeRequests();
    await bridge.advance(waitMs - 1);
    expect(bridge.takeRequests()).toEqual([]);
    await bridge.advance(1);
    expect(bridge.takeRequests()).not.toEqual([]);
  }
  delete bridge.answers['STREAM ACCEPT'];
  await bridge.advance(I2P_RETRY_MAX_MS);
  // A successful offer alone is no reason to hurry.
  offer().end();
  await bridge.settle();
  bridge.takeRequests();
  await bridge.advance(I2P_RETRY_MAX_MS - 1);
  expect(bridge.takeRequests()).toEqual([]);
  await bridge.advance(1);
  offer().send(PEER_LINE);
  await bridge.settle();
  offer().end();
  await bridge.settle();
  bridge.takeRequests();
  await bridge.advance(1_000);
  expect(bridge.takeRequests()).not.toEqual([]);
});

describe('the end of listening', () => {
  const stages: [string, string | undefined][] = [
    ['greeting the bridge', 'HELLO'],
    ['making a key', 'DEST GENERATE'],
    ['creating the session', 'SESSION CREATE'],
    ['offering', 'STREAM ACCEPT'],
    ['waiting for a peer', undefined],
  ];
  for (const [moment, words] of stages) {
    test.each(['interruptNet', 'closeSockets'] as const)(`while ${moment} comes at once with %s`, async (method) => {
      if (words !== undefined) bridge.answers[words] = () => undefined;
      await start();
      node.takeEvents();
      node[method]();
      expect(stage.pendingTimers()).toBe(0);
      await stage.settle();
      expect(bridge.openSocketCount).toBe(0);
      expect(node.takeEvents()).toEqual([]);
    });
  }

  test('in the middle of a peer’s line, and while waiting to try again', async () => {
    await start();
    offer().send('AAAA');
    await bridge.settle();
    offer().end();
    await bridge.settle();
    expect(stage.pendingTimers()).toBe(1);
    node.interruptNet();
    expect(stage.pendingTimers()).toBe(0);
  });

  test('inside eventI2PListen and eventNewConnectionAccepted', async () => {
    class Quitter extends RecordingNode {
      quitAt = 'i2p';
      override eventI2PListen(addr: Service, success: boolean): void {
        super.eventI2PListen(addr, success);
        if (this.quitAt === 'i2p') this.interruptNet();
      }
      override eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
        this.interruptNet();
        return super.eventNewConnectionAccepted(nodeId, me, them);
      }
    }
    for (const quitAt of ['i2p', 'accept']) {
      const quitter = new Quitter({ backend: stage.net.createBackend });
      quitter.quitAt = quitAt;
      quitter.startSocketsThreads({ i2p: { sam: BRIDGE, privateKeyFile: keyFile } });
      await bridge.settle();
      if (quitAt === 'accept') offer().send(PEER_LINE);
      await bridge.settle();
      await quitter.joinSocketsThreads();
      expect(quitter.takeEvents()).toHaveLength(quitAt === 'i2p' ? 1 : 2);
      quitter.closeSockets();
      await stage.settle();
    }
  });
});

test.each([
  [{ i2p: null }, 'ERR_SOCKMAN_INVALID_ARG'],
  [{ i2p: {} }, 'ERR_SOCKMAN_INVALID_ARG'],
  [{ i2p: { sam: 'nowhere', privateKeyFile: 'x' } }, 'ERR_SOCKMAN_INVALID_ARG'],
  [{ i2p: { sam: BRIDGE, privateKeyFile: '' } }, 'ERR_SOCKMAN_INVALID_ARG'],
  [{ i2p: { sam: BRIDGE, privateKeyFile: 'a\0b' } }, 'ERR_SOCKMAN_INVALID_ARG'],
  [{ i2p: { sam: BRIDGE, privateKeyFile: 'x', sessionOptions: 'a\nQUIT' } }, 'ERR_SOCKMAN_INVALID_ARG'],
])('options %j are refused and start nothing', (options, code) => {
  expect(() => node.startSocketsThreads(options as StartOptions)).toThrow(expect.objectContaining({ code }));
  expect(() => node.startSocketsThreads()).not.toThrow();
});
