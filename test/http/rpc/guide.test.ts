// The first program of the guide to JSON-RPC, run as printed but for its port.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { noBuild } from '../../harness/child.ts';
import { basic } from './stage.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const guide = readFileSync(join(ROOT, 'docs', 'guides', 'json-rpc.md'), 'utf8');
const [program] = [...guide.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code!);

describe.skipIf(noBuild !== undefined)(`the guide to JSON-RPC ${noBuild ?? ''}`, () => {
  it('has a server with three methods of its own', async () => {
    expect(program).toContain('127.0.0.1:8332');
    const code = program!.replace('127.0.0.1:8332', '127.0.0.1:0');
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      child.stdout.setEncoding('utf8');
      const [line] = (await once(child.stdout, 'data')) as [string];
      const call = async (method: string, params: unknown): Promise<unknown> => {
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
        const headers = { authorization: basic('me', 'secret') };
        const answer = (await (await fetch(line.trim(), { method: 'POST', body, headers })).json()) as object;
        return 'error' in answer ? answer.error : (answer as { result: unknown }).result;
      };
      expect(await call('put', ['milk', 'two bottles'])).toBe(1);
      expect(await call('put', { key: 'milk', text: 'three', replace: false })).toEqual({
        code: -8,
        message: 'there is one by that name',
      });
      expect(await call('get', ['milk'])).toBe('two bottles');
      expect(await call('get', ['bread'])).toEqual({ code: -5, message: 'no such note' });
      expect(await call('wait', [0])).toBeNull();
      expect(await call('help', ['put'])).toMatch(/^put "key" "text" \( replace \)\n/);
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill();
    }
  });
});
