// The Bun and Deno binaries: npm packages without dependencies, installed into a cache folder on request. This package does
// not depend on them.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BENCH_DIRECTORY } from './build.mjs';

const RUNTIMES_DIRECTORY = join(dirname(BENCH_DIRECTORY), 'node_modules', '.cache', 'sockman-bench');

/** Package and path of the binary in it, by platform. @type {Record<string, { bun: string[], deno: string[] }>} */
const PACKAGES = {
  'linux-x64': { bun: ['@oven/bun-linux-x64', 'bin/bun'], deno: ['@deno/linux-x64-glibc', 'deno'] },
  'linux-arm64': { bun: ['@oven/bun-linux-aarch64', 'bin/bun'], deno: ['@deno/linux-arm64-glibc', 'deno'] },
};

/** Path of a runtime's binary, or undefined while it is not installed. @param {'bun' | 'deno'} name */
export function runtime(name) {
  const [packageName, binary] = PACKAGES[`${process.platform}-${process.arch}`]?.[name] ?? [];
  if (packageName === undefined) return undefined;
  const path = join(RUNTIMES_DIRECTORY, 'node_modules', packageName, binary);
  return existsSync(path) ? path : undefined;
}

/** Installs both runtimes from the npm registry, about 200 MB; does nothing if they are there. */
export function installRuntimes() {
  const packages = PACKAGES[`${process.platform}-${process.arch}`];
  if (packages === undefined) throw new Error(`No Bun and Deno packages for ${process.platform}-${process.arch}`);
  if (runtime('bun') !== undefined && runtime('deno') !== undefined) return;
  mkdirSync(RUNTIMES_DIRECTORY, { recursive: true });
  const names = [packages.bun[0], packages.deno[0]];
  const parameters = [
    'install',
    '--prefix',
    RUNTIMES_DIRECTORY,
    '--no-save',
    '--ignore-scripts',
    '--no-audit',
    ...names,
  ];
  execFileSync('npm', parameters, { stdio: 'inherit' });
}
