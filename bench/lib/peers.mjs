// The servers that take part, and their commands.

import { join, resolve } from 'node:path';
import { BENCH_DIRECTORY, program } from './build.mjs';
import { runtime } from './runtimes.mjs';
import { Server } from './processes.mjs';

/** @param {string} name */
const script = (name) => join(BENCH_DIRECTORY, 'servers', name);

/** @param {string} file @param {(mode: string) => string[]} parameters */
function node(file, parameters) {
  /** @param {string} mode @param {boolean} collectsGarbage */
  return (mode, collectsGarbage) => [
    process.execPath,
    ...(collectsGarbage ? ['--expose-gc'] : []),
    script(file),
    ...parameters(mode),
  ];
}

/** @param {'bun' | 'deno'} name @param {string[]} parameters */
function otherRuntime(name, parameters) {
  const path = runtime(name);
  if (path === undefined) throw new Error('not installed; --with-bun-deno installs it');
  return [path, ...parameters];
}

function goProgram() {
  try {
    return program('go');
  } catch (error) {
    throw error.code === 'ENOENT' ? new Error('`go` is not on the path') : error;
  }
}

/** In the order of the tables. @type {import('./types.mjs').Peer[]} */
const PEERS = [
  { name: 'c-64k', title: 'C epoll, 64 KiB', isYardstick: true, command: (mode) => [program('epoll'), mode, '65536'] },
  {
    name: 'c-256k',
    title: 'C epoll, 256 KiB',
    isYardstick: true,
    command: (mode) => [program('epoll'), mode, '262144'],
  },
  { name: 'sockman', title: 'SockMan', isOurs: true, command: node('sockman.mjs', (mode) => [mode, 'native/epoll']) },
  {
    name: 'sockman-poll',
    title: 'SockMan, poll',
    isOurs: true,
    command: node('sockman.mjs', (mode) => [mode, 'native/poll']),
  },
  {
    name: 'sockman-node-net',
    title: 'SockMan on node:net',
    isOurs: true,
    command: node('sockman.mjs', (mode) => [mode, 'node-net']),
  },
  { name: 'libuv', title: 'C libuv', command: (mode) => [program('libuv'), mode] },
  { name: 'node-net', title: 'node:net', command: node('node-net.mjs', (mode) => [mode]) },
  { name: 'bun', title: 'Bun', command: (mode) => otherRuntime('bun', ['run', script('bun.mjs'), mode]) },
  {
    name: 'deno',
    title: 'Deno',
    command: (mode, collectsGarbage) =>
      otherRuntime('deno', [
        'run',
        '--no-config',
        '--allow-net=127.0.0.1',
        ...(collectsGarbage ? ['--v8-flags=--expose-gc'] : []),
        script('deno.mjs'),
        mode,
      ]),
  },
  { name: 'go', title: 'Go', command: (mode) => [goProgram(), mode] },
];

/**
 * SockMan of another checkout, built: shows the effect of a change in the same rounds.
 * @param {string} folder
 * @returns {import('./types.mjs').Peer}
 */
function earlierSockMan(folder) {
  const server = join(resolve(folder), 'bench', 'servers', 'sockman.mjs');
  return {
    name: 'before',
    title: 'SockMan before',
    isOurs: true,
    command: (mode, collectsGarbage) => [
      process.execPath,
      ...(collectsGarbage ? ['--expose-gc'] : []),
      server,
      mode,
      'native/epoll',
    ],
  };
}

/**
 * Finds the servers that can take part, by starting each once.
 * @param {string[]} names - Servers to try; empty for all.
 * @param {string} [before] - Another checkout, which takes part too.
 * @returns {Promise<{ available: import('./types.mjs').Peer[], missing: { peer: import('./types.mjs').Peer, why: string }[] }>}
 */
export async function findPeers(names, before) {
  const peers = before === undefined ? PEERS : [...PEERS, earlierSockMan(before)];
  const isAsked = ({ name }) => names.length === 0 || names.includes(name) || name === 'before';
  const unknown = names.filter((name) => !peers.some((peer) => peer.name === name));
  const known = peers.map((peer) => peer.name).join(', ');
  if (unknown.length > 0) throw new Error(`No peer ${unknown.join(', ')}; there are ${known}`);
  const available = [];
  const missing = [];
  for (const peer of peers.filter(isAsked)) {
    try {
      const server = await Server.start(peer, 'echo');
      server.stop();
      available.push({ ...peer, ...(server.version && { version: server.version }) });
    } catch (error) {
      missing.push({
        peer,
        why: String(error.stderr || error.message)
          .trim()
          .split('\n')[0],
      });
    }
  }
  return { available, missing };
}
