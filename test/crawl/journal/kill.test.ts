// A crawl in a process of its own that is killed again and again: what it recorded is there, once, and it comes to its end.

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync, appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { watch } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { Village } from '../../../ts/testing.ts';
import { noBuild } from '../../harness/child.ts';
import { expectGroundTruth } from '../village/ground-truth.ts';

const PROGRAM = fileURLToPath(new URL('children/crawl.mjs', import.meta.url));
const VILLAGERS = 250;

/** How often the crawl is killed, if it does not come to its end before. */
const MAX_KILLS = 40;

/** Without those that take a deadline to find out. */
const MIX = { v1: 60, old: 6, full: 6, 'full-reset': 4, refusing: 8, http: 4, tls: 2, 'ends-in-version': 4, echo: 2 };

describe.skipIf(noBuild !== undefined)('a crawl that is killed', () => {
  let folder: string;
  let village: Village;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sockman-crawl-'));
    village = new Village({ count: VILLAGERS, seed: 4, mix: MIX, tells: 60, groups: 8 });
    village.start();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await village.stop();
    rmSync(folder, { recursive: true });
  });

  function start(): { child: ChildProcess; output: () => string } {
    const child = spawn(process.execPath, [PROGRAM, String(village.seeds[0]), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    return { child, output: () => text };
  }

  const lines = (): string[] => readFileSync(join(folder, 'records.ndjson'), 'utf8').trimEnd().split('\n');
  /** Waits until the first records are on the disk: the journal writes every second. */
  async function recordsBegin(): Promise<void> {
    const path = join(folder, 'records.ndjson');
    const hasRecords = (): boolean => existsSync(path) && statSync(path).size > 0;
    if (hasRecords()) return;
    for await (const _ of watch(folder)) if (hasRecords()) return;
  }
  const records = (): CrawlRecord[] => lines().map((line) => parseRecord(line) as CrawlRecord);

  it('every second has every record once in the end, and all of them', async () => {
    let seen = 0;
    let kills = 0;
    for (; ; kills++) {
      const { child, output } = start();
      const exit = once(child, 'exit').then(() => true);
      await Promise.race([once(child.stdout!, 'data'), exit]);
      const isLast = kills === MAX_KILLS;
      const isOver = await Promise.race([
        exit,
        new Promise<false>((resolve) => setTimeout(() => resolve(false), isLast ? 60_000 : 1_000)),
      ]);
      if (isOver) {
        expect(output()).toMatch(/complete/);
        break;
      }
      child.kill('SIGKILL');
      await exit;
      // Nothing that was recorded before is lost.
      const count = readFileSync(join(folder, 'records.ndjson'), 'utf8').split('\n').length - 1;
      expect(count).toBeGreaterThanOrEqual(seen);
      seen = count;
    }
    expect(kills).toBeGreaterThan(1);
    expectGroundTruth(village, records(), false);
  }, 180_000);

  it('in the middle of a line goes on behind the last whole one', async () => {
    const first = start();
    while (!first.output().includes('began')) await once(first.child.stdout!, 'data');
    await recordsBegin();
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    appendFileSync(join(folder, 'records.ndjson'), '{"time":12345,"round":1,"addr');
    appendFileSync(join(folder, 'known.journal'), Buffer.from([1, 0, 3]));
    const second = start();
    await once(second.child, 'exit');
    expect(second.output()).toBe('resumed\ncomplete\n');
    expectGroundTruth(village, records(), false);
  }, 120_000);

  it('by SIGINT stops in order, and the next one goes on', async () => {
    const first = start();
    await once(first.child.stdout!, 'data');
    await recordsBegin();
    first.child.kill('SIGINT');
    const [code] = (await once(first.child, 'exit')) as [number];
    expect(code).toBe(0);
    expect(first.output()).toBe('began\nstopped\n');
    const second = start();
    await once(second.child, 'exit');
    expect(second.output()).toBe('resumed\ncomplete\n');
    expectGroundTruth(village, records(), false);
  }, 120_000);

  it('is alone in its folder: a second one ends with an error that says so', async () => {
    const first = start();
    await once(first.child.stdout!, 'data');
    const second = start();
    const [code] = (await once(second.child, 'exit')) as [number];
    expect(code).toBe(1);
    expect(second.output()).toBe('ERR_SOCKMAN_FILE_LOCKED\n');
  }, 60_000);
});
