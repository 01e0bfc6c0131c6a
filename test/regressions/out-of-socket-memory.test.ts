// ENOBUFS of a send counted as "no room", and a socket that the kernel called writable all the same was tried again at once, and
// again; of a receive it ended the connection. A listener whose address the system did not tell was reported as port 0.

import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { SHORTAGE_REST_MS } from '../../ts/sockman/backends/resting-sockets.ts';
import { SYSTEM_BACKENDS } from '../harness/child.ts';
import { noStrace } from '../harness/strace.ts';

const CHILD = join(import.meta.dirname, 'children', 'out-of-memory.mjs');
/** Timers have whole milliseconds, and may come one early. */
const SLACK_MS = 2;

interface Said {
  readonly errmsg?: string;
  readonly echo: string;
  readonly told: readonly string[];
  readonly waitedMs: number;
}

/** Runs the child while a system call fails at these calls. @returns What it says, and how often the call failed. */
async function runWithout(call: string, error: string, when: string, backend: Record<string, string>) {
  const fault = ['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${when}`];
  const folder = mkdtempSync(join(tmpdir(), 'out-of-memory-'));
  // Not through a pipe: of a socket Node asks what fails here.
  const file = join(folder, 'said');
  const said = openSync(file, 'w');
  try {
    const child = spawn('strace', ['-f', '-qq', ...fault, process.execPath, CHILD], {
      env: { ...process.env, NODE_OPTIONS: '', ...backend },
      stdio: ['ignore', said, 'pipe'],
    });
    const trace = await text(child.stderr!);
    const injected = trace.split('\n').filter((line) => line.includes('INJECTED')).length;
    return { injected, ...(JSON.parse(readFileSync(file, 'utf8')) as Said) };
  } finally {
    closeSync(said);
    rmSync(folder, { recursive: true });
  }
}

const NATIVE = SYSTEM_BACKENDS.filter(([name]) => name.startsWith('native'));

describe.skipIf(noStrace !== undefined).each(NATIVE)(`on %s ${noStrace ?? ''}`, (_name, backend) => {
  // A receive that fails in the batch is tried once more by JavaScript, which hears of it so.
  it.each([
    ['sendto', 'ENOBUFS', 3, 3],
    ['sendto', 'ENOMEM', 3, 3],
    ['recvfrom', 'ENOBUFS', 6, 3],
    ['recvfrom', 'ENOMEM', 6, 3],
  ])('a connection rests while %s says %s, and then goes on', async (call, error, failures, rests) => {
    const { injected, echo, told, waitedMs } = await runWithout(call, error, `1..${failures}`, backend);
    expect({ injected, echo, told }).toEqual({ injected: failures, echo: 'hello', told: [] });
    expect(waitedMs).toBeGreaterThan(rests * (SHORTAGE_REST_MS - SLACK_MS));
  });

  it('a listener whose address the system does not tell is an error, and no listener at port 0', async () => {
    const { errmsg } = await runWithout('getsockname', 'ENOBUFS', '1+', backend);
    expect(errmsg).toMatch(/^getsockname for 127\.0\.0\.1:0 failed: ENOBUFS/);
  });
});
