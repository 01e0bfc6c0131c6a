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

/** Servers of JSON-RPC, under the names of the peers of their kind. @type {Record<string, Partial<import('./types.mjs').Peer>>} */
const RPC_PEERS = {
  sockman: { title: 'RpcServer', command: node('rpc-sockman.mjs') },
  'node-net': { title: 'node:http', command: node('rpc-node.mjs') },
};

/** Takes part if BITCOIND is set. @type {import('./types.mjs').Peer} */
const BITCOIND = { name: 'bitcoind', title: 'bitcoind', command: node('rpc-bitcoind.mjs') };

/** As `measureHttp`; a note gives our rate as a multiple of each other's. @type {typeof measureTraffic} */
export async function measureRpc(bench, plan, progress) {
  const peers = plan.peers
    .filter(({ name }) => name in RPC_PEERS)
    .map((peer) => ({ ...peer, ...RPC_PEERS[peer.name] }));
  if (process.env['BITCOIND'] && !plan.isSmoke) peers.push(BITCOIND);
  const tables = await measureTraffic(bench, { ...plan, peers }, progress);
  return tables.map((table) => ({ ...table, note: [table.note, timesOthers(table)].filter(Boolean).join('; ') }));
}

/** @param {import('./types.mjs').Table} table */
function timesOthers({ rows }) {
  const ours = rows.find(({ peer }) => peer === 'sockman')?.values;
  const others = rows.filter(({ peer }) => peer !== 'sockman');
  const times = others.map(({ title, values }) => {
    const cpu = (values['cpu'] ?? 0) / (ours?.['cpu'] ?? Infinity);
    return `${((ours?.['rate'] ?? 0) / (values['rate'] ?? Infinity)).toFixed(2)} × the rate of ${title}, whose CPU is ${cpu.toFixed(2)} × ours`;
  });
  return times.join('; ');
}
