// The command `sockman crawl --fleet`, as its guide has it: three workers of the built package, one of which is killed.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

import { command as crawlCommand } from '../../../ts/cli/commands/crawl.ts';
import { connectToNats } from '../../../ts/crawl/fleet/bus/nats-bus.ts';
import type { Village } from '../../../ts/crawl/village/village.ts';
import { noBuild } from '../../harness/child.ts';
import { outside } from '../../harness/outside.ts';
import { isRoundClosed, resultsOf, startVillage } from './fleet-stage.ts';
import { NatsServer, noNats, poll } from './nats-server.ts';
import { expectGroundTruth } from '../village/ground-truth.ts';

const MAIN = fileURLToPath(new URL('../../../esm/cli/main.js', import.meta.url));
const VILLAGERS = 300;

const skipped = noNats ?? noBuild;

/** One worker of the fleet; its lines are dropped, its complaints shown. */
function startCommand(village: Village, url: string, name: string, folder: string): ChildProcess {
  const where = ['--chain', 'regtest', '--seed', String(village.seeds[0]), '--out', folder];
  const how = ['--fleet', url, '--name', name, '--attempts', '1', '--group-rate', '50', '--json'];
  return spawn(process.execPath, [MAIN, 'crawl', ...where, ...how], { stdio: ['ignore', 'ignore', 'inherit'] });
}

it.skipIf(skipped !== undefined)(
  `sockman crawl --fleet reports the whole village though a worker is killed ${skipped ?? ''}`,
  async () => {
    const root = mkdtempSync(join(tmpdir(), 'sockman-fleet-command-'));
    const village = startVillage({ count: VILLAGERS, mix: { v1: 6, both: 6, full: 1, refusing: 2, http: 1 } });
    const server = new NatsServer();
    await server.start();
    const names = ['ada', 'bea', 'cyd'];
    const [killed, ...others] = names.map((name) => startCommand(village, server.url, name, join(root, name)));
    try {
      // With the default times, as the command has them: the first to join makes the streams and buckets that all share.
      const observer = await connectToNats({ servers: server.url, name: 'observer' });
      await poll('some results', async () => (await resultsOf(observer, 1)).length > VILLAGERS / 10, 60_000);
      const ends = others.map((child) => once(child, 'exit'));
      killed!.kill('SIGKILL');
      await poll('the end of the round', () => isRoundClosed(observer), 120_000);
      expect(await Promise.all(ends)).toEqual([
        [0, null],
        [0, null],
      ]);

      expectGroundTruth(village, await resultsOf(observer, 1));
      const reported = names.map((name) => join(root, name)).filter((path) => existsSync(join(path, 'summary.json')));
      expect(reported).toHaveLength(1);
      const summary = JSON.parse(readFileSync(join(reported[0]!, 'summary.json'), 'utf8')) as {
        all: { known: number };
      };
      expect(summary.all.known).toBe(VILLAGERS);
      await observer.close();
    } finally {
      for (const child of [killed!, ...others]) child.kill('SIGKILL');
      await server.stop();
      await village.stop();
      rmSync(root, { recursive: true, force: true });
    }
  },
  240_000,
);

it.skipIf(noNats !== undefined)(
  `sockman crawl --fleet exits with 1 where this worker reached no node ${noNats ?? ''}`,
  async () => {
    const server = new NatsServer();
    await server.start();
    try {
      const where = ['--chain', 'regtest', '--seed', '127.0.0.1:1', '--attempts', '1'];
      expect(await crawlCommand.run([...where, '--fleet', server.url], outside().io)).toBe(1);
    } finally {
      await server.stop();
    }
  },
  60_000,
);
