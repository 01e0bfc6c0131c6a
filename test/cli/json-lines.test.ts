// What `--json` of `node` and `dial` prints has the fields that docs/guides/bitcoin-node.md names, and no others.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { runDial } from '../../ts/cli/commands/dial.ts';
import { command as nodeCommand } from '../../ts/cli/commands/node.ts';
import { speaker } from '../../ts/cli/node/say.ts';
import { MemoryNetwork } from '../../ts/testing.ts';
import { readVectorBytes } from '../harness/data/vectors.ts';
import { outside } from '../harness/outside.ts';
import { listenNetPeers } from '../harness/peers/raw-peer.ts';
import { until } from '../harness/until.ts';

const GUIDE = join(import.meta.dirname, '..', '..', 'docs', 'guides', 'bitcoin-node.md');

type Line = Record<string, unknown>;

/** Fields by the first column of the tables of the guide. */
let documented: Map<string, string[]>;
let folder: string;
beforeAll(async () => {
  const rows = (await readFile(GUIDE, 'utf8')).matchAll(/^\| (?:`(\w+)`|(\w[\w ]*?)) +\| (`[^|]*)\|/gm);
  documented = new Map([...rows].map((row) => [row[1] ?? row[2]!, row[3]!.match(/(?<=`)\w+(?=`)/g)!]));
  folder = await mkdtemp(join(tmpdir(), 'sockman-json-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What `sockman node --json` prints until a line matches. */
async function linesOfNode(endsAt: RegExp, ...args: string[]): Promise<Line[]> {
  const { io, lines } = outside(endsAt);
  await nodeCommand.run(['--json', ...args], io);
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Each line has the fields of its event. @returns The events. */
function checked(lines: readonly Line[]): string[] {
  for (const { event, ...fields } of lines) expect([event, Object.keys(fields)]).toEqual([event, fieldsOf(event)]);
  return lines.map(({ event }) => event as string);
}

const fieldsOf = (what: unknown): string[] | undefined => documented.get(what as string);

describe('sockman node --json', () => {
  it('tells of two nodes, of its RPC server, and of the peers at the end', async () => {
    const data = ['--datadir', join(folder, 'rpc'), '--connect', '127.0.0.1:1'];
    const events = checked(await linesOfNode(/"event":"connected"/, '--listen', '127.0.0.1:0'));
    expect(events).toEqual(expect.arrayContaining(['listening', 'dialing', 'connected', 'peers']));
    const others = await linesOfNode(/"event":"failed"/, '--dashboard', '-rpcport=0', ...data);
    expect(checked(others)).toEqual(expect.arrayContaining(['rpc', 'dashboard', 'failed', 'peers']));
    expect(others.find(({ event }) => event === 'rpc')).toMatchObject({ credentials: null });
  });

  it('tells the credentials that it made up', async () => {
    const lines = await linesOfNode(/"event":"rpc"/, '--rpc', '-rpcport=0', '-connect=0');
    expect(checked(lines)).toContain('rpc');
    expect(lines.find(({ event }) => event === 'rpc')).toMatchObject({
      credentials: expect.stringMatching(/^__cookie__:[0-9a-f]{64}$/),
    });
  });

  it('tells of a connection that is over', async () => {
    const listener = await listenNetPeers();
    const running = linesOfNode(/"event":"closed"/, '--connect', listener.bound);
    await until('the dial', () => listener.peers.length > 0);
    listener.peers[0]!.close();
    const lines = await running;
    listener.close();
    expect(checked(lines)).toEqual(expect.arrayContaining(['connected', 'closed', 'peers']));
    expect(lines[0]).toMatchObject({ peer: 0, address: listener.bound, type: 'manual' });
  });

  it('tells how well a map of autonomous systems fits', async () => {
    const map = join(folder, 'ip_asn.map');
    await writeFile(map, readVectorBytes('asmap.raw'));
    const data = ['--datadir', join(folder, 'map'), '--asmap', map];
    const events = checked(await linesOfNode(/"event":"asMapHealth"/, ...data));
    expect(events).toContain('asMapHealth');
  });

  it('counts what it left out while its reader was behind', () => {
    const { io, lines } = outside();
    let isBehind = true;
    const slow = Object.defineProperty({ ...io }, 'isBehind', { get: () => isBehind });
    const say = speaker(slow, true);
    for (let count = 0; count < 3; count++) say('', { event: 'peers', peers: [] });
    isBehind = false;
    say('', { event: 'peers', peers: [] });
    const told = lines.map((line) => JSON.parse(line) as Line);
    expect(checked(told)).toEqual(['skipped', 'peers']);
    expect(told[0]).toEqual({ event: 'skipped', lines: 3 });
  });

  it('has no event that the guide does not name, nor the guide one that there is not', () => {
    const others = ['a step', 'success', 'failure'];
    const known = [
      'listening',
      'dialing',
      'rpc',
      'dashboard',
      'asMapHealth',
      'connected',
      'failed',
      'closed',
      'peers',
      'skipped',
    ];
    expect([...documented.keys()].filter((name) => !others.includes(name))).toEqual(known);
  });
});

describe('sockman dial --json', () => {
  it('tells steps, success and failure', async () => {
    const network = new MemoryNetwork({ autoRun: true });
    network.listen('127.0.0.1:80');
    for (const [to, result] of [
      ['127.0.0.1:80', 'success'],
      ['127.0.0.1:81', 'failure'],
    ] as const) {
      const { io, lines } = outside();
      await runDial([to, '--json'], io, { backend: network.createBackend });
      const [step, last] = lines.map((line) => JSON.parse(line) as Line);
      expect(Object.keys(step!)).toEqual(fieldsOf('a step'));
      expect(Object.keys(last!)).toEqual(fieldsOf(result)!.filter((name) => name !== 'true' && name !== 'false'));
      expect(last!['connected']).toBe(result === 'success');
    }
  });
});
