// Compiles the C, C++ and Go programs of the bench if their sources are newer, with the system's `cc`, `c++` (or $CC and $CXX)
// and `go`, to build/bench/.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BENCH_DIRECTORY = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILD_DIRECTORY = join(dirname(BENCH_DIRECTORY), 'build', 'bench');

const NATIVE_DIRECTORY = join(dirname(BENCH_DIRECTORY), 'native');

const WARNINGS = ['-Wall', '-Wextra'];
const C_FLAGS = ['-std=gnu17', '-O2', ...WARNINGS];
/** The flags of the addon. */
const CXX_FLAGS = ['-std=c++20', '-O3', '-fno-exceptions', '-fno-rtti', `-I${NATIVE_DIRECTORY}`, ...WARNINGS];

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
  go: { sources: () => [join(BENCH_DIRECTORY, 'servers', 'go.go')], libraries: [] },
  'http-epoll': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'http-epoll.c')], libraries: [] },
  'rally-epoll': { sources: () => [join(BENCH_DIRECTORY, 'servers', 'rally-epoll.c')], libraries: [] },
  'rally-engine': {
    sources: () => [join(BENCH_DIRECTORY, 'servers', 'rally-engine.cc'), ...filesIn(join(NATIVE_DIRECTORY, 'core'))],
    libraries: [],
  },
  libuv: { sources: () => [join(BENCH_DIRECTORY, 'servers', 'libuv.c')], libraries: ['-luv'] },
};

/** @param {string} folder */
function sourcesIn(folder) {
  return filesIn(join(BENCH_DIRECTORY, folder));
}

/** @param {string} directory */
function filesIn(directory) {
  return readdirSync(directory).map((name) => join(directory, name));
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/**
 * Returns the path of an up-to-date program.
 * @param {string} name - A key of `PROGRAMS`.
 * @throws {Error} It does not compile; `stderr` holds the compiler's output.
 */
export function program(name) {
  const { sources, libraries } = PROGRAMS[name];
  const inputs = sources();
  const output = join(BUILD_DIRECTORY, name);
  if (Math.max(...inputs.map(modifiedAt)) < modifiedAt(output)) return output;
  mkdirSync(BUILD_DIRECTORY, { recursive: true });
  if (inputs.some((path) => path.endsWith('.go'))) {
    execFileSync('go', ['build', '-o', output, ...inputs], { stdio: 'pipe' });
    return output;
  }
  const units = inputs.filter((path) => /\.cc?$/.test(path));
  const isCxx = units.some((path) => path.endsWith('.cc'));
  const [compiler, flags] = isCxx ? [process.env.CXX ?? 'c++', CXX_FLAGS] : [process.env.CC ?? 'cc', C_FLAGS];
  execFileSync(compiler, [...flags, ...units, '-o', output, ...libraries], { stdio: 'pipe' });
  return output;
}
