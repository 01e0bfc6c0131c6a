import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { command as clientCommand } from '../../ts/cli/commands/sv2-client.ts';
import { command as serverCommand } from '../../ts/cli/commands/sv2-server.ts';
import { UsageError } from '../../ts/cli/options.ts';
import { outside } from '../harness/outside.ts';
import type { Outside } from '../harness/outside.ts';
import { until } from '../harness/until.ts';

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((path) => rmSync(path, { recursive: true })));

/** An empty folder for one test. */
function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'sv2-')));
  return folders.at(-1)!;
}

/** A server that runs until `stop`, and its URL. */
async function runServer(
  args: readonly string[],
  columns = 0,
): Promise<{ url: string; world: Outside; ended: Promise<number> }> {
  const world = outside(undefined, columns);
  const ended = serverCommand.run(['--bind', '127.0.0.1:0', ...args], world.io);
  await until('a URL', () => world.lines.some((line) => line.includes('stratum2+tcp')));
  return { url: /stratum2\S+/.exec(world.lines.join('\n'))![0], world, ended };
}

const events = ({ lines }: Outside, name: string): object[] =>
  lines.map((line) => JSON.parse(line) as { event?: string }).filter(({ event }) => event === name);

describe('sockman sv2-server and sv2-client', () => {
  it('mine three blocks on the mock chain', async () => {
    const server = await runServer(['--mock', '--block-seconds', '1000']);
    const client = outside();
    expect(await clientCommand.run([server.url, '--mine', '--blocks', '3'], client.io)).toBe(0);
    expect(events(client, 'submitted')).toHaveLength(3);
    expect(events(client, 'accepted')).toHaveLength(3);
    // A block is told by the same text wherever it appears.
    const lines = client.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const hashes = (...names: string[]) =>
      lines.filter(({ event }) => names.includes(event as string)).map(({ hash }) => hash);
    const tips = lines.filter(({ name }) => name === 'SetNewPrevHash').map(({ prevHash }) => prevHash);
    expect(hashes('submitted')).toEqual(tips.slice(1));
    expect(hashes('accepted')).toEqual(tips.slice(1));
    server.world.stop.abort();
    expect(await server.ended).toBe(0);
    expect(server.world.lines.filter((line) => line.endsWith('accepted'))).toHaveLength(3);
  });

  it('are watched on a page, and measured by Prometheus', async () => {
    const server = await runServer(['--http', '127.0.0.1:0']);
    await until('the address of the page', () => server.world.lines.some((line) => line.startsWith('dashboard at')));
    const [page] = /http:[^\s,]+/.exec(server.world.lines.join('\n'))!;
    expect(await (await fetch(page)).text()).toContain('<title>');
    const snapshot = (await (await fetch(`${page}/snapshot`)).json()) as { sv2: { clients: object } };
    expect(snapshot.sv2.clients).toEqual({ handshake: 0, setup: 0, ready: 0 });
    const text = await (await fetch(new URL('/metrics', page))).text();
    expect(text).toContain('sv2_clients{state="ready"} 0\n');
    expect(text).toContain('sse_clients 0\n');
    server.world.stop.abort();
    expect(await server.ended).toBe(0);
  });

  it('show who is connected, as a table', async () => {
    const server = await runServer([], 120);
    const client = outside();
    const following = clientCommand.run([server.url], client.io);
    const isShown = (rows: readonly string[]) => /ready +1 .*"sockman"/.test(rows.join());
    await until('a row with the client', () => server.world.screens.some(isShown));
    client.stop.abort();
    server.world.stop.abort();
    expect(await following).toBe(0);
    await server.ended;
    // No row is left below the line that says that the client is gone.
    expect(server.world.screens.at(-1)).toEqual([]);
  });

  it('print each template as a line of JSON', async () => {
    const server = await runServer([]);
    const client = outside(/SetNewPrevHash/);
    expect(await clientCommand.run([server.url], client.io)).toBe(0);
    const messages = client.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(messages).toMatchObject([{ event: 'connected' }, { name: 'NewTemplate' }, { name: 'SetNewPrevHash' }]);
    expect(messages[1]!['templateId']).toBe('1');
    server.world.stop.abort();
    await server.ended;
  });

  it('have the same URL after a restart, from a data folder that the first start makes', async () => {
    const args = ['--datadir', join(folder(), 'made')];
    const keys: string[] = [];
    for (let start = 0; start < 2; start++) {
      const { url, world, ended } = await runServer(args);
      keys.push(new URL(url).pathname);
      world.stop.abort();
      expect(await ended).toBe(0);
    }
    expect(keys[1]).toBe(keys[0]);
  });

  it('do not serve with keys that cannot be stored', async () => {
    const datadir = folder();
    // A folder is where the unfinished file goes.
    mkdirSync(join(datadir, 'sv2_static_key.new'));
    const running = serverCommand.run(['--bind', '127.0.0.1:0', '--datadir', datadir], outside(/stratum2/).io);
    await expect(running).rejects.toThrow('sv2_static_key: the new key cannot be stored');
  });

  it('leave out lines for a reader that is far behind, and count them', async () => {
    const server = await runServer(['--block-seconds', '1000']);
    const client = outside();
    const io = { ...client.io, isBehind: true };
    expect(await clientCommand.run([server.url, '--mine', '--blocks', '3'], io)).toBe(0);
    expect(client.lines).toEqual([expect.stringMatching(/^{"skippedLines":\d+}$/)]);
    server.world.stop.abort();
    await server.ended;
  });

  it('end with 1 where no server takes the client', async () => {
    const client = outside(/disconnected/);
    const key = '9bXiEd8boQVhq7WddEcERUL5tyyJVFYdU8th3HfbNXK3Yw6GRXh';
    expect(await clientCommand.run([`stratum2+tcp://127.0.0.1:1/${key}`], client.io)).toBe(1);
  });

  it('end with 1 where the server cannot listen', async () => {
    const first = await runServer([]);
    const { host } = new URL(first.url);
    const second = outside();
    expect(await serverCommand.run(['--bind', host], second.io)).toBe(1);
    expect(second.complaints.join()).toContain('EADDRINUSE');
    first.world.stop.abort();
    await first.ended;
  });

  it.each([
    ['its address is not one of this machine', (page: string) => ['--bind', '203.0.113.1:1', '--http', page]],
    ['the page has no address', (server: string) => ['--bind', server, '--http', '203.0.113.1:1']],
    ['the node has no URL', (page: string) => ['--bind', '127.0.0.1:0', '--http', page, '--rpc', 'nonsense']],
  ])('leave nothing open where %s', async (_, argumentsOf) => {
    const path = join(folder(), 'socket');
    const exitCode = await serverCommand.run(argumentsOf(`unix:${path}`), outside().io).catch(() => 'refused');
    expect(exitCode).not.toBe(0);
    await expect(once(connect(path), 'connect')).rejects.toThrow(/ENOENT|ECONNREFUSED/);
  });

  it.each([
    [serverCommand, ['--mock', '--rpc', 'http://127.0.0.1:1']],
    [serverCommand, ['--rpc', 'nonsense']],
    [serverCommand, ['--rpc', 'file:///etc/passwd']],
    [serverCommand, ['--rpc', 'http://a%zz:b@127.0.0.1:1']],
    [serverCommand, ['--cookie', 'x']],
    [serverCommand, ['--bind', '127.0.0.1:65536']],
    [serverCommand, ['--http', 'x']],
    [serverCommand, ['--max-clients', '1.5']],
    [clientCommand, ['nonsense']],
    [clientCommand, ['stratum2+tcp://127.0.0.1:1']],
    [clientCommand, ['stratum2+tcp://127.0.0.1:1', '--insecure', '--blocks', '1']],
    [clientCommand, ['stratum2+tcp://127.0.0.1:1', '--insecure', '--mine', '--script', 'x']],
  ])('refuse a command line that contradicts itself: %#', async (command, args) => {
    const bind = command === serverCommand ? ['--bind', '127.0.0.1:0'] : [];
    await expect(command.run([...bind, ...args], outside().io)).rejects.toBeInstanceOf(UsageError);
  });
});
