import { describe, expect, it } from 'vitest';
import { HANDSHAKE_TIMEOUT_MS, STALL_TIMEOUT_MS } from '../../../ts/stratum/limits.ts';
import type { Sv2Message } from '../../../ts/stratum/messages/registry.ts';
import { limitSends } from '../../../ts/testing.ts';
import { seededBytes } from '../../harness/data/seeded-bytes.ts';
import { fromHex } from '../../harness/data/vectors.ts';
import { serverStage, setupConnection } from './server-stage.ts';

const CONSTRAINTS: Sv2Message = {
  name: 'CoinbaseOutputConstraints',
  coinbaseOutputMaxAdditionalSize: 4_000,
  coinbaseOutputMaxAdditionalSigops: 400,
};

const SOLUTION: Sv2Message = {
  name: 'SubmitSolution',
  templateId: 1n,
  version: 2,
  headerTimestamp: 3,
  headerNonce: 4,
  coinbaseTx: Uint8Array.of(5),
};

const frame = (messageType: number, payload: Uint8Array, extensionType = 0) => ({
  extensionType,
  isChannelMessage: false,
  messageType,
  payload,
});

describe('a server in state setup', () => {
  it('answers SetupConnection with 6 bytes of payload, 44 on the wire', () => {
    const { shakeHands, run, server } = serverStage();
    const client = shakeHands();
    client.send(setupConnection({ flags: 7, vendor: 'miner' }));
    run();
    expect(client.peer.receivedBytes).toBe(44);
    expect(client.read()).toEqual([{ name: 'SetupConnection.Success', usedVersion: 2, flags: 0 }]);
    expect(client.frames[0]!.payload).toHaveLength(6);
    expect(server.clients()[0]).toMatchObject({ state: 'confirmed', setup: { vendor: 'miner' } });
  });

  it.each([
    ['another protocol', { protocol: 0 }, 'unsupported-protocol'],
    ['a protocol and a version that do not fit', { protocol: 1, minVersion: 3 }, 'unsupported-protocol'],
    ['a version above ours', { minVersion: 3, maxVersion: 4 }, 'protocol-version-mismatch'],
    ['a version below ours', { minVersion: 1, maxVersion: 1 }, 'protocol-version-mismatch'],
    ['versions in the wrong order', { minVersion: 3, maxVersion: 1 }, 'protocol-version-mismatch'],
  ])('refuses %s with a whole message, then EOF', (_, changes, errorCode) => {
    // The socket takes one byte at a time: the message must still arrive completely.
    const { shakeHands, run, handler, server } = serverStage();
    const client = shakeHands();
    server.resumeAccepting();
    client.send(setupConnection(changes));
    run();
    expect(client.read()).toEqual([{ name: 'SetupConnection.Error', flags: 0, errorCode }]);
    expect(client.peer.hasEOF).toBe(true);
    expect(client.peer.readErrno).toBeUndefined();
    expect(handler.told).toEqual([`gone: ${errorCode}`]);
  });

  it('delivers its refusal whole through a socket that takes one byte at a time', () => {
    const stage = serverStage({ network: { faults: limitSends(1, 0) } });
    const client = stage.dial();
    client.flush();
    stage.network.clock.advance(1_000);
    client.read();
    client.send(setupConnection({ protocol: 0 }));
    stage.network.clock.advance(1_000);
    expect(client.read()).toMatchObject([{ name: 'SetupConnection.Error' }]);
    expect(client.peer.hasEOF).toBe(true);
  });

  it.each([
    ['an empty SetupConnection of one byte', frame(0, Uint8Array.of(2))],
    ['constraints', frame(0x70, fromHex('a00f00009001'))],
    ['a request for transaction data', frame(0x73, new Uint8Array(8))],
    ['a message that nobody knows', frame(0xee, Uint8Array.of(1))],
    ['extensions', frame(0, fromHex('010000000000'), 1)],
  ])('ends at %s', (_, wrong) => {
    const { shakeHands, run, handler, server } = serverStage();
    const client = shakeHands();
    client.sendFrame(wrong);
    run();
    expect(client.peer.hasEOF).toBe(true);
    expect(handler.told).toHaveLength(1);
    expect(server.connectionCount).toBe(0);
  });
});

describe('a server whose client is set up', () => {
  it.each(['reads', 'sends'])(
    'tells of a client that resets the connection as of any that is gone, when it %s',
    (how) => {
      const { setUp, run, handler, server } = serverStage();
      const { peer } = setUp();
      const [client] = server.clients();
      peer.reset();
      if (how === 'sends') server.send(client!.id, { name: 'Reconnect', newHost: '', newPort: 1 });
      run();
      expect(handler.told).toEqual(['gone: the client closed the connection']);
    },
  );

  it('ignores a second SetupConnection, and messages that nobody knows', () => {
    const { setUp, run, server } = serverStage();
    const client = setUp();
    client.send(setupConnection({ protocol: 0 }));
    client.sendFrame(frame(0xee, Uint8Array.of(1)));
    client.sendFrame(frame(0x70, Uint8Array.of(1), 9));
    client.send({ name: 'SetupConnection.Success', usedVersion: 2, flags: 0 });
    run();
    expect(client.read()).toEqual([]);
    expect(server.clients()[0]!.state).toBe('confirmed');
  });

  it.each([
    ['a00f0000', 'constraints 4000/400'],
    ['a00f00000100', 'constraints 4000/1'],
    [`a00f00000100${'00'.repeat(14)}`, 'constraints 4000/1'],
    ['00093d000000', 'constraints 4000000/0'],
  ])('takes constraints %s', (payload, told) => {
    const { setUp, run, handler } = serverStage();
    setUp().sendFrame(frame(0x70, fromHex(payload)));
    run();
    expect(handler.told).toEqual([told]);
  });

  it.each(['a00f000001', '01093d000000', 'a00f00'])('ends at constraints %s', (payload) => {
    const { setUp, run, handler } = serverStage();
    const client = setUp();
    client.sendFrame(frame(0x70, fromHex(payload)));
    run();
    expect(client.peer.hasEOF).toBe(true);
    expect(handler.told).toHaveLength(1);
  });

  it('ends at a solution before constraints, and takes one after', () => {
    const { setUp, run, handler } = serverStage();
    const early = setUp();
    early.send(SOLUTION);
    run();
    expect(early.peer.hasEOF).toBe(true);
    const client = setUp();
    client.send(CONSTRAINTS);
    client.send(SOLUTION);
    run();
    expect(handler.solutions).toEqual([SOLUTION]);
  });

  it('answers a negotiation of extensions with all of them unsupported', () => {
    const { setUp, run } = serverStage();
    const client = setUp();
    client.send({ name: 'RequestExtensions', requestId: 9, requestedExtensions: [2, 3] });
    run();
    expect(client.read()).toEqual([
      { name: 'RequestExtensions.Error', requestId: 9, unsupportedExtensions: [2, 3], requiredExtensions: [] },
    ]);
  });

  it('processes nothing behind a message that ends the connection', () => {
    const { setUp, run, handler } = serverStage();
    const client = setUp();
    client.sendFrame(frame(0x70, Uint8Array.of(1)));
    client.send(CONSTRAINTS);
    run();
    expect(handler.told).toHaveLength(1);
    expect(handler.told[0]).toMatch(/^gone/);
  });
});

describe('requests for transaction data', () => {
  it('are answered one at a time, ten in a minute', async () => {
    const { setUp, run, handler, network } = serverStage();
    const client = setUp();
    for (let id = 1n; id <= 12n; id++) client.send({ name: 'RequestTransactionData', templateId: id });
    run();
    expect(handler.requests).toEqual([1n]);
    // Each answer lets the next request through, in a microtask.
    for (let round = 0; round < 50; round++) await Promise.resolve();
    run();
    expect(handler.requests).toHaveLength(10);
    expect(client.read()).toHaveLength(10);
    network.clock.advance(6_500);
    for (let round = 0; round < 10; round++) await Promise.resolve();
    expect(handler.requests).toHaveLength(11);
  });

  it('of which a hundred wait end the connection at the next', () => {
    const { setUp, run, handler } = serverStage();
    handler.answer = () => new Promise(() => {});
    const client = setUp();
    for (let id = 0; id < 101; id++) client.send({ name: 'RequestTransactionData', templateId: 1n });
    run();
    expect(client.peer.hasEOF).toBe(false);
    client.send({ name: 'RequestTransactionData', templateId: 1n });
    run();
    expect(client.peer.hasEOF).toBe(true);
  });

  it('that the handler cannot answer end the connection', async () => {
    const { setUp, run, handler } = serverStage();
    handler.answer = () => Promise.reject(new Error('no such thing'));
    const client = setUp();
    client.send({ name: 'RequestTransactionData', templateId: 1n });
    run();
    for (let round = 0; round < 10; round++) await Promise.resolve();
    run();
    expect(client.peer.hasEOF).toBe(true);
  });
});

describe('a stranger at a server', () => {
  const random = seededBytes('strangers');
  const versionMessage = Buffer.concat([fromHex('f9beb4d976657273696f6e0000000000'), random(110)]);
  it.each([
    ['random bytes', random(400)],
    ['a TLS ClientHello', Buffer.concat([fromHex('1603010200010001fc0303'), random(500)])],
    ['an HTTP request', Buffer.from(`GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(200)}\r\n\r\n`)],
    ['a Bitcoin version message', versionMessage],
  ])('that sends %s is closed, and no other client notices', (_, bytes) => {
    const { setUp, run, network, server } = serverStage();
    const other = setUp();
    const stranger = network.connect('127.0.0.1:8442');
    stranger.send(bytes);
    run();
    expect(stranger.hasEOF || stranger.readErrno !== undefined).toBe(true);
    other.send(CONSTRAINTS);
    run();
    expect(server.clients()).toMatchObject([{ state: 'ready' }]);
  });

  it('that sends 63 bytes and then nothing is closed after the handshake’s time', () => {
    const { dial, network, server } = serverStage();
    const client = dial();
    client.peer.send(random(63));
    network.clock.advance(HANDSHAKE_TIMEOUT_MS - 1_000);
    expect(server.connectionCount).toBe(1);
    network.clock.advance(1_500);
    expect(server.connectionCount).toBe(0);
  });

  it.each([
    ['after the handshake', 'shakeHands', 10_000],
    ['after set-up', 'setUp', 60_000],
  ] as const)('that says nothing %s is closed in time', (_, step, timeoutMs) => {
    const stage = serverStage();
    stage[step]();
    stage.network.clock.advance(timeoutMs - 500);
    expect(stage.server.connectionCount).toBe(1);
    stage.network.clock.advance(1_000);
    expect(stage.server.connectionCount).toBe(0);
  });

  it('finds no place beside maxClients others, until they are gone', () => {
    const { network, server, run } = serverStage({ maxClients: 64 });
    const peers = Array.from({ length: 1_000 }, () => network.connect('127.0.0.1:8442'));
    for (const peer of peers) peer.send(random(32));
    run();
    expect(server.connectionCount).toBe(64);
    network.clock.advance(HANDSHAKE_TIMEOUT_MS + 1_000);
    expect(server.connectionCount).toBe(0);
    expect(server.counts()).toEqual({ handshake: 0, setup: 0, confirmed: 0, ready: 0 });
  });
});

describe('a client that does not read', () => {
  const template = (templateId: bigint, futureTemplate: boolean): Sv2Message => ({
    name: 'NewTemplate',
    templateId,
    futureTemplate,
    version: 1,
    coinbaseTxVersion: 2,
    coinbasePrefix: new Uint8Array(0),
    coinbaseTxInputSequence: 0,
    coinbaseTxValueRemaining: 0n,
    coinbaseTxOutputsCount: 1,
    coinbaseTxOutputs: new Uint8Array(10_000),
    coinbaseTxLocktime: 0,
    merklePath: [],
  });
  const tip = (templateId: bigint): Sv2Message => ({
    name: 'SetNewPrevHash',
    templateId,
    prevHash: new Uint8Array(32),
    headerTimestamp: 0,
    nBits: 0,
    target: new Uint8Array(32),
  });

  it('gets the newest tip and template when it reads again, and costs bounded memory', () => {
    const { setUp, run, server } = serverStage({ maxSendQueueBytes: 50_000, network: { bufferBytes: 4_096 } });
    const client = setUp();
    client.peer.pauseReading();
    const { id } = server.clients()[0]!;
    for (let templateId = 1n; templateId <= 100n; templateId++) {
      server.send(id, template(templateId, true));
      server.send(id, tip(templateId));
    }
    server.send(id, template(101n, false));
    run();
    expect(server.clients()[0]!.droppedFrames).toBeGreaterThan(150);
    client.peer.resumeReading();
    run();
    const messages = client.read() as Extract<Sv2Message, { templateId: bigint }>[];
    expect(messages.length).toBeLessThan(20);
    expect(messages.at(-1)).toMatchObject({ name: 'NewTemplate', templateId: 101n });
    const lastTip = messages.findLast(({ name }) => name === 'SetNewPrevHash')!;
    expect(lastTip.templateId).toBe(100n);
    expect(messages.some(({ name, templateId }) => name === 'NewTemplate' && templateId === 100n)).toBe(true);
  });

  it('is closed after a minute', () => {
    const { setUp, network, server } = serverStage({ network: { bufferBytes: 4_096 } });
    const client = setUp();
    client.send(CONSTRAINTS);
    network.clock.advance(0);
    client.peer.pauseReading();
    server.send(server.clients()[0]!.id, template(1n, true));
    network.clock.advance(STALL_TIMEOUT_MS - 1_000);
    expect(server.connectionCount).toBe(1);
    network.clock.advance(2_000);
    expect(server.connectionCount).toBe(0);
  });
});

describe('a server', () => {
  it('without encryption speaks frames in the clear', () => {
    const { network, run } = serverStage({ noise: false });
    const peer = network.connect('127.0.0.1:8442');
    // sv2-tp's own test message, a SetupConnection for template distribution.
    peer.send(fromHex('000000520000'));
    peer.send(
      fromHex(
        '02020002000100000007302e302e302e306121074269746d61696e085339692031332e351c62726169696e732d6f732d323031382d30392d32322d312d6861736810736f6d652d6465766963652d75756964',
      ),
    );
    run();
    expect(Buffer.from(peer.take()).toString('hex')).toBe('000001060000020000000000');
  });

  it.each([{ maxClients: 0 }, { maxSendQueueBytes: 0 }, { certificateSeconds: 0.5 }])('refuses %o', (wrong) => {
    expect(() => serverStage(wrong)).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }));
  });

  it('that stops tells of every client once', async () => {
    const { setUp, server, handler, network } = serverStage();
    setUp();
    setUp();
    const stopped = server.stop();
    network.clock.advance(0);
    await stopped;
    expect(handler.told).toEqual(['gone: the server stops', 'gone: the server stops']);
  });
});
