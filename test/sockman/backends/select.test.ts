// Which backend serves: the option, then the environment, then the best there is.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadAddon } from '../../../native/load.cjs';
import type { SockManOptions } from '../../../ts/sockman/options.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';
import { runChild, noBuild } from '../../helpers/child.ts';
import { Probe } from '../../helpers/probe.ts';

const addon = loadAddon();
const pollers = addon.ok ? addon.addon.pollers : [];

describe('the choice of a backend', () => {
  const made: Probe[] = [];

  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const probe of made.splice(0)) await probe[Symbol.asyncDispose]();
  });

  function nameFor(env: Record<string, string>, options: SockManOptions = {}): string {
    vi.stubEnv('SOCKMAN_BACKEND', env['SOCKMAN_BACKEND'] ?? '');
    vi.stubEnv('SOCKMAN_POLLER', env['SOCKMAN_POLLER'] ?? '');
    const probe = new Probe(options);
    made.push(probe);
    return probe.backendName;
  }

  const best = addon.ok ? `native/${pollers[0]}` : 'node-net';

  it('falls on the best there is when nothing is asked for', () => {
    expect(nameFor({})).toBe(best);
  });

  it('follows the environment, and the option before it', () => {
    expect(nameFor({ SOCKMAN_BACKEND: 'node-net' })).toBe('node-net');
    expect(nameFor({}, { backend: 'node-net' })).toBe('node-net');
    const { createBackend } = new MemoryNetwork();
    expect(nameFor({ SOCKMAN_BACKEND: 'node-net' }, { backend: createBackend })).toBe('memory');
  });

  it.skipIf(!addon.ok)('takes every poller of the build, by option and by environment', () => {
    for (const poller of pollers as ('epoll' | 'poll' | 'kqueue')[]) {
      expect(nameFor({}, { poller })).toBe(`native/${poller}`);
      expect(nameFor({ SOCKMAN_POLLER: poller })).toBe(`native/${poller}`);
      expect(nameFor({ SOCKMAN_BACKEND: 'native', SOCKMAN_POLLER: poller })).toBe(`native/${poller}`);
      expect(nameFor({ SOCKMAN_BACKEND: 'node-net', SOCKMAN_POLLER: poller })).toBe('node-net');
    }
  });

  it('refuses a poller that the build does not have', () => {
    const missing = (['epoll', 'kqueue', 'poll'] as const).find((poller) => !pollers.includes(poller));
    if (missing === undefined) return;
    const refusal = expect.objectContaining({ code: 'ERR_SOCKMAN_BACKEND' }) as Error;
    expect(() => nameFor({}, { poller: missing })).toThrowError(refusal);
    expect(() => nameFor({ SOCKMAN_POLLER: missing })).toThrowError(refusal);
  });

  it.each(['windows', 'NATIVE', ' ', '0'])('refuses the name %j in the environment', (name) => {
    const refusal = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error;
    expect(() => nameFor({ SOCKMAN_BACKEND: name })).toThrowError(refusal);
    expect(() => nameFor({ SOCKMAN_POLLER: name })).toThrowError(refusal);
  });

  it.skipIf(noBuild !== undefined)('is node-net without a word where addons are switched off', async () => {
    const env = { SOCKMAN_BACKEND: '', SOCKMAN_POLLER: '' };
    const quiet = await runChild('test/sockman/backends/backend-name.mjs', ['default'], {
      nodeFlags: ['--no-addons'],
      env,
    });
    expect(quiet).toMatchObject({ status: 0, stdout: 'node-net\n', stderr: '' });
    const loud = await runChild('test/sockman/backends/backend-name.mjs', ['native'], {
      nodeFlags: ['--no-addons'],
      env,
    });
    expect(loud).toMatchObject({ status: 0, stdout: 'ERR_SOCKMAN_BACKEND\n', stderr: '' });
  });
});
