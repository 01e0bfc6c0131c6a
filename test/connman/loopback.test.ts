// Real sockets: the backend that this machine has, on loopback.

import { createConnection } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Connman } from '../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../ts/connman/settings/options.ts';
import { V1Transport, V1_HEADER_BYTES } from '../../ts/p2p/transport/v1.ts';
import { encodeMessage } from '../../ts/p2p/messages/registry.ts';
import type { Message } from '../../ts/p2p/messages/registry.ts';
import { noteProgress, until } from '../harness/until.ts';
import { Greeter } from './greeter.ts';
import { MAGIC, onlyNode, versionMessage } from './world.ts';

/** Our `version` and `verack`. */
const ANSWER_BYTES = V1_HEADER_BYTES + 101 + V1_HEADER_BYTES;

const running: Connman[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((connman) => connman.stop()));
});

async function start(options: ConnmanOptions): Promise<{ connman: Connman; greeter: Greeter }> {
  const connman: Connman = new Connman({ chain: 'regtest', noConnect: true, ...options });
  const greeter = new Greeter();
  running.push(connman);
  connman.on('closedConnection', () => noteProgress());
  await connman.start(greeter);
  return { connman, greeter };
}

function frame(message: Message): Uint8Array {
  const transport = new V1Transport(MAGIC);
  transport.setMessageToSend(encodeMessage(message));
  return transport.getBytesToSend(false).toSend.slice();
}

describe('two nodes over real sockets', () => {
  it.each([
    ['v1', false],
    ['v2', true],
  ] as const)('shake hands and exchange 1 MB messages over %s', async (transportType, v2Transport) => {
    const server = await start({ bind: ['127.0.0.1:0'], v2Transport });
    const client = await start({ v2Transport });
    const place = String(server.connman.listeningAt[0]);
    expect(await client.connman.connectTo(place)).toBe(true);
    await until('both handshakes', () =>
      [server, client].every(({ connman }) => [...connman.nodes()].some((node) => node.isSuccessfullyConnected)),
    );
    const [theirs, ours] = [onlyNode(server.connman), onlyNode(client.connman)];
    expect(ours.transportInfo.transportType).toBe(transportType);
    expect(theirs.transportInfo).toEqual(ours.transportInfo);

    const lengths: number[] = [];
    server.greeter.onMessage = (_node, _type, payload) => {
      lengths.push(payload.length);
      noteProgress();
    };
    for (let count = 0; count < 5; count++)
      client.greeter.network.pushMessage(ours, 'block', new Uint8Array(1_000_000));
    await until('five blocks', () => lengths.length === 5);
    expect(lengths).toEqual([1_000_000, 1_000_000, 1_000_000, 1_000_000, 1_000_000]);

    client.connman.disconnectNode(ours.id);
    await until('both gone', () => server.connman.getNodeCount() + client.connman.getNodeCount() === 0);
    expect([server.greeter.finalized, client.greeter.finalized]).toEqual([[theirs.id], [ours.id]]);
  });
});

describe('two nodes over V2 on real sockets', () => {
  it('stay in step through several changes of keys, each direction at its own pace', async () => {
    const server = await start({ bind: ['127.0.0.1:0'] });
    const client = await start({});
    expect(await client.connman.connectTo(String(server.connman.listeningAt[0]))).toBe(true);
    await until('both handshakes', () =>
      [server, client].every(({ connman }) => [...connman.nodes()].some((node) => node.isSuccessfullyConnected)),
    );
    // More than two keys' worth one way, more than three the other, in messages of all lengths.
    const counts = new Map([
      [client, 500],
      [server, 700],
    ]);
    const got = new Map<object, number>();
    for (const [side, other] of [
      [client, server],
      [server, client],
    ] as const) {
      other.greeter.onMessage = (_node, type, payload) => {
        if (type !== 'inv') return;
        const index = got.get(other) ?? 0;
        got.set(other, pattern(index).equals(payload) ? index + 1 : Number.NaN);
        noteProgress();
      };
      const node = onlyNode(side.connman);
      for (let index = 0; index < counts.get(side)!; index++)
        side.greeter.network.pushMessage(node, 'inv', pattern(index));
    }
    await until('all of both', () => got.get(server) === 500 && got.get(client) === 700);
    expect([server, client].map(({ connman }) => onlyNode(connman).transportInfo.transportType)).toEqual(['v2', 'v2']);
  });

  /** A list of inventory entries that says which one it is: some are too long for a single packet step. */
  function pattern(index: number): Buffer {
    const count = index % 100 === 99 ? 2_000 : index % 7;
    return Buffer.concat([
      count < 253 ? Buffer.of(count) : Buffer.of(0xfd, count & 0xff, count >> 8),
      Buffer.alloc(36 * count, index & 0xff),
    ]);
  }
});

describe('a peer that sends pings without end and reads nothing', () => {
  const PINGS = 20_000;
  const RECEIVE_BYTES = 100_000;
  const SEND_BYTES = 20_000;

  it('costs bounded memory, does not hold up others, and is answered in full once it reads', async () => {
    const { connman, greeter } = await start({
      bind: ['127.0.0.1:0'],
      v2Transport: false,
      maxReceiveBufferBytes: RECEIVE_BYTES,
      maxSendBufferBytes: SEND_BYTES,
      // Small buffers of the kernel, so that not all of it fits there.
      sendBufferBytes: 16_384,
    });
    const { port } = connman.listeningAt[0]!;
    const flooder = createConnection(port, '127.0.0.1').pause();
    const pings = frame({ type: 'ping', nonce: 1n });
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => pings));
    flooder.write(Buffer.concat([frame(versionMessage()), frame({ type: 'verack' })]));
    await until('the handshake', () => greeter.processed.includes('0 verack'));
    for (let sent = 0; sent < PINGS; sent += 1_000) flooder.write(flood);

    const node = onlyNode(connman);
    let mostBytes = 0;
    greeter.onMessage = () => {
      mostBytes = Math.max(mostBytes, node.received.memoryBytes + node.sendMemoryBytes);
    };
    await until('both pauses', () => node.isSendPaused && node.isReceivePaused);

    // Another peer is served as if nothing were.
    const quiet = createConnection(port, '127.0.0.1');
    let quietBytes = 0;
    quiet.on('data', (data) => {
      quietBytes += data.length;
      noteProgress();
    });
    quiet.write(Buffer.concat([frame(versionMessage()), frame({ type: 'verack' }), pings]));
    await until('the answers to the quiet peer', () => quietBytes === ANSWER_BYTES + pings.length);
    // Again, perhaps: the kernel may have found room for a few more.
    await until('the flooder waits still', () => node.isSendPaused);

    let floodedBytes = 0;
    flooder.on('data', (data) => {
      floodedBytes += data.length;
      noteProgress();
    });
    flooder.resume();
    await until('all pongs', () => floodedBytes === ANSWER_BYTES + PINGS * pings.length, 60_000);
    // What is received in one go, 256 KiB, may come on top: as small messages they cost several times their bytes.
    const chunkBytes = Math.ceil((256 * 1024) / pings.length) * (8 + 128);
    expect(mostBytes).toBeLessThanOrEqual(RECEIVE_BYTES + chunkBytes + SEND_BYTES + 1_000);
    expect(connman.getPeerStats()[0]!.bytesrecv_per_msg['ping']).toBe(PINGS * pings.length);
    flooder.destroy();
    quiet.destroy();
  }, 90_000);
});
