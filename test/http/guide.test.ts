// The programs in the guide to the HTTP server, and the example, run as printed but for their ports.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const guide = readFileSync(join(ROOT, 'docs', 'guides', 'http-server.md'), 'utf8');
const programs = [...guide.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code!);

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

/** Runs a program and resolves with the address it prints. */
async function started(args: string[]): Promise<{ base: string; child: ChildProcess }> {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  child.stdout.setEncoding('utf8');
  const [line] = (await once(child.stdout, 'data')) as [string];
  return { base: /http:\/\/[^/]+/.exec(line)![0], child };
}

const inline = (program: string): string[] => {
  expect(program).toContain('127.0.0.1:8080');
  return ['--input-type=module', '-e', program.replace('127.0.0.1:8080', '127.0.0.1:0')];
};

describe.skipIf(noBuild !== undefined)(`the guide to the HTTP server ${noBuild ?? ''}`, () => {
  it.each([
    ['first program', () => inline(programs[0]!)],
    ['example of ten lines', () => ['examples/http-hello.mjs', '127.0.0.1:0']],
  ])('has a %s that says hello and stops', async (_, args) => {
    const { base, child } = await started(args());
    const hello = await fetch(`${base}/hello?name=${encodeURIComponent('<b>Zoë')}`);
    expect([hello.headers.get('content-type'), await hello.text()]).toEqual([
      'text/plain; charset=utf-8',
      'hello <b>Zoë\n',
    ]);
    expect(await (await fetch(`${base}/echo`, { method: 'POST', body: 'back' })).text()).toBe('back');
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  });

  it('answers JSON, and bounds the bodies of a route', async () => {
    const { base } = await started(inline(programs[1]!));
    expect(await (await fetch(`${base}/status`)).json()).toEqual({ ok: true });
    const add = async (body: string | ReadableStream): Promise<unknown> => {
      const duplex = typeof body === 'string' ? {} : { duplex: 'half' as const };
      const reply = await fetch(`${base}/items`, { method: 'POST', body, ...duplex });
      return [reply.status, await reply.json()];
    };
    expect(await add('{"a":1}')).toEqual([201, { a: 1 }]);
    expect(await add('{"a":')).toEqual([400, { error: 'not JSON' }]);
    expect(await add(JSON.stringify('x'.repeat(4_094)))).toEqual([201, 'x'.repeat(4_094)]);
    expect(await add(JSON.stringify('x'.repeat(4_095)))).toEqual([413, { error: 'at most 4096 bytes' }]);
    expect(await add(new Blob(['{}']).stream())).toEqual([413, { error: 'at most 4096 bytes' }]);
  });

  it('streams numbers and guards a body', async () => {
    const { base } = await started(inline(programs[2]!));
    const numbers = await (await fetch(`${base}/numbers`)).text();
    expect(numbers.split('\n')).toHaveLength(1_001);
    const refused = await fetch(`${base}/secret`, { method: 'POST', body: 'x' });
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="secret"']);
    const headers = { authorization: 'Basic dTpw' };
    expect(await (await fetch(`${base}/secret`, { method: 'POST', body: 'x', headers })).text()).toBe('x');
  });
});
