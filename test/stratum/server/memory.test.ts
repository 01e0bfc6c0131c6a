// What all clients of an `Sv2Connman` together make it hold.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { MemoryBudget } from '../../../ts/index.ts';
import type { Sv2Message } from '../../../ts/stratum/messages/registry.ts';
import { encodeMessage } from '../../../ts/stratum/messages/registry.ts';
import { Sv2Connman } from '../../../ts/stratum/server/sv2-connman.ts';
import { Sv2Transport } from '../../../ts/stratum/sv2-transport.ts';
import { noteProgress, until } from '../../harness/until.ts';
import { RecordingHandler, serverStage, setupConnection } from './server-stage.ts';

const CLIENTS = 10;
const TEMPLATE_BYTES = 10_000;
const LIMIT_BYTES = 200_000;
/** Of one client: its newest template, the tip and the template that names, and what is being sent. */
const LEAST_BYTES = 4 * TEMPLATE_BYTES;

const template = (templateId: bigint): Sv2Message => ({
  name: 'NewTemplate',
  templateId,
  futureTemplate: false,
  version: 1,
  coinbaseTxVersion: 2,
  coinbasePrefix: new Uint8Array(0),
  coinbaseTxInputSequence: 0,
  coinbaseTxValueRemaining: 0n,
  coinbaseTxOutputsCount: 1,
  coinbaseTxOutputs: new Uint8Array(TEMPLATE_BYTES),
  coinbaseTxLocktime: 0,
  merklePath: [],
});

const smallBudget = (): MemoryBudget => new MemoryBudget({ totalBytes: LIMIT_BYTES, heapShare: 1 });

function sendTemplates(server: Sv2Connman, count: number, ids = server.clients().map(({ id }) => id)): void {
  for (let templateId = 1n; templateId <= BigInt(count); templateId++) {
    for (const id of ids) server.send(id, template(templateId));
  }
}

it('templates for clients that do not read are bounded together, and one that reads misses none', () => {
  const memoryBudget = smallBudget();
  const { setUp, run, server } = serverStage({ memoryBudget, network: { bufferBytes: 4_096 } });
  const reader = setUp();
  const clients = Array.from({ length: CLIENTS }, setUp);
  for (const { peer } of clients) peer.pauseReading();
  const slow = server.clients().slice(1);
  sendTemplates(
    server,
    100,
    slow.map(({ id }) => id),
  );
  expect(memoryBudget.usedBytes).toBeLessThan(LIMIT_BYTES + CLIENTS * LEAST_BYTES);
  expect(slow.every(({ droppedFrames }) => droppedFrames > 50)).toBe(true);

  const first = server.clients()[0]!;
  server.send(first.id, template(1n));
  run();
  expect(reader.read()).toMatchObject([{ templateId: 1n }]);
  expect(first.droppedFrames).toBe(0);

  for (const { peer } of clients) peer.resumeReading();
  run();
  for (const client of clients) expect(client.read().at(-1)).toMatchObject({ templateId: 100n });
  expect(memoryBudget.usedBytes).toBe(0);
});

it('memory of clients that are gone is free', () => {
  const memoryBudget = smallBudget();
  const { setUp, run, server } = serverStage({ memoryBudget, network: { bufferBytes: 4_096 } });
  const clients = Array.from({ length: CLIENTS }, setUp);
  for (const { peer } of clients) peer.pauseReading();
  sendTemplates(server, 10);
  expect(memoryBudget.usedBytes).toBeGreaterThan(LIMIT_BYTES / 2);
  for (const { peer } of clients) peer.reset();
  run();
  expect([memoryBudget.usedBytes, memoryBudget.accountCount]).toEqual([0, 0]);
});

it('templates for clients that do not read are bounded on real sockets', async () => {
  const memoryBudget = smallBudget();
  const server = new Sv2Connman({ memoryBudget, noise: false });
  const bound = server.bindAndStartListening('127.0.0.1:0');
  if (!bound.ok) throw new Error(bound.errmsg);
  server.start(new RecordingHandler());
  const sockets: Socket[] = [];
  for (let index = 0; index < CLIENTS; index++) {
    const socket = connect(bound.bound.port, '127.0.0.1');
    const transport = new Sv2Transport({ role: 'clear', maxPayloadBytes: 131_072 });
    sockets.push(socket);
    await once(socket, 'connect');
    transport.setFrameToSend(encodeMessage(setupConnection()));
    socket.write(transport.getBytesToSend(false).toSend);
    await once(socket, 'data');
    socket.pause();
  }
  await until('all clients', () => server.counts().confirmed === CLIENTS);
  // Kernels take megabytes first.
  for (let round = 0; round < 200 && server.clients().some(({ droppedFrames }) => droppedFrames === 0); round++) {
    sendTemplates(server, 100);
    await new Promise((resolve) => setImmediate(resolve));
    noteProgress();
  }
  expect(server.clients().every(({ droppedFrames }) => droppedFrames > 0)).toBe(true);
  expect(memoryBudget.usedBytes).toBeLessThan(LIMIT_BYTES + CLIENTS * LEAST_BYTES);
  for (const socket of sockets) socket.destroy();
  await server.stop();
  expect(memoryBudget.usedBytes).toBe(0);
});
