// A monitor over a village and over peers that announce: what it holds, hears, says and writes.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CrawlOptions } from '../../../ts/crawl/crawl-options.ts';
import { Monitor } from '../../../ts/crawl/monitor/monitor.ts';
import { PROPAGATION_FILE, readPropagation } from '../../../ts/crawl/report/files/propagation-file.ts';
import { Village } from '../../../ts/crawl/village/village.ts';
import { lockFolder } from '../../../ts/storage/folder-lock.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { noBuild } from '../../harness/child.ts';
import { poll } from '../fleet/nats-server.ts';

const MAIN = fileURLToPath(new URL('../../../esm/cli/main.js', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-monitor-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Line {
  readonly type: string;
  readonly address?: string;
  readonly [key: string]: unknown;
}

const linesOf = (): Line[] =>
  readdirSync(folder)
    .filter((name) => name.startsWith('monitor-'))
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trim().split('\n'))
    .map((line) => JSON.parse(line) as Line);

function monitorOf(village: Village, maxHeld?: number, crawl: CrawlOptions = {}): Monitor {
  return new Monitor({
    crawl: {
      chain: 'regtest',
      followsLocal: true,
      seeds: village.seeds.map((service) => ({ service, source: 'given' as const })),
      clear: { connectTimeoutMs: 2_000, deadlineMs: 4_000 },
      groupRate: 1_000,
      groupConcurrency: 1_000,
      ...crawl,
    },
    folder,
    ...(maxHeld === undefined ? {} : { maxHeld }),
    pingEveryMs: 1_000,
  });
}

describe('a monitor', () => {
  it('holds every node that stays, over V1 and V2, and says who came and went', async () => {
    const village = new Village({ count: 200, seed: 3, mix: { both: 60, v1: 30, v2: 10, refusing: 10, http: 5 } });
    village.start();
    const stayers = village.villagers.filter(({ kind }) => ['both', 'v1', 'v2'].includes(kind));
    const monitor = monitorOf(village);
    monitor.start();
    await poll('all that stay', () => monitor.picture.held === stayers.length);
    await poll('answers to pings', () => monitor.picture.pingMs !== undefined);
    const { v2, networks, dialing } = monitor.picture;
    expect([v2, networks['ipv4']]).toEqual([stayers.filter(({ kind }) => kind !== 'v1').length, stayers.length]);
    expect(dialing).toBeLessThanOrEqual(15);
    village.setPresent(stayers[5]!, false);
    await poll('one to leave', () => monitor.picture.held === stayers.length - 1);
    await monitor.stop();
    await village.stop();
    const lines = linesOf();
    const began = lines.filter(({ type }) => type === 'session-began').map(({ address }) => address);
    expect(new Set(began)).toEqual(new Set(stayers.map(({ service }) => String(service))));
    const left = lines.find(({ type, reason }) => type === 'session-ended' && reason !== 'stopped');
    expect(left).toMatchObject({ address: String(stayers[5]!.service) });
    expect(lines.some(({ type }) => type === 'gossip')).toBe(true);
    expect(lines.some(({ type }) => type === 'picture')).toBe(true);
  }, 60_000);

  it('begins with the name of a DNS seed alone, which a proxy looks up', async () => {
    const village = new Village({ count: 60, seed: 3, mix: { both: 1, v1: 1 } });
    village.start();
    const monitor = monitorOf(village, undefined, { seeds: [], nameProxy: { endpoint: village.socksProxy } });
    monitor.start();
    await poll('all of them', () => monitor.picture.held === 60);
    await monitor.stop();
    await village.stop();
  }, 60_000);

  it('holds no more than it may', async () => {
    const village = new Village({ count: 100, seed: 3, mix: { both: 1 } });
    village.start();
    const monitor = monitorOf(village, 20);
    monitor.start();
    await poll('twenty', () => monitor.picture.held === 20);
    expect(monitor.picture.dialing).toBe(0);
    await monitor.stop();
    await village.stop();
  }, 60_000);

  it('is the only one that writes into its folder, beside a crawl, until it stops', async () => {
    const crawl = lockFolder(folder, silentLogger);
    const village = new Village({ count: 5, seed: 3, mix: { v1: 1 } });
    village.start();
    const first = monitorOf(village);
    first.start();
    const second = monitorOf(village);
    expect(() => second.start()).toThrow(expect.objectContaining({ code: 'ERR_SOCKMAN_FILE_LOCKED' }));
    await second.stop();
    expect(existsSync(join(folder, PROPAGATION_FILE))).toBe(true);
    const command = spawnSync(process.execPath, [MAIN, 'monitor', '--chain', 'regtest', '--out', folder, '--for', '1']);
    if (noBuild === undefined) {
      expect(command.status).toBe(1);
      expect(String(command.stderr)).toContain(`in use by process ${process.pid}`);
    }
    await first.stop();
    const third = monitorOf(village);
    third.start();
    await third.stop();
    await village.stop();
    crawl.release();
  }, 60_000);

  it('measures how a block spreads, for the report of a crawl in the same folder', async () => {
    const village = new Village({ count: 100, seed: 3, mix: { both: 1 } });
    village.start();
    const monitor = monitorOf(village);
    monitor.start();
    await poll('all', () => monitor.picture.held === 100);
    const hash = new Uint8Array(32).fill(9);
    village.announce([{ type: 2, hash }]);
    await poll('the block', () => monitor.picture.blocksSeen === 1);
    await poll('its bytes at all peers', () => monitor.propagation.blocks.seen === 1);
    await monitor.stop();
    await village.stop();
    const block = linesOf().find(({ type }) => type === 'block')!;
    expect(block).toMatchObject({ hash: '09'.repeat(32), held: 100 });
    expect((block['peers'] as unknown[]).length).toBe(block['announced']);
    // The figures of the end: all had been held until then.
    expect(monitor.propagation.connections).toBe(100);
    expect(readPropagation(folder, Date.now())).toMatchObject({ connections: 100, blocks: { seen: 1 } });
    expect(readPropagation(folder, Date.now() + 2 * 86_400_000)).toBeUndefined();
  }, 60_000);
});
