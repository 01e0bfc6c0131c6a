// Tests in their own network namespace: no traffic leaves the machine, and no port is taken.
//
// The test file runs itself a second time inside `unshare -rn`, which needs no root where user namespaces are allowed. The
// run outside shows as one test, whose failure carries the output of the run inside. Where a process namespace can be had
// too, whatever the run inside started ends with it, a run that took too long included.

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
  const missing = missingPrograms({ ...needs.packages, unshare: 'util-linux', ip: 'iproute2' });
  const way = missing === undefined ? wayIn() : { reason: missing };
  if ('reason' in way) {
    console.info(`${title}: skipped, ${way.reason}`);
    test.skip(`${title} (skipped: ${way.reason})`, () => {});
    return;
  }
  // The run inside is ended a little earlier, so that its output is what fails the test.
  const timeout = needs.deadlineMs + 5_000;
  test(`${title}, in a network namespace`, { timeout }, () => runInside(way, path, needs.deadlineMs));
}

/** Ways to make a namespace, best first. */
const WAYS = [
  ['-rnpf', '--mount-proc', '--kill-child'],
  ['-rn', '--kill-child'],
];

/** The best way that works here, or why none does. */
function wayIn(): string[] | { reason: string } {
  let reason = '';
  for (const way of WAYS) {
    const tried = spawnSync('unshare', [...way, 'ip', 'link', 'set', 'lo', 'up'], { encoding: 'utf8' });
    if (tried.status === 0) return way;
    reason = `no network namespace: ${tried.stderr.trim() || `exit status ${tried.status}`}`;
  }
  return { reason };
}

function runInside(way: readonly string[], path: string, deadlineMs: number): Promise<void> {
  const vitest = `"${process.execPath}" node_modules/vitest/vitest.mjs run --reporter=verbose`;
  const command = `ip link set lo up && exec ${vitest} "${path}"`;
  const env = { ...process.env, [INSIDE]: path, NO_COLOR: '1' };
  return new Promise((resolve, reject) => {
    const options = { env, timeout: deadlineMs, killSignal: 'SIGKILL' as const, maxBuffer: 16 * 1024 * 1024 };
    execFile('unshare', [...way, 'sh', '-c', command], options, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });
}
