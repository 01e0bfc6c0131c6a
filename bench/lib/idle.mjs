// The cost of idle connections: CPU, and the memory of the process beyond that without them.

import { runLoad, Server } from './processes.mjs';
import { median } from './statistics.mjs';

const WARM_UP = { mode: 'echo', connections: 500, messageBytes: 64, warmupMs: 0 };
const IDLE = { mode: 'idle' };
const CONNECTIONS = 8_000;
const SMOKE_CONNECTIONS = 200;
const WINDOW_MS = 2_000;
/** Processes of each server, in sequence: how a garbage collector packs its heap varies. */
const PROCESSES = 3;

/**
 * One process of one server.
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Peer} peer
 * @param {import('./types.mjs').Plan} plan
 */
async function measureProcess(bench, peer, plan) {
  const idle = plan.isSmoke ? SMOKE_CONNECTIONS : CONNECTIONS;
  const windowMs = plan.isSmoke ? plan.windowMs : WINDOW_MS;
  const server = await Server.start(peer, 'echo', true);
  // Some traffic first, so that compiled code and first-use buffers do not count as memory of the connections.
  const { warmUp = WARM_UP, idleLoad = IDLE } = bench;
  await runLoad(server, { ...warmUp, connections: Math.min(idle, warmUp.connections ?? 1), windowMs: plan.windowMs });
  await server.collectGarbage();
  const emptyBytes = server.anonymousBytes();
  let fullBytes = 0;
  const report = await runLoad(server, { ...idleLoad, idle, warmupMs: 200, windowMs }, async () => {
    await server.collectGarbage();
    fullBytes = server.anonymousBytes();
  });
  server.stop();
  return {
    idleCpu: report.serverCpuSeconds / report.seconds,
    bytesPerConnection: (fullBytes - emptyBytes) / idle,
    emptyBytes,
  };
}

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureIdle(bench, plan, progress) {
  const rows = [];
  for (const peer of plan.peers) {
    const samples = [];
    for (let process = 0; process < (plan.isSmoke ? 1 : PROCESSES); ++process) {
      progress(`${bench.name}: ${peer.title}, process ${process + 1}`);
      samples.push(await measureProcess(bench, peer, plan));
    }
    const of = (key) => median(samples.map((sample) => sample[key]));
    const values = {
      idleCpu: of('idleCpu'),
      bytesPerConnection: of('bytesPerConnection'),
      emptyBytes: of('emptyBytes'),
    };
    rows.push({ peer: peer.name, title: peer.title, values });
  }
  const idle = plan.isSmoke ? SMOKE_CONNECTIONS : CONNECTIONS;
  const title = `${idle.toLocaleString('en')} idle connections`;
  return [{ bench: bench.name, case: bench.name, title, columns: 'idle', rows }];
}
