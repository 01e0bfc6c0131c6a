// Checks of how bytes pass through the sockets of a backend.

import * as assert from 'node:assert';
import { createHash, randomBytes } from 'node:crypto';

import { EAGAIN } from '../../util/errors/errno.ts';
import { assertHas } from './assert-has.ts';
import type { CheckMaker } from './check.ts';

export function checkTraffic(check: CheckMaker): void {
  check('receiving: delivers bytes in order, both ways, and counts them', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    for (let count = 0; count < 50; count++) dialing.send(client, `${count} `);
    const expected = Array.from({ length: 50 }, (_, count) => `${count} `).join('');
    await listening.until('all bytes', () => listening.of(server).byteCount === expected.length);
    assert.strictEqual(listening.of(server).text, expected);
    listening.send(server, 'answer');
    await dialing.until('the answer', () => dialing.of(client).text === 'answer');
    assertHas(dialing.backend.countersOf(client), { sentBytes: expected.length, receivedBytes: 6 });
    const counters = listening.backend.countersOf(server)!;
    assertHas(counters, { receivedBytes: expected.length, sentBytes: 6 });
    assert.ok(counters.lastReceiveAtMs >= counters.createdAtMs);
    assert.ok(counters.lastSendAtMs >= counters.lastReceiveAtMs);
  });

  check('receiving: copies nothing that the caller changes after send', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    const data = Buffer.from('original');
    dialing.send(client, data);
    data.fill(0);
    await listening.until('the bytes', () => listening.of(server).byteCount === 8);
    assert.strictEqual(listening.of(server).text, 'original');
  });

  check('receiving: takes at most receiveChunkBytes from a socket in a turn', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair({ receiveChunkBytes: 1000 });
    const sent = dialing.send(client, new Uint8Array(10_500));
    assert.strictEqual(sent, 10_500);
    // The station checks in each turn that no record is longer and that no socket has two.
    await listening.until('all bytes', () => listening.of(server).byteCount === 10_500);
    assert.ok(listening.of(server).events.length >= 11);
  });

  check('receiving: serves a quiet socket while another one floods', async ({ pair }) => {
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
    // The flood fills at most the buffers in between; without a fair order all of it would come first.
    assert.ok(flooded < 2000);
  });

  check('receiving: reports nothing while receiving is off, then everything, then the end', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    listening.setReceiving(server, false);
    dialing.send(client, 'held ');
    await listening.quiet();
    dialing.send(client, 'back');
    dialing.backend.close(client);
    await listening.quiet();
    assert.deepStrictEqual(listening.of(server).events, []);
    const turnsBefore = listening.turnCount;
    await listening.quiet();
    assert.strictEqual(listening.turnCount, turnsBefore);
    listening.setReceiving(server, true);
    await listening.until('the end', () => listening.of(server).has('eof'));
    assert.strictEqual(listening.of(server).text, 'held back');
    assert.strictEqual(listening.of(server).events.at(-1), 'eof');
  });

  check('receiving: gives the bytes of receive a place of their own in the slab', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair({ receiveChunkBytes: 4096 });
    dialing.connect(bound);
    await listening.until('the second accept', () => listening.accepted.length === 2);
    const { slab, deferredOffset } = listening.backend;
    assert.ok(deferredOffset + 4096 <= slab.bytes.length);
    listening.setReceiving(server, false);
    dialing.send(client, 'by hand');
    await listening.quiet();
    assert.strictEqual(listening.receive(server), 7);
    assert.strictEqual(Buffer.from(slab.bytes.slice(deferredOffset, deferredOffset + 7)).toString(), 'by hand');
    assert.strictEqual(listening.receive(server), -EAGAIN);
  });

  check('receiving: delivers everything before the end, and the end once', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    const data = randomBytes(32 * 1024);
    assert.strictEqual(dialing.send(client, data), data.length);
    assert.strictEqual(dialing.backend.shutdownSend(client), 0);
    await listening.until('the end', () => listening.of(server).has('eof'));
    await listening.quiet();
    assert.strictEqual(listening.of(server).bytes.equals(data), true);
    assert.strictEqual(listening.of(server).count('eof'), 1);
    assert.strictEqual(listening.of(server).events.at(-1), 'eof');
  });

  check('sending: takes no more than fits, and tells once when there is room again', async ({ pair }) => {
    const { dialing, listening, client, server } = await pair();
    listening.setReceiving(server, false);
    // Bytes in transit free some room at first; the buffers are full when nothing moves any more.
    let taken = dialing.fill(client);
    await dialing.quiet();
    for (let more = dialing.fill(client); more > 0; more = dialing.fill(client)) {
      taken += more;
      await dialing.quiet();
    }
    const tellings = dialing.of(client).count('writable');
    await dialing.quiet();
    assert.strictEqual(dialing.of(client).count('writable'), tellings);

    listening.setReceiving(server, true);
    await dialing.until('room', () => dialing.of(client).count('writable') > tellings);
    await listening.until('all bytes', () => listening.of(server).byteCount === taken);
    await dialing.quiet();
    assert.strictEqual(dialing.of(client).count('writable'), tellings + 1);
  });

  check('sending: carries 16 MiB through a reader that keeps pausing, byte for byte', async ({ pair }) => {
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
    assert.strictEqual(hash.digest('hex'), createHash('sha256').update(data).digest('hex'));
  });

  check('sending: tells a blocked end of bytes as well as of room', async ({ pair }) => {
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

  check('sending: sends the same bytes to many, with a result for each', async ({ pair }) => {
    const { dialing, listening, client, server, bound } = await pair();
    const other = dialing.connect(bound);
    await listening.until('the second accept', () => listening.accepted.length === 2);
    const otherServer = listening.accepted[1]!.handle;
    dialing.backend.close(other);
    await listening.until('its end', () => listening.of(otherServer).has('eof'));
    listening.backend.close(otherServer);
    const results = new Int32Array([-7, -7, -7]);
    listening.backend.sendMany(Int32Array.of(otherServer, server, 0), 2, Buffer.from('all'), false, results);
    assert.deepStrictEqual([...results], [0, 3, -7]);
    await dialing.until('the bytes', () => dialing.of(client).text === 'all');
  });

  check('sending: takes nothing of nothing', async ({ pair }) => {
    const { dialing, client } = await pair();
    assert.strictEqual(dialing.send(client, ''), 0);
    await dialing.quiet();
    assert.deepStrictEqual(dialing.of(client).events, ['connected 0']);
  });
}
