import { afterEach, describe, expect, it } from 'vitest';
import { SILENCE_TIMEOUT_MS, inactivityReason } from '../../../ts/connman/node/timeouts.ts';
import { World, onlyNode, versionMessage } from '../world.ts';

const PLACE = '127.0.0.1:18444';
const PEER_TIMEOUT_MS = 60_000;

describe('the inactivity check', () => {
  const wellKnown = {
    connectedAtMs: 1_000_000,
    lastSendMs: 1_000_000,
    lastReceiveMs: 1_000_000,
    isSuccessfullyConnected: true,
    transport: { getInfo: () => ({ transportType: 'v1' }) },
  };
  const reason = (changes: object, nowMs: number): string | undefined =>
    inactivityReason({ ...wellKnown, ...changes } as never, nowMs, PEER_TIMEOUT_MS);
  const graceEndsMs = 1_000_000 + PEER_TIMEOUT_MS;
  const silenceEndsMs = 1_000_000 + SILENCE_TIMEOUT_MS;

  it.each([
    ['nothing was received', { lastReceiveMs: 0 }, graceEndsMs],
    ['nothing was sent', { lastSendMs: 0 }, graceEndsMs],
    ['no byte went either way', { lastSendMs: 0, lastReceiveMs: 0 }, graceEndsMs],
    ['the version handshake is not done', { isSuccessfullyConnected: false }, graceEndsMs],
    ['nothing has been sent for 20 minutes', { lastReceiveMs: silenceEndsMs }, silenceEndsMs],
    ['nothing has been received for 20 minutes', { lastSendMs: silenceEndsMs }, silenceEndsMs],
  ])('gives a peer up when %s, and not a moment before', (_what, changes, atMs) => {
    expect(reason(changes, atMs)).toBeUndefined();
    expect(reason(changes, atMs + 1)).toMatch(/timeout|^socket no message/);
  });

  it('says which handshake it was', () => {
    const detecting = { getInfo: () => ({ transportType: 'detecting' }) };
    const undecided = { isSuccessfullyConnected: false, transport: detecting };
    expect(reason(undecided, graceEndsMs + 1)).toBe('V2 handshake timeout');
    expect(reason({ isSuccessfullyConnected: false }, graceEndsMs + 1)).toBe('version handshake timeout');
  });

  it('leaves a peer alone that is well', () => {
    expect(reason({}, silenceEndsMs)).toBeUndefined();
  });
});

describe('a node', () => {
  let world = new World();
  afterEach(async () => {
    await world.destroy();
    world = new World();
  });

  it('disconnects a peer that never speaks, a second after its minute at the latest', async () => {
    const { closed } = await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    await world.pass(59_000, 1_000);
    expect(peer.socket.hasEOF).toBe(false);
    await world.pass(3_000, 1_000);
    expect(peer.socket.hasEOF).toBe(true);
    expect(closed).toEqual(['0 socket no message in first 60 seconds, never received from peer, never sent to peer']);
  });

  it('disconnects a peer that sends bytes but no version', async () => {
    const { closed } = await world.node({ bind: [PLACE], v2Transport: false });
    const peer = world.connect(PLACE);
    peer.send({ type: 'getaddr' });
    await world.pass(62_000, 1_000);
    expect(closed).toEqual(['0 socket no message in first 60 seconds, never sent to peer']);
  });

  it('disconnects a peer that stops in the middle of the handshake', async () => {
    const { closed } = await world.node({ bind: [PLACE], peerTimeoutSeconds: 5 });
    const peer = world.connect(PLACE);
    peer.socket.send(peer.frame(versionMessage()).slice(0, 10));
    await world.pass(7_000, 500);
    expect(closed).toHaveLength(1);
  });

  it('disconnects a peer after 20 silent minutes, even while it is paused both ways', async () => {
    const { connman, greeter, closed } = await world.node({
      bind: [PLACE],
      maxSendBufferBytes: 0,
      maxReceiveBufferBytes: 0,
    });
    const peer = world.connect(PLACE);
    peer.greet();
    await world.settle();
    const node = onlyNode(connman);
    expect(node.isSuccessfullyConnected).toBe(true);
    peer.socket.pauseReading();
    // Fills the kernel's buffers, and then the send queue: nothing more is processed, so what comes now waits.
    for (let count = 0; count < 4; count++) greeter.network.pushMessage(node, 'block', new Uint8Array(100_000));
    peer.send({ type: 'ping', nonce: 1n });
    await world.settle();
    expect([node.isSendPaused, node.isReceivePaused]).toEqual([true, true]);
    await world.pass(SILENCE_TIMEOUT_MS, 60_000);
    expect(closed).toEqual([]);
    await world.pass(2_000, 1_000);
    expect(closed).toHaveLength(1);
    expect(closed[0]).toMatch(/^0 socket (sending|receive) timeout: 120\ds$/);
  });

  it('keeps a peer that goes on talking', async () => {
    const { closed } = await world.node({ bind: [PLACE] });
    const peer = world.connect(PLACE);
    peer.greet();
    for (let minutes = 0; minutes < 60; minutes += 15) {
      peer.send({ type: 'ping', nonce: 1n });
      await world.pass(15 * 60_000, 60_000);
    }
    expect(closed).toEqual([]);
  });
});
