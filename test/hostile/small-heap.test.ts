// A node whose heap is small, under the attacks of the flood bench: none of them ends its process, and it stops when told.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { noBuild } from '../harness/child.ts';

const FOLDER = `${import.meta.dirname}/../../bench/cases/floods`;
const MAX_CONNECTIONS = 125;
const ATTACKERS = 94;
/** The flood has begun. */
const FLOOD_BYTES = 100_000;
/** How long it goes on, in milliseconds. */
const FLOOD_MS = 1_000;
/** What hosts of 1 GB give. What waits may be an eighth of it. */
const HEAP_MB = 256;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(file: string, args: string[], execArgv: string[] = []): ChildProcess {
  const child = fork(`${FOLDER}/${file}`, args, { execArgv });
  children.push(child);
  return child;
}

interface Answer {
  readonly port: number;
  readonly takenBytes: number;
  readonly worstLagMs: number;
}

/** The next message of a child; an error if it ends before. */
function answer(child: ChildProcess, request?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null, signal: string | null): void => reject(new Error(`ended: ${signal ?? code}`));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Answer);
    });
    if (request !== undefined) child.send(request);
  });
}

describe.skipIf(noBuild !== undefined)(`a node with a heap of ${HEAP_MB} MB ${noBuild ?? ''}`, () => {
  it.each(['ping-94', 'checksum-500', 'inv-full-94', 'getdata-50', 'ping-unread-50', 'nonsense-50', 'half-94'])(
    'survives the attack %s and stops when it is told to',
    async (attack) => {
      const node = start('node.mjs', [String(MAX_CONNECTIONS)], [`--max-old-space-size=${HEAP_MB}`]);
      const { port } = await answer(node);
      const attackers = start('attackers.mjs', [attack, String(port), String(ATTACKERS)]);
      attackers.send('go');
      while ((await answer(attackers, 'report')).takenBytes < FLOOD_BYTES) await pause(50);
      await pause(FLOOD_MS);
      // It still answers, and ends by itself while the flood goes on.
      expect((await answer(node, 'lag')).worstLagMs).toBeGreaterThanOrEqual(0);
      const ended = new Promise((resolve) => node.once('exit', (code, signal) => resolve(signal ?? code)));
      node.kill('SIGTERM');
      expect(await ended).toBe(0);
    },
  );
});
