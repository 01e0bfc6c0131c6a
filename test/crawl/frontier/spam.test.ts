// A node that tells a million addresses: how much of the frontier it gets, and who else is still visited.

import { expect, it } from 'vitest';
import { DIRECT_ROUTES } from '../../../ts/crawl/visit/routes.ts';
import { Frontier } from '../../../ts/crawl/frontier/frontier.ts';
import { frontierOptionsOf } from '../../../ts/crawl/part-options.ts';
import { resolveCrawlOptions } from '../../../ts/crawl/crawl-options.ts';
import { NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import { Service } from '../../../ts/netaddr/service.ts';
import { seededUint32 } from '../../harness/data/seeded-uint32.ts';

const NOW_SECONDS = 1_900_000_000;
const SPAM = 1_000_000;
const PER_SOURCE = 10_000;
const HONEST_GROUPS = 100;
const HONEST_IN_GROUP = 10;
/** A crawl that makes a thousand dials a second. */
const STEP_MS = 100;
const DIALS_A_STEP = 100;

it('a spammer with 1,000,000 addresses gets what one source may introduce, and honest addresses are visited in their turn', () => {
  const options = resolveCrawlOptions({ routes: DIRECT_ROUTES, random: seededUint32(1) });
  expect(options.perSource).toBe(PER_SOURCE);
  const frontier = new Frontier(frontierOptionsOf(options));
  const sourceOf = (text: string): number => frontier.addSeed(Service.parse(text), undefined, 'given');
  const spammer = sourceOf('60.1.1.1:8333');
  const honest = sourceOf('61.1.1.1:8333');
  const bytes = new Uint8Array(4);
  const tell = (source: number, first: number, second: number, host: number): number => {
    bytes.set([first, second, host >> 8, host & 255]);
    return frontier.learn(NETWORK_NUMBERS.ipv4, bytes, 0, 8_333, NOW_SECONDS, 9, source, NOW_SECONDS);
  };

  // In 250 groups, so that the limits of groups do not help.
  let taken = 0;
  for (let index = 0; index < SPAM; index++)
    if (tell(spammer, 20 + (index % 2), Math.floor(index / 2) % 125, Math.floor(index / 250)) !== -1) taken++;
  expect([taken, frontier.counts.beyondSource]).toEqual([PER_SOURCE, SPAM - PER_SOURCE]);
  const memoryBytes = frontier.memoryBytes;
  for (let index = 0; index < SPAM; index++)
    tell(spammer, 22 + (index % 2), Math.floor(index / 2) % 125, index % 4_000);
  expect([frontier.knownCount, frontier.memoryBytes]).toEqual([2 + PER_SOURCE, memoryBytes]);

  const rows = new Set<number>();
  for (let group = 0; group < HONEST_GROUPS; group++)
    for (let host = 1; host <= HONEST_IN_GROUP; host++) rows.add(tell(honest, 30, group, host));
  expect(rows.size).toBe(HONEST_GROUPS * HONEST_IN_GROUP);

  // The spam is in 250 groups, the honest nodes in 100: these get their share of the turns.
  let visited = 0;
  for (let nowMs = 0; rows.size > 0; nowMs += STEP_MS) {
    for (let dial = 0; dial < DIALS_A_STEP; dial++) {
      const row = frontier.take(nowMs);
      if (row === -1) break;
      visited++;
      rows.delete(row);
      frontier.finish(row, false, nowMs);
    }
  }
  const share = (HONEST_GROUPS + 250 + 2) / HONEST_GROUPS;
  expect(visited).toBeLessThanOrEqual(Math.ceil(HONEST_GROUPS * HONEST_IN_GROUP * share) + DIALS_A_STEP);
  expect(visited).toBeLessThan(frontier.knownCount / 2);
});
