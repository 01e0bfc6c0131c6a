// Packs the package, installs the tools of tools/package.json, and serves the tarball: once, for all tests.

import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { startRegistry } from './registry.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Temporary folder of the run. */
    work: string;
    /** The packed package. */
    tarball: string;
    registryUrl: string;
  }
}

const ROOT = join(import.meta.dirname, '..', '..');
const execute = promisify(execFile);

export async function setup(project: TestProject): Promise<() => void> {
  const work = mkdtempSync(join(tmpdir(), 'sockman-package-'));
  const tools = join(work, 'tools');
  mkdirSync(tools);
  for (const file of ['package.json', 'package-lock.json'])
    copyFileSync(join(import.meta.dirname, 'tools', file), join(tools, file));
  const [, packed] = await Promise.all([
    execute('npm', ['ci', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: tools }),
    pack(work),
  ]);
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<string, unknown>;
  const registry = await startRegistry(packed, manifest);
  project.provide('work', work);
  project.provide('tarball', packed);
  project.provide('registryUrl', registry.url);
  return () => {
    registry.close();
    rmSync(work, { recursive: true, force: true });
  };
}

/** What `prepack` does, without what `prepare` does besides: the checkout is built already. */
async function pack(target: string): Promise<string> {
  await execute('npm', ['run', 'prepack'], { cwd: ROOT });
  const { stdout } = await execute('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', target], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(target, filename);
}
