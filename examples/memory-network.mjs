// A test of a protocol over a network in memory: no port, no sleep, every fault on demand, and the same run each time.
//
// Usage: node --test examples/memory-network.mjs

import assert from 'node:assert';
import { test } from 'node:test';
import { createSockMan } from 'sockman';
import { MemoryNetwork, combineFaults, limitSends, splitReceives } from 'sockman/testing';

/**
 * Under test: a server that answers each line with its length.
 *
 * @param {import('sockman').SockManOptions} options
 */
function lineServer(options) {
  /** @type {Map<number, string>} */
  const rests = new Map();
  const server = createSockMan(
    {
      eventGotData(nodeId, data) {
        const lines = ((rests.get(nodeId) ?? '') + Buffer.from(data).toString('latin1')).split('\n');
        rests.set(nodeId, lines.pop() ?? '');
        for (const line of lines) server.queueBytes(nodeId, Buffer.from(`${line.length}\n`));
      },
      eventConnectionClosed: (nodeId) => void rests.delete(nodeId),
    },
    options,
  );
  return server;
}

for (const pieceBytes of [1, 2, 3, 7, 100]) {
  test(`lines are found when they come in pieces of ${pieceBytes} bytes`, () => {
    const faults = combineFaults(splitReceives(pieceBytes), limitSends(1, 0));
    const net = new MemoryNetwork({ seed: 1, faults });
    const server = lineServer({ backend: net.createBackend });
    server.bindAndStartListening('203.0.113.1:80');
    server.startSocketsThreads();
    const peer = net.connect('203.0.113.1:80');
    peer.send('one\nthree\n\n');
    net.clock.runUntilIdle();
    assert.equal(peer.takeText(), '3\n5\n0\n');
  });
}

test('an hour of silence passes at once, and ends nothing', () => {
  const net = new MemoryNetwork();
  const server = lineServer({ backend: net.createBackend });
  server.bindAndStartListening('203.0.113.1:80');
  server.startSocketsThreads();
  const peer = net.connect('203.0.113.1:80');
  net.clock.advance(3_600_000);
  peer.send('still here\n');
  net.clock.runUntilIdle();
  assert.equal(peer.takeText(), '10\n');
});
