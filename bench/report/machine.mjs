// On what, with what and how it was measured.

import { execFileSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import { isPinned } from '../lib/processes.mjs';

function compilerVersion() {
  try {
    return execFileSync(process.env.CC ?? 'cc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return 'no C compiler';
  }
}

/**
 * @param {import('../lib/types.mjs').Plan} plan
 * @returns {string[]} Lines of text.
 */
export function describeMachine(plan) {
  const processors = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const versions = plan.peers.flatMap(({ version }) => version ?? []);
  return [
    `Machine: ${processors[0]?.model.trim()}, ${processors.length} cores, ${memoryGiB} GiB, ${process.platform} ${release()} ${process.arch}`,
    `Versions: Node.js ${process.versions.node}, ${[...new Set(versions)].join(', ')}; ${compilerVersion()}`,
    `Rounds: ${plan.rounds} of ${plan.windowMs} ms after ${plan.warmupMs} ms of warm-up, interleaved; ` +
      (isPinned ? 'server on core 0, load generator on core 1' : 'not pinned'),
  ];
}
