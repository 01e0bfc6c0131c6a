// Which backend serves: the option, then the environment, then the best there is.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { loadAddon } from '../../native/load.cjs';
import type { SockManOptions } from '../../ts/sockman/options.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { runChild, noBuild } from '../harness/child.ts';
import { Probe } from '../harness/probe.ts';

const addon = loadAddon();
const BINARY = join(import.meta.dirname, '..', '..', '..', 'build', 'Release', 'sockman.node');
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

  it('refuses a poller along with a backend that has none', () => {
    const refusal = expect.objectContaining({ code: 'ERR_SOCKMAN_BACKEND' }) as Error;
    const { createBackend } = new MemoryNetwork();
    for (const backend of ['node-net', createBackend] as const) {
      expect(() => nameFor({}, { backend, poller: 'poll' })).toThrowError(refusal);
    }
  });

  it.each(['windows', 'NATIVE', ' ', '0'])('refuses the name %j in the environment', (name) => {
    const refusal = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error;
    expect(() => nameFor({ SOCKMAN_BACKEND: name })).toThrowError(refusal);
    expect(() => nameFor({ SOCKMAN_POLLER: name })).toThrowError(refusal);
  });

  describe.skipIf(noBuild !== undefined)('in a process of its own', () => {
    const env = { SOCKMAN_BACKEND: '', SOCKMAN_POLLER: '' };
    const ask = (args: string[], nodeFlags: string[] = []) =>
      runChild('test/sockman/backends/backend-name.mjs', args, { nodeFlags, env });

    it('is node-net where addons are switched off, with a reason and one warning', async () => {
      const { stdout, stderr } = await ask(['default'], ['--no-addons']);
      const [warning, name, reason, ...rest] = stdout.split('\n');
      expect(name).toBe('node-net');
      expect(reason).toMatch(/^reason: .*addon/);
      expect(warning).toBe(`warning: running on node-net, as the native addon is unavailable: ${reason!.slice(8)}`);
      expect({ rest, stderr }).toEqual({ rest: [''], stderr: '' });
    });

    it('is refused there if it is native by name', async () => {
      const answer = await ask(['native'], ['--no-addons']);
      expect(answer).toMatchObject({ status: 0, stdout: 'ERR_SOCKMAN_BACKEND\n', stderr: '' });
    });

    it('gives no reason for what was asked for', async () => {
      expect(await ask(['node-net'])).toMatchObject({ stdout: 'node-net\n' });
    });

    it.skipIf(!addon.ok)('runs on the addon that the option names, as a path and as a URL', async () => {
      for (const named of [BINARY, pathToFileURL(BINARY).href]) {
        expect(await ask(['default', named])).toMatchObject({ stdout: `${best}\n` });
      }
    });

    it.skipIf(!addon.ok)('runs on the own addon where the named one does not load', async () => {
      expect(await ask(['default', '/nowhere/sockman.node'])).toMatchObject({ stdout: `${best}\n` });
    });

    it('is node-net where neither loads, with both reasons', async () => {
      const { stdout } = await ask(['default', '/nowhere/sockman.node'], ['--no-addons']);
      expect(stdout).toMatch(/\nnode-net\nreason: .*addon.*; .*\n$/);
    });
  });

  it.each(['sockman.node', './sockman.node', 'https://example.com/sockman.node', ''])(
    'refuses %j as the addon: neither an absolute path nor a file',
    (file) => {
      const refusal = expect.objectContaining({ code: 'ERR_SOCKMAN_INVALID_ARG' }) as Error;
      expect(() => nameFor({}, { addon: file })).toThrowError(refusal);
    },
  );
});
