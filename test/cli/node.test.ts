import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../ts/cli/options.ts';
import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { formatBytes, layOut } from '../../ts/cli/terminal/table.ts';
import { command as watchCommand } from '../../ts/cli/commands/watch.ts';
import { outside } from '../harness/outside.ts';
import { readVectorBytes } from '../harness/data/vectors.ts';

const MAIN = join(import.meta.dirname, '..', '..', 'esm', 'cli', 'main.js');

const ONION = 'pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion';

describe('sockman node', () => {
  it('brings a second node along, shakes hands over V2 and shows its ping, then ends with 0', async () => {
    const { io, lines } = outside(/ ms /);
    expect(await nodeCommand.run(['--listen', '127.0.0.1:0'], io)).toBe(0);
    expect(lines[0]).toMatch(/^listening at 127\.0\.0\.1:\d+ \(regtest, /);
    expect(lines.at(-1)).toMatch(/127\.0\.0\.1:\d+ +manual +v2 +70017 +\/sockman:.*\/ +[\d.]+ ms .* [0-9a-f]{8}$/);
  });

  it('remembers in its data folder, as Bitcoin Core does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-node-'));
    try {
      const { io } = outside(/never/);
      expect(await nodeCommand.run(['--datadir', folder, '--for', '0'], io)).toBe(0);
      const files = ['.lock', 'anchors.dat', 'banlist.json', 'peers.dat'];
      expect((await readdir(join(folder, 'regtest'))).sort()).toEqual(files);
      expect(await nodeCommand.run(['--datadir', folder, '--for', '0'], io)).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('says what is wrong in its data folder, and goes on', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-node-'));
    try {
      const banList = join(folder, 'regtest', 'banlist.json');
      await mkdir(join(folder, 'regtest'));
      await writeFile(banList, 'garbage');
      const complaints: string[] = [];
      const io = { ...outside(/never/).io, complain: (line: string) => void complaints.push(line) };
      expect(await nodeCommand.run(['--datadir', folder, '--for', '0'], io)).toBe(0);
      expect(complaints).toEqual([expect.stringContaining(banList)]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('groups by a map of autonomous systems, says how well it fits, and does not run without it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-node-'));
    try {
      const map = join(folder, 'ip_asn.map');
      const { io, lines } = outside(/^AS map: /);
      const run = (): Promise<number> => nodeCommand.run(['--datadir', folder, '--asmap', map], io);
      await expect(run()).rejects.toMatchObject({ code: 'ERR_SOCKMAN_SYSTEM', path: map });
      await writeFile(map, readVectorBytes('asmap.raw'));
      expect(await run()).toBe(0);
      expect(lines).toContain('AS map: 0 addresses in 0 systems, 0 in none');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('writes down what it says and what it hears', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sockman-node-'));
    try {
      const { io } = outside(/ ms /);
      expect(await nodeCommand.run(['--capture-messages', join(folder, 'said')], io)).toBe(0);
      const [peer, ...others] = await readdir(join(folder, 'said'));
      expect(peer).toMatch(/^127\.0\.0\.1_\d+$/);
      expect(others).toEqual([]);
      const typesIn = async (file: string): Promise<string[]> => {
        const bytes = await readFile(join(folder, 'said', peer!, file));
        const types = [];
        for (let at = 0; at < bytes.length; at += 24 + bytes.readUInt32LE(at + 20)) {
          types.push(bytes.toString('latin1', at + 8, at + 20).replaceAll('\0', ''));
        }
        return types;
      };
      const opening = ['version', 'wtxidrelay', 'sendaddrv2', 'verack'];
      expect((await typesIn('msgs_sent.dat')).slice(0, 4)).toEqual(opening);
      expect((await typesIn('msgs_recv.dat')).slice(0, 4)).toEqual(opening);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('speaks V1 when told to', async () => {
    const { io, lines } = outside(/ ms /);
    expect(await nodeCommand.run(['--v2transport', '0'], io)).toBe(0);
    expect(lines.at(-1)).toMatch(/manual +v1 +70017 /);
  });

  it('dials each network through its proxy', async () => {
    const stop = new AbortController();
    const greetings: string[] = [];
    const proxies = ['ipv4', 'onion'].map((network) =>
      createServer((socket) => {
        socket.once('data', (greeting) => {
          greetings.push(`${network} ${greeting.toString('hex')}`);
          socket.destroy();
          if (greetings.length === 2) stop.abort();
        });
      }).listen(0, '127.0.0.1'),
    );
    await Promise.all(proxies.map((proxy) => once(proxy, 'listening')));
    const [ipv4, onion] = proxies.map((proxy) => `127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    const { io } = outside();
    const targets = ['93.0.0.1', ONION];
    const args = [...targets.flatMap((to) => ['--connect', to]), '--proxy', ipv4!, '--proxy', `${onion}=onion`];
    // No connection came about.
    expect(await nodeCommand.run(args, { ...io, signal: stop.signal })).toBe(1);
    expect(greetings.sort()).toEqual(['ipv4 05020002', 'onion 05020002']);
    for (const proxy of proxies) proxy.close();
  });

  it('redraws a table as wide as the terminal', async () => {
    const { io, screens } = outside(/manual .* k?B/, 60);
    expect(await nodeCommand.run([], io)).toBe(0);
    for (const line of screens.flat()) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('ends by itself after the time it was given', async () => {
    const { io } = outside(/never/);
    expect(await nodeCommand.run(['--for', '0'], io)).toBe(0);
  });

  it('refuses what it cannot understand', async () => {
    const { io } = outside(/never/);
    const bad = [['--network', 'moonnet'], ['--v2transport', '2'], ['--for=-1'], ['--for', 'soon']];
    for (const place of ['', 'localhost:1', 'unix:/run/x']) bad.push(['--listen', place]);
    for (const proxy of ['127.0.0.1:9050=', '127.0.0.1=i2p', 'local host', '127.0.0.1:0']) bad.push(['--proxy', proxy]);
    for (const args of bad) await expect(nodeCommand.run(args, io)).rejects.toThrow(UsageError);
    await expect(nodeCommand.run(['--unknown'], io)).rejects.toThrow(UsageError);
    const lost = nodeCommand.run(['--proxy', 'nowhere.invalid', '--connect', '127.0.0.1:1'], io);
    await expect(lost).rejects.toThrow(new UsageError('--proxy: nowhere.invalid:9050 has no address'));
    await expect(watchCommand.run([], io)).rejects.toThrow(UsageError);
  });

  it('ends in a process of its own: with 0 at Ctrl-C, with 2 at what it cannot understand, with 1 at what fails', async () => {
    const child = spawn(process.execPath, [MAIN, 'node'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    const wrong: [number, string[]][] = [
      [2, []],
      [2, ['fly']],
      [2, ['node', '--network', 'moonnet']],
      [2, ['node', '--listen', `${ONION}:8333`]],
      // An address of somebody else. The second node is there by then, and must not keep the process.
      [1, ['node', '--listen', '203.0.113.1:0']],
    ];
    for (const [code, args] of wrong) {
      const failing = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' });
      expect([args, await once(failing, 'exit')]).toEqual([args, [code, null]]);
    }
  });
});

describe('sockman watch', () => {
  it('prints each message of a peer as a line of JSON', async () => {
    const { io: hostIo, lines: hostLines } = outside(/never/);
    const stop = new AbortController();
    const host = nodeCommand.run(['--listen', '127.0.0.1:0'], { ...hostIo, signal: stop.signal });
    await expect.poll(() => hostLines[0]).toBeDefined();
    const [, address] = /listening at (\S+)/.exec(hostLines[0]!)!;
    const { io, lines } = outside(/"type":"ping"/);
    expect(await watchCommand.run(['--connect', address!], io)).toBe(0);
    stop.abort();
    expect(await host).toBe(0);
    const messages = lines.map((line) => JSON.parse(line) as { type: string; userAgent?: string });
    expect(messages.map(({ type }) => type).slice(0, 4)).toEqual(['version', 'wtxidrelay', 'sendaddrv2', 'verack']);
    expect(messages[0]?.userAgent).toMatch(/^\/sockman:/);
  });
});

describe('tables', () => {
  it('align their columns and cut at the edge', () => {
    const columns = [
      { heading: 'n', align: 'right' },
      { heading: 'name', align: 'left' },
    ] as const;
    expect(
      layOut(
        columns,
        [
          ['10', 'a'],
          ['9', 'long name'],
        ],
        0,
      ),
    ).toEqual([' n  name', '10  a', ' 9  long name']);
    expect(layOut(columns, [['10', 'long name']], 8)).toEqual([' n  name', '10  lon…']);
  });

  it('write bytes for people', () => {
    expect([0, 999, 1_000, 1_549, 9_999, 12_345, 5e6, 7.5e9].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.0 kB',
      '1.5 kB',
      '10.0 kB',
      '12 kB',
      '5.0 MB',
      '7.5 GB',
    ]);
  });
});
