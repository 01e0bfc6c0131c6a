// Machine, versions and settings of a measurement.

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { pinning } from '../lib/processes.mjs';

function compilerVersion() {
  try {
    return execFileSync(process.env.CC ?? 'cc', ['--version'], { encoding: 'utf8' }).split('\n')[0];
  } catch {
    return 'no C compiler';
  }
}

/** It paces and sizes the segments of a send, on loopback too. */
function congestionControl() {
  return readFileSync('/proc/sys/net/ipv4/tcp_congestion_control', 'latin1').trim();
}

/**
 * @param {import('../lib/types.mjs').Plan} plan
 * @returns {string[]} Lines of text.
 */
export function describeMachine(plan) {
  const processors = cpus();
  const memoryGiB = Math.round(totalmem() / 2 ** 30);
  const versions = new Set([`Node.js ${process.versions.node}`, ...plan.peers.flatMap(({ version }) => version ?? [])]);
  return [
    `Machine: ${processors[0]?.model.trim()}, ${processors.length} cores, ${memoryGiB} GiB, ${process.platform} ${release()} ${process.arch}, TCP ${congestionControl()}`,
    `Versions: ${[...versions].join(', ')}; ${compilerVersion()}`,
    // Programs that measure by themselves describe themselves.
    ...(plan.peers.length === 0
      ? []
      : [
          `Rounds: ${plan.rounds} of ${plan.windowMs} ms after ${plan.warmupMs} ms of warm-up, interleaved; ${pinning}`,
        ]),
  ];
}
