// The lines of a monitor on a disk that takes none, or a part.

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LineLog } from '../../../ts/crawl/monitor/line-log.ts';
import { VirtualClock } from '../../../ts/testing.ts';
import { describeInNamespace } from '../../harness/labs/namespace.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sockman-lines-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const nameAt = (clock: VirtualClock): string =>
  join(folder, `monitor-${new Date(clock.wallTimeMs()).toISOString().slice(0, 10)}.ndjson`);

describe('lines that the disk never takes', () => {
  it('are tried again each second, counted at the end, and then left', () => {
    const clock = new VirtualClock();
    let faults = 0;
    const log = new LineLog(folder, clock, () => faults++);
    symlinkSync('/dev/full', nameAt(clock));
    for (let number = 0; number < 3; number++) log.add({ number });
    clock.advance(2_500);
    expect(faults).toBe(2);
    log.close();
    clock.advance(60_000);
    expect([faults, log.lostCount]).toEqual([3, 3]);
  });
});

describeInNamespace(
  'lines on a disk that is nearly full',
  import.meta.filename,
  { packages: {}, deadlineMs: 60_000 },
  () => {
    it('are whole, and there once, when there is room again', (context) => {
      const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16384', 'none', folder], {
        encoding: 'utf8',
      });
      if (status !== 0) return context.skip(`no tmpfs can be mounted: ${stderr}`);
      const clock = new VirtualClock();
      let faults = 0;
      const log = new LineLog(folder, clock, () => faults++);
      const text = 'x'.repeat(1_000);
      for (let number = 0; number < 30; number++) log.add({ number, text });
      clock.advance(1_000);
      expect([faults, readdirSync(folder).map((name) => readFileSync(join(folder, name)).length)]).toEqual([1, [0]]);
      execFileSync('mount', ['-o', 'remount,size=1048576', folder]);
      log.close();
      const lines = readFileSync(nameAt(clock), 'utf8').trim().split('\n');
      expect(lines.map((line) => (JSON.parse(line) as { number: number }).number)).toEqual(
        lines.map((_, number) => number),
      );
      expect([lines.length, log.lostCount]).toEqual([30, 0]);
      execFileSync('umount', [folder]);
    });
  },
);
