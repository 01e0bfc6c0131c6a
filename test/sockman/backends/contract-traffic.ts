// How bytes go through the sockets of a backend.

import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { EAGAIN } from '../../../ts/util/errors/errno.ts';
import type { ContractStage } from './contract-stage.ts';

export function describeTraffic({ pair }: ContractStage): void {
  describe('receiving', () => {
    it('delivers bytes in order, both ways, and counts them', async () => {
      const { dialing, listening, client, server } = await pair();
      for (let count = 0; count < 50; count++) dialing.send(client, `${count} `);
      const expected = Array.from({ length: 50 }, (_, count) => `${count} `).join('');
      await listening.until('all bytes', () => listening.of(server).byteCount === expected.length);
      expect(listening.of(server).text).toBe(expected);
      listening.send(server, 'answer');
      await dialing.until('the answer', () => dialing.of(client).text === 'answer');
      expect(dialing.backend.countersOf(client)).toMatchObject({ sentBytes: expected.length, receivedBytes: 6 });
      const counters = listening.backend.countersOf(server)!;
      expect(counters).toMatchObject({ receivedBytes: expected.length, sentBytes: 6 });
      expect(counters.lastReceiveAtMs).toBeGreaterThanOrEqual(counters.createdAtMs);
      expect(counters.lastSendAtMs).toBeGreaterThanOrEqual(counters.lastReceiveAtMs);
    });

    it('copies nothing that the caller changes after send', async () => {
      const { dialing, listening, client, server } = await pair();
      const data = Buffer.from('original');
      dialing.send(client, data);
      data.fill(0);
      await listening.until('the bytes', () => listening.of(server).byteCount === 8);
      expect(listening.of(server).text).toBe('original');
    });

    it('takes at most receiveChunkBytes from a socket in a turn', async () => {
      const { dialing, listening, client, server } = await pair({ receiveChunkBytes: 1000 });
      const sent = dialing.send(client, new Uint8Array(10_500));
      expect(sent).toBe(10_500);
      // The station checks in each turn that no record is longer and that no socket has two.
      await listening.until('all bytes', () => listening.of(server).byteCount === 10_500);
      expect(listening.of(server).events.length).toBeGreaterThanOrEqual(11);
    });

    it('serves a quiet socket while another one floods', async () => {
      const { dialing, listening, client, server, bound } = await pair({ receiveChunkBytes: 4096 });
      const quiet = dialing.connect(bound);
      await listening.until('the second accept', () => listening.accepted.length === 2);
      const quietServer = listening.accepted[1]!.handle;
      await dialing.until('the second connect', () => dialing.of(quiet).has('connected 0'));
      let flooded = 0;
      listening.onRecord = (handle) => {
        if (handle === server && !listening.of(quietServer).has('data 1')) flooded++;
      };
      dialing.onRecord = (handle) => {
        if (handle === client) dialing.fill(client);
      };
      dialing.fill(client);
      dialing.send(quiet, '!');
      await listening.until('the quiet byte', () => listening.of(quietServer).text === '!');
      // The flood fills at most the buffers in between; without turns by turns it would come first as a whole.
      expect(flooded).toBeLessThan(2000);
    });

    it('reports nothing while receiving is off, then everything, then the end', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      dialing.send(client, 'held ');
      await listening.quiet();
      dialing.send(client, 'back');
      dialing.backend.close(client);
      await listening.quiet();
      expect(listening.of(server).events).toEqual([]);
      const turnsBefore = listening.turnCount;
      await listening.quiet();
      expect(listening.turnCount).toBe(turnsBefore);
      listening.setReceiving(server, true);
      await listening.until('the end', () => listening.of(server).has('eof'));
      expect(listening.of(server).text).toBe('held back');
      expect(listening.of(server).events.at(-1)).toBe('eof');
    });

    it('gives the bytes of receive a place of their own in the slab', async () => {
      const { dialing, listening, client, server, bound } = await pair({ receiveChunkBytes: 4096 });
      dialing.connect(bound);
      await listening.until('the second accept', () => listening.accepted.length === 2);
      const { slab, deferredOffset } = listening.backend;
      expect(deferredOffset + 4096).toBeLessThanOrEqual(slab.bytes.length);
      listening.setReceiving(server, false);
      dialing.send(client, 'by hand');
      await listening.quiet();
      expect(listening.receive(server)).toBe(7);
      expect(Buffer.from(slab.bytes.slice(deferredOffset, deferredOffset + 7)).toString()).toBe('by hand');
      expect(listening.receive(server)).toBe(-EAGAIN);
    });

    it('delivers everything before the end, and the end once', async () => {
      const { dialing, listening, client, server } = await pair();
      const data = randomBytes(32 * 1024);
      expect(dialing.send(client, data)).toBe(data.length);
      expect(dialing.backend.shutdownSend(client)).toBe(0);
      await listening.until('the end', () => listening.of(server).has('eof'));
      await listening.quiet();
      expect(listening.of(server).bytes.equals(data)).toBe(true);
      expect(listening.of(server).count('eof')).toBe(1);
      expect(listening.of(server).events.at(-1)).toBe('eof');
    });
  });

  describe('sending', () => {
    it('takes no more than fits, and tells once when there is room again', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      // What is on its way frees room at first; full is full when nothing moves any more.
      let taken = dialing.fill(client);
      await dialing.quiet();
      for (let more = dialing.fill(client); more > 0; more = dialing.fill(client)) {
        taken += more;
        await dialing.quiet();
      }
      const tellings = dialing.of(client).count('writable');
      await dialing.quiet();
      expect(dialing.of(client).count('writable')).toBe(tellings);

      listening.setReceiving(server, true);
      await dialing.until('room', () => dialing.of(client).count('writable') > tellings);
      await listening.until('all bytes', () => listening.of(server).byteCount === taken);
      await dialing.quiet();
      expect(dialing.of(client).count('writable')).toBe(tellings + 1);
    });

    it('carries 16 MiB through a reader that keeps pausing, byte for byte', async () => {
      const { dialing, listening, client, server } = await pair();
      const data = randomBytes(16 * 1024 * 1024);
      let offset = 0;
      const sendOn = (): void => {
        while (offset < data.length) {
          const chunk = data.subarray(offset, offset + 100_000);
          const sent = dialing.send(client, chunk);
          offset += sent;
          if (sent < chunk.length) return;
        }
        dialing.backend.shutdownSend(client);
      };
      dialing.onRecord = () => {
        if (dialing.of(client).events.at(-1) === 'writable') sendOn();
      };
      const hash = createHash('sha256');
      listening.onRecord = (handle) => {
        for (const chunk of listening.of(handle).chunks.splice(0)) hash.update(chunk);
        if (listening.of(server).events.length % 7 !== 0) return;
        listening.setReceiving(server, false);
        setImmediate(() => listening.setReceiving(server, true));
      };
      sendOn();
      await listening.until('the end', () => listening.of(server).has('eof'));
      expect(hash.digest('hex')).toBe(createHash('sha256').update(data).digest('hex'));
    });

    it('offers what there is to receive together with the room to send', async () => {
      const { dialing, listening, client, server } = await pair();
      listening.setReceiving(server, false);
      dialing.fill(client);
      await dialing.quiet();
      const tellings = dialing.of(client).count('writable');
      dialing.fill(client);
      // Both at once: bytes for the blocked end, and a reader that drains it.
      listening.send(server, 'to you');
      listening.setReceiving(server, true);
      await dialing.until('both', () => dialing.of(client).text === 'to you');
      await dialing.until('room', () => dialing.of(client).count('writable') > tellings);
    });

    it('sends the same bytes to many, with a result for each', async () => {
      const { dialing, listening, client, server, bound } = await pair();
      const other = dialing.connect(bound);
      await listening.until('the second accept', () => listening.accepted.length === 2);
      const otherServer = listening.accepted[1]!.handle;
      dialing.backend.close(other);
      await listening.until('its end', () => listening.of(otherServer).has('eof'));
      listening.backend.close(otherServer);
      const results = new Int32Array([-7, -7, -7]);
      listening.backend.sendMany(Int32Array.of(otherServer, server, 0), 2, Buffer.from('all'), false, results);
      expect([...results]).toEqual([0, 3, -7]);
      await dialing.until('the bytes', () => dialing.of(client).text === 'all');
    });

    it('takes nothing of nothing', async () => {
      const { dialing, client } = await pair();
      expect(dialing.send(client, '')).toBe(0);
      await dialing.quiet();
      expect(dialing.of(client).events).toEqual(['connected 0']);
    });
  });
}
