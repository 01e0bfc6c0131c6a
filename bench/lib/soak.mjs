// Does a server grow while connections come and go? A million cycles of connect, one echo and close, with a look at
// the memory after each tenth and at the descriptors in the end.

import { runLoad, Server } from './processes.mjs';

const CYCLES = 1_000_000;
const SMOKE_CYCLES = 1_000;
const PARTS = 10;
const SMOKE_PARTS = 2;
const CONCURRENT_CONNECTIONS = 64;

/**
 * @param {import('./types.mjs').Bench} bench
 * @param {import('./types.mjs').Plan} plan
 * @param {(text: string) => void} progress
 * @returns {Promise<import('./types.mjs').Table[]>}
 */
export async function measureSoak(bench, plan, progress) {
  const total = plan.isSmoke ? SMOKE_CYCLES : CYCLES;
  const parts = plan.isSmoke ? SMOKE_PARTS : PARTS;
  const cycles = total / parts;
  const rows = [];
  for (const peer of plan.peers.filter(({ name }) => bench.peers?.includes(name) ?? true)) {
    const server = await Server.start(peer, 'echo', true);
    const load = { mode: 'soak', connections: CONCURRENT_CONNECTIONS, messageBytes: 64, cycles };
    const sizes = [];
    let seconds = 0;
    const descriptorsBefore = server.descriptorCount();
    for (let part = 0; part < parts; ++part) {
      progress(
        `${bench.name}: ${peer.title}, ${(part * cycles).toLocaleString('en')} of ${total.toLocaleString('en')} cycles`,
      );
      seconds += (await runLoad(server, load)).seconds;
      await server.collectGarbage();
      sizes.push(server.anonymousBytes());
    }
    const values = {
      cyclesPerSecond: total / seconds,
      // Pools fill once, code is compiled once, and V8 enlarges its young generation once: only growth in the second half
      // counts.
      halfwayBytes: sizes[parts / 2 - 1],
      lastBytes: sizes.at(-1),
      growthPerCycle: (sizes.at(-1) - sizes[parts / 2 - 1]) / (total / 2),
      leakedDescriptors: server.descriptorCount() - descriptorsBefore,
    };
    server.stop();
    rows.push({ peer: peer.name, title: peer.title, values });
  }
  const title = `${total.toLocaleString('en')} connections opened, echoed and closed`;
  return [{ bench: bench.name, case: bench.name, title, columns: 'soak', rows }];
}
