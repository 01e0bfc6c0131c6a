// A connection as a Node stream: both directions, back-pressure, half-close, destroy, errors.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants } from 'node:os';
import { PassThrough, Readable } from 'node:stream';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, it } from 'vitest';
import { SystemError } from '../../ts/util/errors/system-error.ts';
import { describeEachBackend } from '../harness/backends.ts';
import { noise } from '../harness/peers/noise.ts';
import { inTime, noteProgress, until } from '../harness/until.ts';

/** Everything a stream gives until its end. */
async function readAll(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describeEachBackend('duplex', (stage) => {
  it('reads and writes, and the callbacks for the connection end', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    const events = probe.events.length;
    const stream = probe.duplex(nodeId);
    stream.write('question');
    await until('the question', () => peer.bytes.toString() === 'question');
    peer.send('answer');
    peer.end();
    expect((await inTime('the answer', readAll(stream))).toString()).toBe('answer');
    expect(probe.events.length).toBe(events);
  });

  it('can be made inside eventNewConnectionAccepted and eventGotData', async () => {
    const probe = stage.probe();
    const streams: Duplex[] = [];
    probe.on.eventNewConnectionAccepted = (nodeId) => {
      if (nodeId === 0) streams.push(probe.duplex(nodeId));
      return true;
    };
    probe.on.eventGotData = (nodeId) => {
      streams.push(probe.duplex(nodeId));
    };
    const bound = stage.listen(probe);
    const [early, late] = [await stage.dialedBy(bound), await stage.dialedBy(bound)];
    await until('both accepts', () => probe.accepted.length === 2);
    const lateFirst = probe.addressesOf(0)!.remote.toString() === late.local;
    const [first, second] = lateFirst ? [late, early] : [early, late];
    first.send('all of it');
    first.end();
    second.send('callback');
    await until('the second stream', () => streams.length === 2);
    second.send('stream');
    second.end();
    expect((await inTime('the first', readAll(streams[0]!))).toString()).toBe('all of it');
    expect((await inTime('the second', readAll(streams[1]!))).toString()).toBe('stream');
    expect(probe.text(1)).toBe('callback');
  });

  it('carries 16 MiB through a pipeline both ways', async () => {
    const server = stage.probe();
    const client = stage.probe();
    server.on.eventNewConnectionAccepted = (nodeId) => {
      const stream = server.duplex(nodeId);
      pipeline(stream, stream).catch(() => {});
      return true;
    };
    const stream = client.duplex(await stage.dial(client, stage.listen(server)));
    const block = noise(1, 1 << 20);
    const hash = createHash('sha256');
    const done = pipeline(
      Readable.from(
        (function* () {
          for (let count = 0; count < 16; count++) yield block;
        })(),
      ),
      stream,
      hash,
    );
    await inTime('the echo', done, 40_000);
    const expected = createHash('sha256');
    for (let count = 0; count < 16; count++) expected.update(block);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  }, 45_000);

  it('pushes back on a peer while nobody reads, and on a writer while the peer does not', async () => {
    const server = stage.probe();
    const client = stage.probe();
    const accepted: Duplex[] = [];
    server.on.eventNewConnectionAccepted = (nodeId) => {
      accepted.push(server.duplex(nodeId));
      return true;
    };
    const writer = client.duplex(await stage.dial(client, stage.listen(server)));
    await until('the accept', () => accepted.length === 1);
    const reader = accepted[0]!;
    let written = 0;
    const block = noise(2, 1 << 20);
    // An unread stream holds its high-water mark, the kernels their buffers: after that, no write completes.
    const writeAll = (async () => {
      for (let count = 0; count < 40; count++) {
        if (!writer.write(block)) await once(writer, 'drain');
        written += block.length;
      }
      writer.end();
    })();
    const stalledAt = await stage.still(() => written);
    expect(stalledAt).toBeLessThan(20 * block.length);
    const received = await inTime('all bytes', readAll(reader), 20_000);
    await writeAll;
    expect(received.length).toBe(40 * block.length);
    expect(received.subarray(-block.length).equals(block)).toBe(true);
  }, 30_000);

  it('sends what queueBytes kept before it ends', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    const words = Buffer.alloc(16 * 1024 * 1024, 3);
    expect(probe.queueBytes(nodeId, words)).toBeGreaterThan(0);
    const stream = probe.duplex(nodeId);
    stream.resume();
    peer.end();
    stream.end();
    await once(stream, 'end');
    peer.resumeReading();
    await until('the EOF', () => peer.hasEOF || peer.brokenBy !== undefined);
    expect(peer.receivedBytes).toBe(words.length);
    await until('the close', () => stream.closed);
  });

  it('half-closes with end(), and goes on reading', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    stream.end('last');
    await until('the end', () => peer.hasEOF);
    expect(peer.bytes.toString()).toBe('last');
    expect(probe.connectionCount).toBe(1);
    peer.send('still talking');
    peer.end();
    expect((await inTime('the rest', readAll(stream))).toString()).toBe('still talking');
    await until('the close', () => probe.connectionCount === 0);
  });

  it('keeps writing after the peer ended', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    peer.end();
    await inTime('the end', readAllKeepingOpen(stream));
    stream.end('afterwards');
    await until('the bytes', () => peer.hasEOF);
    expect(peer.bytes.toString()).toBe('afterwards');
  });

  it('ends a stream that is made after the EOF was told', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.end();
    await until('the EOF', () => probe.has(`eof ${nodeId}`));
    const stream = probe.duplex(nodeId);
    await inTime('the end', readAllKeepingOpen(stream));
    stream.end('answer');
    await until('the answer', () => peer.hasEOF);
    expect(peer.bytes.toString()).toBe('answer');
  });

  it('fails a stream that is made after a read error was told', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.reset();
    await until('the error', () => probe.hasEnded(nodeId));
    const stream = probe.duplex(nodeId);
    const [error] = (await inTime('the error', once(stream, 'error'))) as unknown[];
    expect(error).toMatchObject({ code: 'ECONNRESET', syscall: 'read' });
  });

  it.each([
    ['bytes', 'all of it'],
    ['an EOF', ''],
  ])('takes %s along when shouldTryToRecv makes it', async (_title, text) => {
    const streams: Duplex[] = [];
    const { probe, peer, nodeId } = await stage.connected(
      {},
      {
        shouldTryToRecv: (id) => {
          streams.push(probe.duplex(id));
          noteProgress();
          return true;
        },
      },
    );
    await until('the first word', () => probe.has(`ready ${nodeId}`));
    if (text !== '') peer.send(text);
    peer.end();
    await until('the stream', () => streams.length === 1);
    expect((await inTime('the end', readAll(streams[0]!))).toString()).toBe(text);
    expect(probe.eventsOf(nodeId)).toEqual([`accepted ${nodeId}`]);
    expect(probe.stats().receivedBytes).toBe(text.length);
  });

  it('closes the connection on destroy()', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    stream.destroy();
    await once(stream, 'close');
    await until('the peer to notice', () => peer.hasEOF);
    expect(probe.connectionCount).toBe(0);
  });

  it.each(['closeConnection', 'resetConnection', 'closeSockets'] as const)('is destroyed by %s', async (how) => {
    const { probe, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    const closed = once(stream, 'close');
    probe[how](nodeId);
    await inTime('the close', closed);
    expect(stream.destroyed).toBe(true);
  });

  it('fails with code, errno and system call when the peer resets', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    const stream = probe.duplex(nodeId);
    stream.resume();
    const failed = once(stream, 'error');
    peer.reset();
    const [error] = (await inTime('the error', failed)) as unknown[];
    expect(error).toMatchObject({
      code: 'ECONNRESET',
      errno: -constants.errno.ECONNRESET,
      syscall: 'read',
      address: '127.0.0.1',
      port: Number(peer.local!.split(':')[1]),
      connectionId: nodeId,
      sockmanCode: 'ERR_SOCKMAN_SYSTEM',
    });
    expect(error).toBeInstanceOf(SystemError);
    expect(probe.connectionCount).toBe(0);
  });

  it('fails pending writes when it is destroyed', async () => {
    const { probe, peer, nodeId } = await stage.connected();
    peer.pauseReading();
    const stream = probe.duplex(nodeId);
    const results: unknown[] = [];
    stream.write(new Uint8Array(32 << 20), (error) => results.push(error));
    stream.on('error', () => {});
    await stage.settled();
    stream.destroy();
    await once(stream, 'close');
    expect(results).toHaveLength(1);
    expect(results[0]).toBeInstanceOf(Error);
  });

  it('is refused for an id that is unknown or handed over', async () => {
    const { probe, nodeId } = await stage.connected();
    probe.duplex(nodeId);
    for (const id of [nodeId, 99]) {
      expect(() => probe.duplex(id)).toThrowError(
        expect.objectContaining({ code: 'ERR_SOCKMAN_STATE', connectionId: id }),
      );
    }
  });
});

/** Waits for the end of the readable side only. */
async function readAllKeepingOpen(stream: Duplex): Promise<void> {
  const sink = new PassThrough();
  sink.resume();
  stream.pipe(sink);
  await once(stream, 'end');
}
