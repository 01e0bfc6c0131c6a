// The HTTP benches: the measurements of the others, with HTTP servers under the names of their peers.

import { join } from 'node:path';
import { BENCH_DIRECTORY, program } from './build.mjs';
import { measureIdle } from './idle.mjs';
import { runtime } from './runtimes.mjs';
import { measureTraffic } from './traffic.mjs';

/** @param {string} name */
const script = (name) => join(BENCH_DIRECTORY, 'servers', name);

/** @param {string} file */
const node = (file) => (/** @type {string} */ _mode, /** @type {boolean} */ collectsGarbage) => [
  process.execPath,
  ...(collectsGarbage ? ['--expose-gc'] : []),
  script(file),
];

/** @type {Record<string, Partial<import('./types.mjs').Peer>>} */
const HTTP_PEERS = {
  'c-64k': { title: 'C epoll', command: () => [program('http-epoll')] },
  sockman: { title: 'HttpServer', command: node('http-sockman.mjs') },
  bun: { title: 'Bun.serve', command: () => [/** @type {string} */ (runtime('bun')), script('http-bun.mjs')] },
  'node-net': { title: 'node:http', command: node('http-node.mjs') },
};

/** @param {import('./types.mjs').Plan} plan @returns {import('./types.mjs').Plan} */
function withHttpPeers(plan) {
  const peers = plan.peers
    .filter(({ name }) => name in HTTP_PEERS)
    .map((peer) => ({ ...peer, ...HTTP_PEERS[peer.name] }));
  return { ...plan, peers };
}

/** @type {typeof measureTraffic} */
export const measureHttp = (bench, plan, progress) => measureTraffic(bench, withHttpPeers(plan), progress);

/** @type {typeof measureIdle} */
export const measureHttpIdle = (bench, plan, progress) => measureIdle(bench, withHttpPeers(plan), progress);
