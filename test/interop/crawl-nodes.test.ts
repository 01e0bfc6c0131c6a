// A crawl of other people's nodes on loopback: Bitcoin Core over V2 and V1, and bcoin.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlOptions } from '../../ts/crawl/crawl-options.ts';
import { Exclusions } from '../../ts/crawl/frontier/exclusions.ts';
import type { CrawlRecord } from '../../ts/crawl/record/record.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { BcoinNode } from '../harness/labs/bcoin/bcoin.ts';
import { bcoinFolder } from '../harness/labs/bcoin/install.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';

/** Crawls what can be found from some addresses of loopback, and nothing outside. */
async function crawl(seeds: readonly string[], options: CrawlOptions = {}): Promise<CrawlRecord[]> {
  const records: CrawlRecord[] = [];
  const crawler = new Crawler(
    {
      chain: 'regtest',
      followsLocal: true,
      contact: 'test',
      seeds: seeds.map((text) => ({ service: Service.parse(text), source: 'given' })),
      exclusions: Exclusions.parse('44.0.0.0/8'),
      clear: { quietMs: 500 },
      ...options,
    },
    { record: (record) => records.push(record) },
  );
  await crawler.run(new AbortController().signal);
  return records;
}

const path = bitcoindPath();

describe.skipIf(path === undefined)('a crawl of Bitcoin Core', () => {
  let core: Bitcoind;
  beforeAll(async () => {
    core = await Bitcoind.start([DIALS_NOBODY]);
    for (let last = 1; last <= 100; last++) await core.rpc('addpeeraddress', `44.${last}.0.1`, 8_333);
  }, 90_000);
  afterAll(() => core.stop());

  it.each([
    ['auto', 2],
    ['never', 1],
  ] as const)(
    'with v2 %s finds it over V%i, with what it says of itself and the addresses that it knows',
    async (v2, transport) => {
      const [record, ...others] = await crawl([core.address], { v2 });
      expect(others).toEqual([]);
      expect(record).toMatchObject({ outcome: 'reachable', transport, network: 'ipv4', startHeight: 0, step: 'done' });
      expect(record!.userAgent).toMatch(/^\/Satoshi:/);
      expect(record!.serviceNames).toContain('WITNESS');
      expect(record!.features).toContain('sendaddrv2');
      expect(record!.addressCount).toBeGreaterThan(1);
      expect(record!.pingMs).toBeGreaterThan(0);
    },
    90_000,
  );
});

describe.skipIf(bcoinFolder() === undefined)('a crawl of bcoin', () => {
  let bcoin: BcoinNode;
  beforeAll(async () => {
    bcoin = await BcoinNode.start();
  }, 60_000);
  afterAll(() => bcoin.stop());

  it('tries V2, and finds it over V1', async () => {
    // It tells addresses of its own, where nobody is.
    const records = await crawl([bcoin.address], { attempts: 1, clear: { quietMs: 500, deadlineMs: 15_000 } });
    const record = records.find(({ port }) => port === bcoin.port);
    expect(record).toMatchObject({ outcome: 'reachable', transport: 1 });
    expect(record!.userAgent).toMatch(/^\/bcoin:/);
  }, 60_000);
});
