// What connections cost that say nothing: CPU, and memory of the process beyond what it had without them.

import { runLoad, Server } from './processes.mjs';

const WARM_UP = { mode: 'echo', connections: 500, messageBytes: 64, warmupMs: 0 };
const CONNECTIONS = 8_000;
const SMOKE_CONNECTIONS = 200;
const WINDOW_MS = 2_000;

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureIdle(bench, plan, progress) {
  const idle = plan.isSmoke ? SMOKE_CONNECTIONS : CONNECTIONS;
  const windowMs = plan.isSmoke ? plan.windowMs : WINDOW_MS;
  const rows = [];
  for (const peer of plan.peers) {
    progress(`${bench.name}: ${peer.title}`);
    const server = await Server.start(peer, 'echo', true);
    // Some traffic first, so that compiled code and first-use buffers are not counted as the connections' own.
    await runLoad(server, { ...WARM_UP, connections: Math.min(idle, WARM_UP.connections), windowMs: plan.windowMs });
    await server.collectGarbage();
    const emptyBytes = server.anonymousBytes();
    let fullBytes = 0;
    const report = await runLoad(server, { mode: 'idle', idle, warmupMs: 200, windowMs }, async () => {
      await server.collectGarbage();
      fullBytes = server.anonymousBytes();
    });
    server.stop();
    rows.push({
      peer: peer.name,
      title: peer.title,
      values: {
        idleCpu: report.serverCpuSeconds / report.seconds,
        bytesPerConnection: (fullBytes - emptyBytes) / idle,
        emptyBytes,
      },
    });
  }
  const title = `${idle.toLocaleString('en')} idle connections`;
  return [{ bench: bench.name, case: bench.name, title, columns: 'idle', rows }];
}
