// How the spread of announcements is counted.

import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Announcement } from '../../../ts/crawl/monitor/announcement.ts';
import { Announcements, BLOCK_LIMITS } from '../../../ts/crawl/monitor/announcements.ts';
import type { FollowLimits } from '../../../ts/crawl/monitor/announcements.ts';
import { walkInventory } from '../../../ts/crawl/monitor/inventory-walker.ts';
import { RedialTimes, endOf } from '../../../ts/crawl/monitor/redial-times.ts';
import { MonitorRecorder } from '../../../ts/crawl/monitor/monitor-recorder.ts';
import type { HeldPeer } from '../../../ts/crawl/monitor/held-peer.ts';
import { SpreadTally } from '../../../ts/crawl/monitor/spread-summary.ts';
import { spreadBySystem } from '../../../ts/crawl/monitor/system-spread.ts';
import { silentLogger } from '../../../ts/util/logger.ts';
import { systemClock } from '../../../ts/util/time/clock.ts';

const hash = (number: number): Uint8Array => new Uint8Array(32).fill(number);

/** Peers by slot: three of ten on IPv4, the rest on onion. */
const peer = (slot: number, heldSinceMs = 0) => ({ slot, network: slot < 3 ? 1 : 3, heldSinceMs });
const held = (count: number) => ({ all: count, networks: Uint32Array.of(0, 3, 0, count - 3, 0, 0) });

function follow(limits: Partial<FollowLimits> = {}) {
  const ended: Announcement[] = [];
  let draws = 0;
  const random = (): number => (draws = (Math.imul(draws, 1_103_515_245) + 12_345) >>> 0);
  const announcements = new Announcements({ ...BLOCK_LIMITS, ...limits }, systemClock, random, (one) =>
    ended.push(one),
  );
  return { announcements, ended };
}

describe('announcements', () => {
  it('reach half and nine tenths when so many of those that were held had made theirs', () => {
    const { announcements, ended } = follow();
    for (let slot = 0; slot < 10; slot++)
      announcements.announced(hash(1), peer(slot), 1_000 + slot * 100, held(10), 10);
    announcements.endAll();
    expect(ended[0]!.spread()).toEqual({ p50: 400, p90: 800 });
    expect(ended[0]!.spread(1)).toEqual({ p50: 100, p90: 200 });
    const tally = new SpreadTally();
    tally.add(ended[0]!);
    expect(tally.summary(1)).toEqual({
      seen: 1,
      all: { p50: 400, p90: 800 },
      networks: { ipv4: { p50: 100, p90: 200 }, onion: { p50: 600, p90: 900 } },
    });
  });

  it('are told by autonomous system from ten held peers on, those that came later or announce nothing aside', () => {
    const { announcements, ended } = follow();
    for (let slot = 0; slot < 30; slot++)
      if (slot !== 19) announcements.announced(hash(1), peer(slot), 1_000 + slot, held(30), 30);
    announcements.endAll();
    // Ten in one system; ten in another, of which the last says nothing; nine in a third; one in none that is known.
    const peerAt = (slot: number): { asn: number; heldSinceMs: number } | undefined => ({
      asn: slot < 10 ? 7 : slot < 20 ? 5 : slot < 29 ? 6 : 0,
      heldSinceMs: 0,
    });
    const systems = spreadBySystem(ended[0]!, peerAt);
    expect(systems).toEqual([
      { asn: 5, held: 10, p50: 14, p90: 18 },
      { asn: 7, held: 10, p50: 4, p90: 8 },
    ]);
    const late = spreadBySystem(ended[0]!, (slot) => ({ ...peerAt(slot)!, heldSinceMs: slot === 3 ? 1_001 : 0 }));
    expect(late.map(({ asn }) => asn)).toEqual([5]);
    const tally = new SpreadTally();
    tally.add(ended[0]!, systems);
    expect(tally.summary(1).systems).toEqual(systems);
  });

  it('are written with their systems: a block with all, a transaction with the twelve largest, either with none without a map', () => {
    const { announcements, ended } = follow();
    for (let slot = 0; slot < 200; slot++) announcements.announced(hash(1), peer(slot), 1_000 + slot, held(200), 200);
    announcements.endAll();
    const folder = mkdtempSync(join(tmpdir(), 'sockman-spread-'));
    const recorder = new MonitorRecorder(folder, systemClock, silentLogger);
    recorder.open();
    const peerIn = (systems: number) => (slot: number) => ({ asn: slot % systems, heldSinceMs: 0 }) as HeldPeer;
    for (const peerAt of [peerIn(20), peerIn(1)]) {
      recorder.block(ended[0]!, peerAt, () => '127.0.0.1:1');
      recorder.transaction(ended[0]!, peerAt);
    }
    recorder.close(recorder.propagation(0, 1, 1));
    const [name] = readdirSync(folder).filter((one) => one.endsWith('.ndjson'));
    const lines = readFileSync(join(folder, name!), 'utf8').trim().split('\n');
    const systems = lines.map((line) => (JSON.parse(line) as { systems?: object[] }).systems?.length);
    expect(systems).toEqual([19, 12, undefined, undefined]);
    rmSync(folder, { recursive: true });
  });

  it('count each peer once, and none that came after the first', () => {
    const { announcements, ended } = follow();
    announcements.announced(hash(1), peer(0), 1_000, held(10), 10);
    announcements.announced(hash(1), peer(0), 1_100, held(10), 10);
    announcements.announced(hash(1), peer(1, 1_050), 1_200, held(10), 10);
    announcements.announced(hash(1), peer(10), 1_200, held(11), 11);
    announcements.endAll();
    expect(ended[0]!.count).toBe(1);
  });

  it('are followed as many at once as are allowed, in all and by who was first', () => {
    const { announcements, ended } = follow({ maxOpen: 3, maxOpenPerPeer: 2 });
    for (let number = 1; number <= 4; number++) announcements.announced(hash(number), peer(0), 1_000, held(10), 10);
    expect(announcements.openCount).toBe(2);
    announcements.announced(hash(5), peer(1), 1_000, held(10), 10);
    announcements.announced(hash(6), peer(2), 1_000, held(10), 10);
    expect([announcements.openCount, announcements.seenCount]).toEqual([3, 6]);
    // What was not followed from its first announcement is not followed from a later one.
    announcements.endAll();
    announcements.announced(hash(6), peer(3), 2_000, held(10), 10);
    expect([announcements.openCount, ended.length]).toEqual([0, 3]);
  });

  it('end when they were followed for long enough', () => {
    const { announcements, ended } = follow();
    announcements.announced(hash(1), peer(0), 1_000, held(10), 10);
    announcements.sweep(1_000 + BLOCK_LIMITS.followMs - 1);
    expect(ended).toHaveLength(0);
    announcements.sweep(1_000 + BLOCK_LIMITS.followMs);
    expect(ended).toHaveLength(1);
  });
});

describe('an inventory', () => {
  const entry = (type: number, fill: number): Uint8Array =>
    Buffer.concat([Uint32Array.of(type), hash(fill)].map((part) => Buffer.from(part.buffer)));
  const items = (payload: Uint8Array): [boolean, number][] | undefined => {
    const found: [boolean, number][] = [];
    return walkInventory(payload, (isBlock, of) => found.push([isBlock, of[0]!])) ? found : undefined;
  };

  it('tells blocks and transactions, and passes over the rest', () => {
    const payload = Buffer.concat([
      Buffer.from([5]),
      entry(1, 1),
      entry(2, 2),
      entry(5, 3),
      entry(9, 4),
      entry(0x4000_0002, 5),
    ]);
    expect(items(payload)).toEqual([
      [false, 1],
      [true, 2],
      [false, 3],
      [true, 5],
    ]);
  });

  it('is refused when it is cut at any byte, longer than it says, or longer than allowed', () => {
    const payload = Buffer.concat([Buffer.from([2]), entry(1, 1), entry(2, 2)]);
    for (let length = 0; length < payload.length; length++) expect(items(payload.subarray(0, length))).toBeUndefined();
    expect(items(Buffer.concat([payload, Buffer.from([0])]))).toBeUndefined();
    expect(items(Buffer.concat([Buffer.from([0xfd, 0x51, 0xc3]), Buffer.alloc(50_001 * 36)]))).toBeUndefined();
    expect(items(Buffer.concat([Buffer.from([0xfd, 0x50, 0xc3]), Buffer.alloc(50_000 * 36)]))).toEqual([]);
  });
});

describe('the time of the next dial', () => {
  it('comes soon after a session, later after a failure, and in a day after three closings in a row', () => {
    const times = new RedialTimes();
    const due = (nowMs: number): number[] => {
      const rows: number[] = [];
      times.due(nowMs, (row) => rows.push(row));
      return rows;
    };
    expect([endOf(29_999), endOf(30_000)]).toEqual(['closed-early', 'lasted']);
    times.note(1, 'lasted', 0);
    times.note(2, 'failed', 0);
    expect([due(59_999), due(60_000)]).toEqual([[], [1]]);
    expect([due(1_799_999), due(1_800_000)]).toEqual([[], [2]]);
    for (let closing = 1; closing <= 2; closing++) {
      times.note(3, 'closed-early', 2_000_000);
      expect(due(2_060_000)).toEqual([3]);
    }
    times.note(3, 'closed-early', 3_000_000);
    expect([times.leftAloneCount, due(3_000_000 + 86_399_999), due(3_000_000 + 86_400_000)]).toEqual([1, [], [3]]);
  });
});
