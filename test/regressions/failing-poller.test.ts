// A poller that failed was asked again at once, and again: a loop that serves nobody at full load. It rests between.

import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { expect, describe } from 'vitest';
import { POLLER_REST_MS } from '../../ts/sockman/backends/native.ts';
import { itUnless } from '../harness/backends.ts';
import { SYSTEM_BACKENDS } from '../harness/child.ts';
import { noStrace } from '../harness/strace.ts';

const FAILURES = 5;
/** Timers have whole milliseconds, and may come one early. */
const SLACK_MS = 2;
const CHILD = join(import.meta.dirname, 'children', 'failing-poller.mjs');

describe('a poller that fails', () => {
  itUnless(noStrace)('rests before it is asked again, is told of once, and then serves', async () => {
    const [, env] = SYSTEM_BACKENDS[0]!;
    const fault = ['-e', 'trace=epoll_wait', '-e', `inject=epoll_wait:error=EINVAL:when=1..${FAILURES}`];
    const child = spawn('strace', ['-f', '-qq', ...fault, process.execPath, CHILD], {
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [said, trace] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect(trace.split('\n').filter((line) => line.includes('INJECTED'))).toHaveLength(FAILURES);
    const { waitedMs, errors } = JSON.parse(said) as { waitedMs: number; errors: string[] };
    expect(waitedMs).toBeGreaterThan(FAILURES * (POLLER_REST_MS - SLACK_MS));
    expect(errors).toEqual([expect.stringMatching(/^the system does not tell which sockets are ready: EINVAL/)]);
  });
});
