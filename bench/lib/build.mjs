// Compiles the C programs of the bench when their sources are newer, with the system's `cc` (or $CC), to build/bench/.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH_DIRECTORY = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD_DIRECTORY = join(dirname(BENCH_DIRECTORY), 'build', 'bench');

const FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra'];

/** @type {Record<string, { sources: () => string[], libraries: string[] }>} */
const PROGRAMS = {
  bip324: {
    sources: () => [join(BENCH_DIRECTORY, 'cases', 'programs', 'openssl', 'bip324.c')],
    libraries: ['-lcrypto'],
  },
  load: { sources: () => sourcesIn('load'), libraries: [] },
  'crawl-epoll': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'crawl-epoll.c')], libraries: [] },
  'dial-socks5': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'dial-socks5.c')], libraries: [] },
  'grant-socks5': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'grant-socks5.c')], libraries: [] },
  epoll: { sources: () => [join(BENCH_DIRECTORY, 'servers', 'epoll.c')], libraries: [] },
  'http-epoll': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'http-epoll.c')], libraries: [] },
  libuv: { sources: () => [join(BENCH_DIRECTORY, 'servers', 'libuv.c')], libraries: ['-luv'] },
};

/** @param {string} folder */
function sourcesIn(folder) {
  const directory = join(BENCH_DIRECTORY, folder);
  return readdirSync(directory).map((name) => join(directory, name));
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Returns the path of an up-to-date program.
 * @param {string} name - `bip324`, `crawl-epoll`, `dial-socks5`, `grant-socks5`, `load`, `epoll`, `http-epoll` or `libuv`.
 * @throws {Error} When it does not compile; `stderr` holds what the compiler said.
 */
export function program(name) {
  const { sources, libraries } = PROGRAMS[name];
  const inputs = sources();
  const output = join(BUILD_DIRECTORY, name);
  if (Math.max(...inputs.map(modifiedAt)) < modifiedAt(output)) return output;
  mkdirSync(BUILD_DIRECTORY, { recursive: true });
  const units = inputs.filter((path) => path.endsWith('.c'));
  execFileSync(process.env.CC ?? 'cc', [...FLAGS, ...units, '-o', output, ...libraries], { stdio: 'pipe' });
  return output;
}
