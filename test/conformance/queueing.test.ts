// `queueBytes`: what the kernel does not take waits, bounded, and leaves in order.

import { expect, it } from 'vitest';
import { createSockMan } from '../../ts/sockman/create-sock-man.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { noise } from '../harness/peers/noise.ts';
import { noteProgress, until } from '../harness/until.ts';
import { still } from '../harness/settled.ts';

const MIB = 1024 * 1024;
/** More than both kernel buffers hold. */
const TOO_MUCH = 32 * MIB;

describeEachBackend('queueing', (stage) => {
  it('sends at once what there is room for, and keeps nothing', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    expect(probe.queueBytes(nodeId, Buffer.from('hello'))).toBe(0);
    expect(probe.queueBytes(nodeId, new Uint8Array(0))).toBe(0);
    expect(probe.queuedBytesOf(nodeId)).toBe(0);
    await until('the bytes', () => peer.bytes.toString() === 'hello');
  });

  it('keeps a copy of the rest, and tells eventReadyToSend once it is sent', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    const told = probe.count(`ready ${nodeId}`);
    const waitingWhenTold: number[] = [];
    probe.on.eventReadyToSend = () => void waitingWhenTold.push(probe.queuedBytesOf(nodeId));
    peer.pauseReading();
    const message = noise(1, TOO_MUCH);
    const lent = Uint8Array.from(message);
    const waiting = probe.queueBytes(nodeId, lent);
    lent.fill(0);
    expect(waiting).toBeGreaterThan(0);
    expect(probe.queuedBytesOf(nodeId)).toBe(waiting);
    peer.resumeReading();
    await until('all bytes', () => peer.receivedBytes === TOO_MUCH);
    expect(peer.bytes.equals(message)).toBe(true);
    await until('room', () => probe.count(`ready ${nodeId}`) === told + 1);
    expect(waitingWhenTold).toEqual([0]);
    expect(probe.stats().sentBytes).toBe(TOO_MUCH);
  });

  it('keeps the order of many small pieces, whole or not at all, up to the limit', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    const first = noise(2, TOO_MUCH);
    const options = { limitBytes: TOO_MUCH + 1000 };
    const expected: Uint8Array[] = [first];
    let waiting = probe.queueBytes(nodeId, first, options);
    for (let count = 0; ; count++) {
      const piece = noise(count, 1 + (count % 9000));
      const now = probe.queueBytes(nodeId, piece, options);
      if (waiting + piece.length > options.limitBytes) {
        expect(probe.errmsgOf(now)).toMatch(/^ENOBUFS /);
        break;
      }
      expect(now).toBe(waiting + piece.length);
      waiting = now;
      expected.push(piece);
    }
    const gap = options.limitBytes - waiting;
    expect(probe.queueBytes(nodeId, noise(3, gap + 1), options)).toBeLessThan(0);
    expect(probe.queueBytes(nodeId, noise(3, gap), options)).toBe(options.limitBytes);
    expected.push(noise(3, gap));
    peer.resumeReading();
    const all = Buffer.concat(expected);
    await until('all bytes', () => peer.receivedBytes === all.length);
    expect(peer.bytes.equals(all)).toBe(true);
  });

  it('takes one call of any size while nothing waits', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    expect(probe.queueBytes(nodeId, new Uint8Array(TOO_MUCH), { limitBytes: 1 })).toBeGreaterThan(1);
    expect(probe.queueBytes(nodeId, Uint8Array.of(1), { limitBytes: 1 })).toBeLessThan(0);
  });

  it('lets no sendBytes, sendBytesMany or stream get ahead', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    probe.queueBytes(nodeId, new Uint8Array(TOO_MUCH));
    expect(probe.sendBytes(nodeId, Buffer.from('first'))).toBe(0);
    expect([...probe.sendBytesMany([nodeId], Buffer.from('first'))]).toEqual([0]);
    const stream = probe.duplex(nodeId);
    stream.end('last');
    peer.resumeReading();
    await until('the end', () => peer.hasEOF);
    expect(peer.receivedBytes).toBe(TOO_MUCH + 4);
    expect(peer.bytes.subarray(-4).toString()).toBe('last');
  });

  it('sends FIN behind what waits', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    probe.queueBytes(nodeId, new Uint8Array(TOO_MUCH));
    expect(probe.shutdownSend(nodeId)).toBe(true);
    expect(probe.errmsgOf(probe.queueBytes(nodeId, Uint8Array.of(1)))).toMatch(/^EPIPE /);
    peer.resumeReading();
    await until('the end', () => peer.hasEOF);
    expect(peer.receivedBytes).toBe(TOO_MUCH);
    expect(probe.connectionCount).toBe(1);
  });

  it('drops what waits when the connection is closed or reset by the peer', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    probe.queueBytes(nodeId, new Uint8Array(TOO_MUCH));
    peer.reset();
    await until('the error', () => probe.hasEnded(nodeId));
    await until('no room ever', () => probe.queueBytes(nodeId, Uint8Array.of(1)) < 0);
    probe.closeConnection(nodeId);
    expect(probe.queuedBytesOf(nodeId)).toBe(0);
    expect(probe.queueBytes(nodeId, Uint8Array.of(1))).toBe(0);
  });

  it('makes an echo server that loses nothing and keeps little', async () => {
    let mostWaiting = 0;
    const echo = createSockMan(
      {
        eventGotData(nodeId, data) {
          mostWaiting = Math.max(mostWaiting, echo.queueBytes(nodeId, data));
          noteProgress();
        },
        shouldTryToRecv: (nodeId) => echo.queuedBytesOf(nodeId) === 0,
      },
      stage.world.options,
    );
    echo.startSocketsThreads();
    const peer = await stage.dialedBy(stage.listen(echo));
    peer.pauseReading();
    const message = noise(4, 12 * MIB);
    peer.send(message);
    await still(() => echo.stats().receivedBytes, echo);
    peer.resumeReading();
    await until('the echo', () => peer.receivedBytes === message.length, 30_000);
    expect(peer.bytes.equals(message)).toBe(true);
    // One receive of 256 KiB at most.
    expect(mostWaiting).toBeLessThanOrEqual(256 * 1024);
    await echo[Symbol.asyncDispose]();
  }, 40_000);

  it.each([[{ limitBytes: 0 }], [{ limitBytes: 2 ** 30 + 1 }], [{ limitBytes: 1.5 }]])('refuses %o', (options) => {
    expect(() => stage.idleProbe().queueBytes(0, Uint8Array.of(1), options)).toThrowError(
      expect.objectContaining({ code: 'ERR_SOCKMAN_OUT_OF_RANGE' }),
    );
  });
});
