import { afterEach, describe, expect, it } from 'vitest';
import { RECEIVE_CHUNK_BYTES } from '../../../ts/connman/parts.ts';
import { CHUNK_OVERHEAD_BYTES } from '../../../ts/connman/node/received-bytes.ts';
import { Wire } from '../../../ts/connman/messages/wire.ts';
import { MAX_PROTOCOL_MESSAGE_BYTES, MESSAGE_OVERHEAD_BYTES } from '../../../ts/p2p/transport/transport.ts';
import { V1_HEADER_BYTES } from '../../../ts/p2p/transport/v1.ts';
import { V2Transport } from '../../../ts/p2p/transport/v2.ts';
import { OTHER_MESSAGE_TYPE } from '../../../ts/p2p/messages/message-types.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import { splitReceives } from '../../../ts/testing.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { ScriptedV2Peer } from '../../harness/peers/v2-peer.ts';
import { MAGIC, World, onlyNode, versionMessage } from '../world.ts';
import type { TestNode, WirePeer } from '../world.ts';

const PLACE = '127.0.0.1:18444';
const PING_BYTES = V1_HEADER_BYTES + 8;

let world = new World();
afterEach(async () => {
  await world.destroy();
  world = new World();
});

/** A node and a peer that have shaken hands. */
async function pair(options = {}): Promise<{ node: TestNode; peer: WirePeer }> {
  const node = await world.node({ bind: [PLACE], ...options });
  const peer = world.connect(PLACE);
  peer.greet();
  await world.settle();
  peer.messages();
  return { node, peer };
}

function sum(bytesByType: ReadonlyMap<string, number>): number {
  return [...bytesByType.values()].reduce((total, bytes) => total + bytes, 0);
}

describe('receiving', () => {
  it('pauses above the flood limit, and not at it', async () => {
    const { node, peer } = await pair({ maxReceiveBufferBytes: 3 * PING_BYTES + CHUNK_OVERHEAD_BYTES });
    const pings = (count: number): void =>
      void peer.send(...Array.from({ length: count }, () => ({ type: 'ping', nonce: 1n }) as const));
    const paused: boolean[] = [];
    node.greeter.onMessage = (p2pNode) => paused.push(p2pNode.isReceivePaused);
    pings(3);
    await world.settle();
    expect(paused).toEqual([false, false, false]);
    pings(4);
    await world.settle();
    // Bytes are given back when all that came together is read.
    expect(paused.slice(3)).toEqual([true, true, true, false]);
  });

  it('leaves what comes meanwhile to the kernel, and goes on without waiting for a tick', async () => {
    const { node, peer } = await pair({ maxReceiveBufferBytes: 0 });
    const started = world.net.clock.now();
    for (let count = 0; count < 50; count++) {
      peer.send({ type: 'ping', nonce: BigInt(count) });
      await world.settle();
    }
    expect(peer.types()).toHaveLength(50);
    expect(world.net.clock.now()).toBe(started);
    expect(node.closed).toEqual([]);
  });

  it('holds no more than the flood limit and a chunk, whatever is sent', async () => {
    const { node, peer } = await pair({ maxReceiveBufferBytes: 10_000, receiveChunkBytes: 4_096 });
    const p2pNode = onlyNode(node.connman);
    let mostBytes = 0;
    node.greeter.onMessage = () => {
      mostBytes = Math.max(mostBytes, p2pNode.received.memoryBytes);
    };
    const frame = peer.frame({ type: 'ping', nonce: 1n });
    peer.socket.send(Buffer.concat(Array.from({ length: 5_000 }, () => frame)));
    await world.settle();
    expect(peer.types()).toHaveLength(5_000);
    expect(mostBytes).toBeGreaterThan(10_000);
    expect(mostBytes).toBeLessThanOrEqual(10_000 + RECEIVE_CHUNK_BYTES + 2 * CHUNK_OVERHEAD_BYTES);
  });

  it('ends over a broken frame when its turn comes, after the messages before it', async () => {
    const { node, peer } = await pair();
    const before = node.greeter.processed.length;
    const ping = peer.frame({ type: 'ping', nonce: 1n });
    peer.socket.send(Buffer.concat([ping, new Uint8Array(V1_HEADER_BYTES), ping]));
    await world.settle();
    expect(node.greeter.processed.slice(before)).toEqual(['0 ping']);
    expect(node.closed).toEqual(['0 wrong network magic']);
    expect(peer.socket.readErrno !== undefined || peer.socket.hasEOF).toBe(true);
  });

  it('ends with the peer’s sending side, though whole messages still wait', async () => {
    const { node, peer } = await pair();
    for (let count = 0; count < 10; count++) peer.send({ type: 'ping', nonce: 1n });
    peer.socket.end();
    await world.settle();
    expect(node.closed).toEqual(['0 the peer closed the connection']);
    expect(node.greeter.finalized).toEqual([0]);
    expect(node.greeter.processed.length).toBeLessThan(12);
  });

  it('ends over a reset, also one that comes while we send', async () => {
    const { node, peer } = await pair();
    peer.socket.pauseReading();
    node.greeter.network.pushMessage(onlyNode(node.connman), 'block', new Uint8Array(500_000));
    peer.socket.reset();
    await world.settle();
    expect(node.closed).toHaveLength(1);
    expect(node.closed[0]).toMatch(/^0 (receive|send) failed: E/);
  });

  it('refuses at once a message that no transport sends, so that nothing waits behind it for ever', async () => {
    const { node, peer } = await pair();
    const p2pNode = onlyNode(node.connman);
    const tooLong = new Uint8Array(MAX_PROTOCOL_MESSAGE_BYTES + 1);
    expect(() => node.greeter.network.pushMessage(p2pNode, 'block', tooLong)).toThrow(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
    for (const [type, payload] of [
      ['thirteenchars', new Uint8Array(1)],
      ['block', 'text'],
    ] as const) {
      expect(() => node.greeter.network.pushMessage(p2pNode, type, payload as Uint8Array)).toThrow(
        expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }),
      );
    }
    node.greeter.network.pushMessage(p2pNode, 'verack', new Uint8Array(0));
    await world.settle();
    expect(peer.types()).toEqual(['verack']);
  });

  it('ends cleanly when its node is disconnected in the middle of processing, with more to process', async () => {
    const { node, peer } = await pair();
    node.greeter.onMessage = ({ id }) => node.connman.disconnectNode(id);
    peer.send(...Array.from({ length: 5 }, () => ({ type: 'ping', nonce: 1n }) as const));
    await world.settle();
    expect(node.closed).toEqual(['0 disconnected by the user']);
    expect(node.greeter.finalized).toEqual([0]);
    expect(node.greeter.processed).toEqual(['0 version', '0 verack', '0 ping']);
    expect([node.connman.getNodeCount(), node.connman.socketStats().connectionCount]).toEqual([0, 0]);
  });

  it('reads messages cut at every byte', async () => {
    world = new World({ faults: splitReceives(1) });
    const { node, peer } = await pair();
    peer.send({ type: 'ping', nonce: 5n }, { type: 'ping', nonce: 6n });
    await world.settle();
    expect(peer.messages()).toEqual([
      { type: 'pong', nonce: 5n },
      { type: 'pong', nonce: 6n },
    ]);
    expect(node.closed).toEqual([]);
  });
});

describe('sending', () => {
  it('answers in the macrotask in which it processes', async () => {
    const { node, peer } = await pair();
    const sentAtOnce: number[] = [];
    node.greeter.onMessage = (p2pNode) =>
      sentAtOnce.push(p2pNode.sendQueue.length, p2pNode.sentBytesByType.get('pong')!);
    peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(sentAtOnce).toEqual([0, PING_BYTES]);
  });

  it('pauses above the limit and not at it, until the peer reads', async () => {
    const { node, peer } = await pair({ maxSendBufferBytes: 100_000 + MESSAGE_OVERHEAD_BYTES, sendBufferBytes: 1_000 });
    const p2pNode = onlyNode(node.connman);
    peer.socket.pauseReading();
    // Fills both kernels' buffers; what they do not take is held by the transport, and counts.
    node.greeter.network.pushMessage(p2pNode, 'block', new Uint8Array(300_000));
    await world.settle();
    expect(p2pNode.isSendPaused).toBe(true);
    peer.send({ type: 'ping', nonce: 1n });
    await world.pass(1_000, 100);
    expect(node.greeter.processed).not.toContain('0 ping');
    peer.socket.resumeReading();
    await world.settle();
    expect(p2pNode.isSendPaused).toBe(false);
    expect(node.greeter.processed).toContain('0 ping');
    expect(peer.types()).toEqual(['block', 'pong']);
  });

  it('counts queue and transport against the limit', async () => {
    const maxSendBufferBytes = 2 * (50_000 + MESSAGE_OVERHEAD_BYTES);
    const { node, peer } = await pair({ maxSendBufferBytes });
    const p2pNode = onlyNode(node.connman);
    peer.socket.pauseReading();
    node.greeter.network.pushMessage(p2pNode, 'block', new Uint8Array(200_000));
    await world.settle();
    const held = p2pNode.sendMemoryBytes;
    expect(held).toBeGreaterThan(0);
    expect(p2pNode.isSendPaused).toBe(held > maxSendBufferBytes);
    node.greeter.network.pushMessage(p2pNode, 'block', new Uint8Array(50_000));
    expect(p2pNode.sendMemoryBytes).toBe(held + 50_000 + MESSAGE_OVERHEAD_BYTES);
    peer.socket.resumeReading();
    await world.settle();
    expect(p2pNode.sendMemoryBytes).toBe(0);
    expect(peer.types()).toEqual(['block', 'block']);
  });

  it('never drops or refuses a message, and keeps the order', async () => {
    const { node, peer } = await pair({ maxSendBufferBytes: 0 });
    const p2pNode = onlyNode(node.connman);
    peer.socket.pauseReading();
    for (let count = 0; count < 500; count++) node.greeter.send(p2pNode, { type: 'ping', nonce: BigInt(count) });
    node.greeter.network.pushMessage(p2pNode, 'block', new Uint8Array(2_000_000));
    node.greeter.send(p2pNode, { type: 'ping', nonce: 500n });
    await world.settle();
    peer.socket.resumeReading();
    await world.settle();
    const messages = peer.messages();
    expect(messages.map(({ type }) => type).filter((type) => type === 'block')).toHaveLength(1);
    const nonces = messages.flatMap((message) => (message.type === 'ping' ? [Number(message.nonce)] : []));
    expect(nonces).toEqual(Array.from({ length: 501 }, (_, index) => index));
  });

  it.each([
    ['takes some of our bytes and not all', [100, 0], true],
    ['takes none of them', [0], false],
    ['takes all of them', [Infinity], false],
    ['takes a whole message and nothing of the next', [Infinity, 0], true],
  ])('skips the receive of a peer that %s: answer %s', async (_what, taken, expected) => {
    const { node } = await pair({ v2Transport: false });
    const p2pNode = onlyNode(node.connman);
    const results = [...taken];
    const wire = new Wire({
      sockets: {
        sendBytes: (_id: number, data: Uint8Array) => Math.min(results.shift() ?? 0, data.length),
        errmsgOf: () => '',
        wake: () => true,
        closeConnection: () => true,
      },
      pump: { wake: () => {} },
      uploadTarget: { count: () => {} },
      events: { emit: () => false },
      clock: world.net.clock,
    });
    p2pNode.sendQueue.push({ type: 'tx', payload: new Uint8Array(500) });
    if (taken.length === 2 && taken[0] === Infinity) p2pNode.sendQueue.push({ type: 'tx', payload: new Uint8Array(9) });
    expect(wire.send(p2pNode)).toBe(expected);
  });

  it('does not deadlock two nodes that are full of data for each other', async () => {
    const server = await world.node({ bind: [PLACE], v2Transport: false });
    const client = await world.node({ v2Transport: false });
    void client.connman.connectTo(PLACE);
    await world.pass(1_000, 100);
    const received = [0, 0];
    // Far more than all kernel buffers hold, and less than either may let wait unprocessed: a node that is full of data to
    // send does not process, here as in Core.
    for (const [index, { connman, greeter }] of [server, client].entries()) {
      greeter.onMessage = () => received[index]!++;
      for (let count = 0; count < 10; count++) {
        greeter.network.pushMessage(onlyNode(connman), 'block', new Uint8Array(400_000));
      }
    }
    await world.pass(5_000, 50);
    expect(received).toEqual([10, 10]);
  });

  it('sends only what says nothing about us on a private broadcast', async () => {
    const { node, peer } = await pair();
    const p2pNode = onlyNode(node.connman);
    Object.defineProperty(p2pNode, 'connectionType', { value: 'private-broadcast' });
    for (const type of ['getaddr', 'verack', 'addr', 'inv', 'pong']) {
      node.greeter.network.pushMessage(p2pNode, type, type === 'inv' ? new Uint8Array(1) : new Uint8Array(0));
    }
    await world.settle();
    expect(peer.types()).toEqual(['verack', 'inv']);
  });
});

describe('accounting', () => {
  it('counts V1 messages with their headers, unknown and broken ones apart', async () => {
    const { node, peer } = await pair();
    const p2pNode = onlyNode(node.connman);
    const unknown = { type: 'unknown', messageType: 'hello', payload: new Uint8Array(5) } as const;
    peer.send(unknown, { ...unknown, messageType: OTHER_MESSAGE_TYPE }, { type: 'ping', nonce: 1n });
    const broken = peer.frame({ type: 'ping', nonce: 2n });
    broken[20]! ^= 1;
    peer.socket.send(broken);
    peer.socket.send(peer.frame({ type: 'ping', nonce: 3n }).slice(0, 30));
    await world.settle();
    expect(p2pNode.receivedBytesByType.get('ping')).toBe(PING_BYTES);
    expect(p2pNode.receivedBytesByType.get(OTHER_MESSAGE_TYPE)).toBe(2 * (V1_HEADER_BYTES + 5) + PING_BYTES);
    expect(sum(p2pNode.receivedBytesByType) + 30).toBe(p2pNode.receivedBytes);
    expect(sum(p2pNode.sentBytesByType)).toBe(p2pNode.sentBytes);
    expect(node.closed).toEqual([]);
  });

  it('gets no keys from a peer that invents 10,000 types', async () => {
    const { node, peer } = await pair();
    for (let count = 0; count < 10_000; count++) {
      peer.send({ type: 'unknown', messageType: `t${count}`, payload: new Uint8Array(0) });
    }
    await world.settle();
    expect([...onlyNode(node.connman).receivedBytesByType.keys()].sort()).toEqual([
      OTHER_MESSAGE_TYPE,
      'verack',
      'version',
    ]);
  });

  it('counts V2 messages as packets, and the handshake in totals only', async () => {
    const node = await world.node({ bind: [PLACE] });
    const garbage = new Uint8Array(100);
    const transport = new V2Transport({
      magic: MAGIC,
      isInitiator: true,
      randomBytes: seededBytes('accounting'),
      garbage,
    });
    const peer = world.connect(PLACE, undefined, transport);
    const { toSend } = transport.getBytesToSend(false);
    peer.socket.send(toSend);
    transport.markBytesSent(toSend.length);
    await world.settle();
    expect(peer.messages()).toEqual([]);
    peer.socket.send(peer.flush());
    peer.greet();
    peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect(peer.types()).toEqual(['version', 'verack', 'pong']);
    const p2pNode = onlyNode(node.connman);
    // Key, garbage, terminator and version packet come before the first message.
    expect(p2pNode.receivedBytes - sum(p2pNode.receivedBytesByType)).toBe(64 + 100 + 16 + 20);
    // Short id and nonce, and 20 bytes around them.
    expect(p2pNode.receivedBytesByType.get('ping')).toBe(1 + 8 + 20);
    expect(p2pNode.sentBytesByType.get('pong')).toBe(1 + 8 + 20);
    expect(p2pNode.sentBytes).toBeGreaterThanOrEqual(sum(p2pNode.sentBytesByType) + 64 + 16 + 20);
    expect(p2pNode.sentBytes).toBeLessThanOrEqual(sum(p2pNode.sentBytesByType) + 64 + 4_095 + 16 + 20);
    expect(p2pNode.transportInfo.transportType).toBe('v2');
  });

  it('counts V2 decoys in totals only', async () => {
    const node = await world.node({ bind: [PLACE] });
    const { socket } = world.connect(PLACE);
    const peer = new ScriptedV2Peer(true, MAGIC, seededBytes('decoys'));
    socket.send(peer.keyPair.publicKey);
    await world.settle();
    peer.receiveKey(socket.take());
    const ping = Uint8Array.of(18, 1, 0, 0, 0, 0, 0, 0, 0);
    const decoys = [0, 1, 500, 70_000].map((length) => peer.seal.bind(peer, new Uint8Array(length), { isDecoy: true }));
    let decoyBytes = 0;
    const send = (bytes: Uint8Array): number => (socket.send(bytes), bytes.length);
    // Between key and version packet a decoy carries what the version packet would have authenticated: no garbage.
    const terminatorBytes = send(peer.session.sendTerminator);
    decoyBytes += send(decoys[2]!());
    const versionBytes = send(peer.seal(new Uint8Array(0)));
    for (const decoy of decoys) decoyBytes += send(decoy());
    const version = encodeMessage(versionMessage()).payload;
    send(peer.seal(Buffer.concat([Buffer.from('\0version\0\0\0\0\0', 'latin1'), version])));
    send(peer.seal(Buffer.from('\0verack\0\0\0\0\0\0', 'latin1')));
    for (const decoy of decoys) decoyBytes += send(decoy());
    send(peer.seal(ping));
    const tailBytes = send(peer.seal(ping).subarray(0, 20));
    await world.settle();
    expect(node.greeter.processed).toEqual(['0 version', '0 verack', '0 ping']);
    const p2pNode = onlyNode(node.connman);
    const handshakeBytes = 64 + terminatorBytes + versionBytes;
    expect(sum(p2pNode.receivedBytesByType)).toBe(p2pNode.receivedBytes - handshakeBytes - decoyBytes - tailBytes);
    expect(p2pNode.receivedBytesByType.get('ping')).toBe(ping.length + 20);
  });

  it('adds up over all peers', async () => {
    const { node } = await pair();
    const other = world.connect(PLACE);
    other.greet();
    await world.settle();
    const nodes = [...node.connman.nodes()];
    const totals = node.connman.getNetTotals();
    expect(totals.totalbytesrecv).toBe(nodes.reduce((total, { receivedBytes }) => total + receivedBytes, 0));
    expect(totals.totalbytessent).toBe(nodes.reduce((total, { sentBytes }) => total + sentBytes, 0));
    expect(totals.timemillis).toBe(world.net.clock.wallTimeMs());
  });
});
