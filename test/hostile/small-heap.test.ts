// A node whose heap is small, under each attack of the flood bench: none ends its process, and it stops when told.

import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';

const ROOT = `${import.meta.dirname}/../..`;
const FOLDER = `${ROOT}/bench/cases/floods`;
const MAX_CONNECTIONS = 125;
const ATTACKERS = 94;
/** How long each flood goes on, in milliseconds. */
const FLOOD_MS = 300;
/** What hosts of 1 GB give. What waits may be an eighth of it. */
const HEAP_MB = 256;

const { ATTACKS } = (await import(`${FOLDER}/attacks.mjs`)) as { ATTACKS: readonly { name: string }[] };
/** One of each kind: all crowds are of the same size here. */
const NAMES = [...new Map(ATTACKS.map(({ name }) => [name.replace(/-\d+$/, ''), name])).values()];

/** `sockman node` with a small heap, and where it listens. */
async function startNode(): Promise<{ node: ChildProcess; port: string }> {
  const told = ['node', '--regtest', '1', '--bind', '127.0.0.1:0', '--connect', '0'];
  const args = [`--max-old-space-size=${HEAP_MB}`, `${ROOT}/esm/cli/main.js`, ...told];
  const node = spawn(process.execPath, [...args, '--maxconnections', String(MAX_CONNECTIONS)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(node.stdout, 'data')) as [Buffer];
  node.stdout.resume();
  return { node, port: /:(\d+) /.exec(line.toString())![1]! };
}

/** Attackers that have not begun: they get ready while those before them are at it. */
const waiting = new Map<string, ChildProcess>();

function prepare(name: string, port: string): void {
  waiting.set(name, fork(`${FOLDER}/attackers.mjs`, [port, `${name}=${ATTACKERS}`]));
}

/** Has the attackers of an attack at it, which wait already. @returns How many connections they came to. */
async function attack(name: string): Promise<number> {
  const attackers = waiting.get(name)!;
  waiting.delete(name);
  try {
    attackers.send('go');
    await pause(FLOOD_MS);
    for (;;) {
      attackers.send('report');
      const [{ connections }] = (await once(attackers, 'message')) as [{ connections: number }];
      if (connections > 0) return connections;
      await pause(50);
    }
  } finally {
    attackers.kill('SIGKILL');
  }
}

describe.skipIf(noBuild !== undefined)(`a node with a heap of ${HEAP_MB} MB ${noBuild ?? ''}`, () => {
  let node: ChildProcess;
  let port: string;
  beforeAll(async () => {
    ({ node, port } = await startNode());
    prepare(NAMES[0]!, port);
  });
  afterAll(() => {
    for (const attackers of waiting.values()) attackers.kill('SIGKILL');
    node.kill('SIGKILL');
  });

  it.each(NAMES)('survives the attack %s', async (name) => {
    const next = NAMES[NAMES.indexOf(name) + 1];
    if (next !== undefined) prepare(next, port);
    expect(await attack(name)).toBeGreaterThan(0);
    expect([node.exitCode, node.signalCode]).toEqual([null, null]);
  });

  it('stops when it is told to, after all of them', async () => {
    node.kill('SIGTERM');
    expect(await once(node, 'exit')).toEqual([0, null]);
  });
});
