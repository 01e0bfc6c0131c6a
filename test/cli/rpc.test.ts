import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { outside } from '../harness/outside.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sockman-rpc-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A node that runs: its lines, its RPC, and its end. */
async function start(...args: string[]) {
  const { io, lines, complaints, stop } = outside();
  const ended = nodeCommand.run(args, io);
  const isOver = ended.then(
    () => true,
    () => true,
  );
  await expect.poll(() => lines.find((line) => line.startsWith('RPC server')), { timeout: 5_000 }).toBeDefined();
  const [, shown, at] = /^RPC server at http:\/\/(?:(.*)@)?(127\.0\.0\.1:\d+)\/$/.exec(
    lines.findLast((line) => line.startsWith('RPC server'))!,
  )!;
  const ask = (path: string, credentials: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`http://${at}${path}`, {
      ...init,
      headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
    });
  const call = async (credentials: string, method: string, ...params: unknown[]): Promise<unknown> => {
    const response = await ask('/', credentials, {
      method: 'POST',
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    return response.status === 200 ? ((await response.json()) as { result: unknown }).result : response.status;
  };
  return { ask, call, lines, complaints, stop, ended, isOver, shown, port: at!.split(':')[1]! };
}

describe('sockman node --rpc', () => {
  it('answers who has the cookie of the data folder, stops when it is told to, and leaves no cookie', async () => {
    const node = await start(
      `-datadir=${folder}`,
      '--rpc',
      '-rpcport=0',
      '-rpcbind=127.0.0.1',
      '-rpcallowip=127.0.0.1',
    );
    const path = join(folder, 'regtest', '.cookie');
    const cookie = await readFile(path, 'latin1');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await node.call(cookie, 'getconnectioncount')).toBe(0);
    expect(await node.call('__cookie__:x', 'getconnectioncount')).toBe(401);
    const metrics = await node.ask('/metrics', cookie);
    expect([metrics.status, await metrics.text()]).toEqual([
      200,
      expect.stringContaining('bitcoin_info{chain="regtest"'),
    ]);
    expect(await node.call(cookie, 'stop')).toBe('sockman stopping');
    expect(await node.ended).toBe(0);
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('starts from a bitcoin.conf as bitcoind does', async () => {
    const conf = [
      'regtest=1',
      'rpcuser=me',
      'rpcpassword=secret',
      'rpcwhitelist=me:uptime,stop',
      'dbcache=450',
      'ignore-chain-options=1',
      '[regtest]',
      'rpcport=0',
      'bind=127.0.0.1:0',
      'connect=0',
      'pid=node.pid',
    ];
    await writeFile(join(folder, 'bitcoin.conf'), conf.join('\n'));
    const node = await start(`-datadir=${folder}`, '-debug=rpc');
    expect((await readdir(join(folder, 'regtest'))).sort()).toContain('node.pid');
    expect(await node.call('me:secret', 'uptime')).toBeTypeOf('number');
    expect(await node.call('me:secret', 'getconnectioncount')).toBe(403);
    expect(await node.call('me:secret', 'stop')).toBe('sockman stopping');
    expect(await node.ended).toBe(0);
    expect(node.complaints).toEqual([]);
    const log = await readFile(join(folder, 'regtest', 'debug.log'), 'latin1');
    expect(log).toContain('[warning] ' + join(folder, 'bitcoin.conf') + ':5: dbcache: ignored: this node has no chain');
    expect(log).toContain('[rpc] ThreadRPCServer method=uptime user=me id=1\n');
    expect(log).not.toContain('secret');
    expect(await readdir(join(folder, 'regtest'))).not.toContain('node.pid');
  });

  it('makes credentials up where there is no folder for a cookie, and shows them', async () => {
    const node = await start('--rpc', '--rpcport', '0');
    expect(node.shown).toMatch(/^__cookie__:[0-9a-f]{64}$/);
    expect(await node.call(node.shown!, 'stop')).toBe('sockman stopping');
    expect(await node.ended).toBe(0);
  });

  it('has its clock set and turned forward on regtest only', async () => {
    const node = await start(`-datadir=${folder}`, '--rpc', '-rpcport=0', '-rpcuser=a', '-rpcpassword=b', '-connect=0');
    expect(await node.call('a:b', 'mockscheduler', 60)).toBeNull();
    node.stop.abort();
    expect(await node.ended).toBe(0);
    const main = await start(
      `-datadir=${folder}`,
      '--chain=main',
      '--rpc',
      '-rpcport=0',
      '-rpcuser=a',
      '-rpcpassword=b',
      '-connect=0',
    );
    expect(await main.call('a:b', 'mockscheduler', 60)).toBeUndefined();
    main.stop.abort();
    expect(await main.ended).toBe(0);
  });

  it('ends calls that wait when its time is over', async () => {
    const node = await start('--rpc', '--rpcport', '0', '-connect=0', '--for', '1');
    const [waited] = await Promise.all([node.call(node.shown!, 'waitfornewblock'), node.ended]);
    expect(waited).toBeUndefined();
    expect(node.complaints).toEqual([]);
  });

  it.each([
    [['-rpcport=PORT'], 'bind EADDRINUSE'],
    [['-rpcport=0', '-rpcauth=foo:bar'], 'rpcAuth: expected user:salt$hash'],
    [['-rpcport=0', '-rpccookieperms=everybody'], 'cookieReaders: expected owner, group, all'],
    [['-rpcport=0', '-rpcallowip=here'], 'Invalid -rpcallowip subnet specification: here'],
    [
      ['-rpcport=0', '-rpcallowip=127.0.0.1', '-rpcbind=127.0.0.1:0x'],
      "Invalid port specified in -rpcbind: '127.0.0.1:0x'",
    ],
  ])('with %j does not start: %s', async (args, reason) => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const port = String((other.address() as AddressInfo).port);
    const { io } = outside();
    const told = args.map((arg) => arg.replace('PORT', port));
    const run = (...more: string[]): Promise<number> =>
      nodeCommand.run(
        [`-datadir=${folder}`, '--rpc', '-rpcbind=127.0.0.1', '-rpcallowip=127.0.0.1', ...told, ...more],
        io,
      );
    await expect(run()).rejects.toThrow(reason);
    // With a log the details are there, as with bitcoind; an option that is wrong in itself is named at once.
    const isOption = args.some((arg) => arg.startsWith('-rpcallowip=here') || arg.includes('0x'));
    const short = 'Unable to start HTTP server. See debug log for details.';
    await expect(run('-debug=http')).rejects.toThrow(isOption ? reason : short);
    expect(await readFile(join(folder, 'regtest', 'debug.log'), 'latin1')).toContain(reason);
    expect(await readdir(join(folder, 'regtest'))).not.toContain('.cookie');
    other.close();
  });
});

describe('sockman node --dashboard', () => {
  it('serves the page behind the credentials of RPC, and says where', async () => {
    const node = await start('--dashboard', '--rpcport', '0');
    const line = node.lines.findLast((each) => each.startsWith('dashboard at'));
    expect(line).toBe(`dashboard at http://${node.shown!}@127.0.0.1:${node.port}/dashboard`);
    expect((await node.ask('/dashboard', node.shown!)).status).toBe(200);
    expect((await node.ask('/dashboard', 'a:b')).status).toBe(401);
    expect(await (await node.ask('/metrics', node.shown!)).text()).toContain('sse_clients 0');
    node.stop.abort();
    expect(await node.ended).toBe(0);
  });
});
