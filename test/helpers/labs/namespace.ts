// Tests in a network namespace of their own: nothing can leave the machine, and no port is taken.
//
// The test file runs itself a second time inside `unshare -rn`, which needs no root where user namespaces are allowed. The
// run outside shows as one test, whose failure carries the output of the run inside.

import { execFile, spawnSync } from 'node:child_process';
import { relative } from 'node:path';
import { describe, test } from 'vitest';

import { missingPrograms } from './programs.ts';

/** Set to the test file inside the namespace. */
const INSIDE = 'SOCKMAN_TEST_NAMESPACE';

/** What a suite inside a namespace needs. */
export interface NamespaceNeeds {
  /** Debian packages by the programs they bring. */
  readonly packages: Readonly<Record<string, string>>;
  /** How long all of it may take, in milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Defines a suite that runs inside a namespace of its own, or one skipped test that says why it cannot.
 *
 * @param file - The test file that calls: `import.meta.filename`.
 */
export function describeInNamespace(title: string, file: string, needs: NamespaceNeeds, define: () => void): void {
  const path = relative(process.cwd(), file);
  if (process.env[INSIDE] === path) {
    describe(title, define);
    return;
  }
  const reason = missingPrograms({ ...needs.packages, unshare: 'util-linux', ip: 'iproute2' }) ?? cannotUnshare();
  if (reason !== undefined) {
    console.info(`${title}: skipped, ${reason}`);
    test.skip(`${title} (skipped: ${reason})`, () => {});
    return;
  }
  test(`${title}, in a network namespace`, { timeout: needs.deadlineMs }, () => runInside(path, needs.deadlineMs));
}

function cannotUnshare(): string | undefined {
  const tried = spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
  return tried.status === 0
    ? undefined
    : `no network namespace: ${tried.stderr.trim() || `exit status ${tried.status}`}`;
}

function runInside(path: string, deadlineMs: number): Promise<void> {
  const command = `ip link set lo up && exec "${process.execPath}" node_modules/vitest/vitest.mjs run --reporter=verbose "${path}"`;
  const env = { ...process.env, [INSIDE]: path, NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    const options = { env, timeout: deadlineMs, maxBuffer: 16 * 1024 * 1024 };
    execFile('unshare', ['-rn', '--kill-child', 'sh', '-c', command], options, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });
}
