import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderNameOf } from '../../../ts/connman/messages/message-capture.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { World, onlyNode, versionMessage } from '../world.ts';

const PLACE = '10.0.0.1:18444';

let world = new World();
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockman-capture-'));
});
afterEach(async () => {
  await world.destroy();
  world = new World();
  await rm(folder, { recursive: true });
});

/** A message of a capture file. */
interface Captured {
  timeMicros: bigint;
  type: string;
  payload: Uint8Array;
}

async function read(...path: string[]): Promise<Captured[]> {
  const bytes = await readFile(join(folder, ...path));
  const messages: Captured[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 20);
    const type = bytes.toString('latin1', at + 8, at + 20);
    const end = at + 24 + length;
    messages.push({
      timeMicros: bytes.readBigInt64LE(at),
      type,
      payload: Uint8Array.from(bytes.subarray(at + 24, end)),
    });
    at = end;
  }
  return messages;
}

const zeroPadded = (type: string): string => type.padEnd(12, '\0');

describe('captured messages', () => {
  it.each([
    ['V1', false],
    ['V2', true],
  ])('are all that were processed and all that were sent, with their time, over %s', async (_name, v2Transport) => {
    const options = { bind: [PLACE], captureMessages: join(folder, 'message_capture') };
    const server = await world.node(options);
    const client = await world.node({ v2Transport });
    void client.connman.connectTo(PLACE);
    await world.pass(1_000, 100);
    const payload = Uint8Array.from({ length: 300 }, (_, index) => index);
    client.greeter.send(onlyNode(client.connman), { type: 'unknown', messageType: 'twelve_chars', payload });
    await world.pass(100);
    const [name] = await readdir(join(folder, 'message_capture'));
    expect(name).toBe(folderNameOf(onlyNode(server.connman)));
    const received = await read('message_capture', name!, 'msgs_recv.dat');
    expect(received.map(({ type }) => type)).toEqual(['version', 'verack', 'twelve_chars'].map(zeroPadded));
    expect(received[2]!.payload).toEqual(payload);
    const sent = await read('message_capture', name!, 'msgs_sent.dat');
    expect(sent.map(({ type }) => type)).toEqual(['version', 'verack'].map(zeroPadded));
    const nowMicros = BigInt(world.net.clock.wallTimeMs()) * 1_000n;
    for (const { timeMicros } of [...received, ...sent]) {
      expect(timeMicros).toBeGreaterThan(nowMicros - 2_000_000n);
      expect(timeMicros).toBeLessThanOrEqual(nowMicros);
    }
  });

  it('are byte for byte what Bitcoin Core writes, and for nobody else to read', async () => {
    const { clock } = world.net;
    await world.node({ bind: [PLACE], captureMessages: folder, v2Transport: false });
    const peer = world.connect(PLACE, '10.0.0.2:4711');
    await world.pass(1_234);
    peer.send(versionMessage());
    await world.settle();
    const file = join(folder, '10.0.0.2_4711', 'msgs_recv.dat');
    const time = Buffer.alloc(8);
    time.writeBigInt64LE(BigInt(clock.wallTimeMs()) * 1_000n);
    const { payload } = encodeMessage(versionMessage());
    const length = Buffer.of(payload.length, 0, 0, 0);
    const expected = Buffer.concat([time, Buffer.from('version\0\0\0\0\0', 'latin1'), length, payload]);
    expect((await readFile(file)).toString('hex')).toBe(expected.toString('hex'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, '10.0.0.2_4711'))).mode & 0o777).toBe(0o700);
  });

  it('of a later connection from the same place follow those of an earlier one', async () => {
    await world.node({ bind: [PLACE], captureMessages: folder, v2Transport: false });
    for (let visit = 0; visit < 2; visit++) {
      const peer = world.connect(PLACE, '10.0.0.2:4711');
      peer.send(versionMessage());
      await world.settle();
      peer.socket.reset();
      await world.pass(100);
    }
    expect(await read('10.0.0.2_4711', 'msgs_recv.dat')).toHaveLength(2);
  });

  it.each([
    ['1.2.3.4:8333', '1.2.3.4_8333'],
    ['[2001:db8::1]:8333', '[2001_db8__1]_8333'],
    ['[fe80::1%2]:8333', '[fe80__1_2]_8333'],
    ['unix:/tmp/../etc/x', 'unix__tmp_.._etc_x'],
  ])('of the peer %s are in the folder %s', (place, expected) => {
    expect(folderNameOf({ addr: Service.parse(place) })).toBe(expected);
  });

  it('that cannot be written are reported once, and cost nothing else', async () => {
    const errors: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (line: string) => void errors.push(line) };
    const inTheWay = join(folder, 'a-file');
    await writeFile(inTheWay, '');
    const options = { bind: [PLACE], captureMessages: inTheWay, logger, v2Transport: false };
    const { greeter } = await world.node(options);
    const peer = world.connect(PLACE);
    peer.greet();
    peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(greeter.processed).toEqual(['0 version', '0 verack', '0 ping']);
    expect(peer.types()).toEqual(['version', 'verack', 'pong']);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(/^messages are not captured: /);
  });

  it('are none by default', async () => {
    await world.node({ bind: [PLACE] });
    world.connect(PLACE).greet();
    await world.settle();
    expect(await readdir(folder)).toEqual([]);
  });
});
