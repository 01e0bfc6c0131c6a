// A crawl of several Bitcoin Cores that know each other: one is given, it tells of the second, which tells of the third.
//
// In a namespace where 44.0.0.0/7 is this host, since Core keeps no address of loopback. What it knows it tells less than a quarter
// of: so each of the others has a hundred addresses, and those that were told lead to it.

import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../ts/crawl/record/record.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { Bitcoind, DIALS_NOBODY, bitcoindPath } from '../harness/labs/bitcoind.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { freePort } from '../harness/labs/programs.ts';

const ADDRESSES = 100;

if (bitcoindPath() === undefined)
  test.skip('a crawl of several Bitcoin Cores (skipped: BITCOIND names no bitcoind)', () => {});
else
  describeInNamespace(
    'a crawl of several Bitcoin Cores',
    import.meta.filename,
    { packages: {}, deadlineMs: 200_000 },
    () => {
      let first: Bitcoind;
      let second: Bitcoind;
      let third: Bitcoind;
      const stops: (() => Promise<void>)[] = [];

      async function start(port: number, ...options: string[]): Promise<Bitcoind> {
        const core = await Bitcoind.start([DIALS_NOBODY, `-bind=0.0.0.0:${port}`, ...options]);
        stops.push(() => core.stop());
        return core;
      }
      async function tell(core: Bitcoind, firstByte: number, port: number): Promise<void> {
        for (let group = 1; group <= ADDRESSES; group++)
          await core.rpc('addpeeraddress', `${firstByte}.${group}.0.1`, port);
      }

      beforeAll(async () => {
        expect(spawnSync('ip', ['route', 'add', 'local', '44.0.0.0/7', 'dev', 'lo']).status).toBe(0);
        const [secondPort, thirdPort] = [await freePort(), await freePort()];
        first = await start(await freePort());
        second = await start(secondPort);
        third = await start(thirdPort, '-v2transport=0');
        await tell(first, 44, secondPort);
        await tell(second, 45, thirdPort);
      }, 150_000);
      afterAll(async () => {
        for (const stop of stops) await stop();
      });

      test.each([
        ['auto', 2],
        ['never', 1],
      ] as const)(
        'with v2 %s finds all of them from one, over V%i the one of which nothing was told',
        async (v2, best) => {
          const records: CrawlRecord[] = [];
          const seeds = [{ service: Service.parse(first.address), source: 'given' as const }];
          const options = {
            chain: 'regtest',
            followsLocal: true,
            v2,
            seeds,
            clear: { quietMs: 500, deadlineMs: 10_000 },
          } as const;
          const crawler = new Crawler(options, { record: (record) => records.push(record) });
          await crawler.run(new AbortController().signal);
          const of = (prefix: string): unknown[] => [
            ...new Set(
              records
                .filter(({ address }) => address.startsWith(prefix))
                .map(({ outcome, transport, step }) => `${outcome} ${transport} ${step}`),
            ),
          ];
          // What is told by `addpeeraddress` offers no V2.
          expect([of('127.'), of('44.')]).toEqual([[`reachable ${best} done`], ['reachable 1 done']]);
          // The third tells nothing: it knows nobody.
          expect(of('45.')).toEqual(['reachable 1 addresses']);
          expect(third).toBeDefined();
        },
        100_000,
      );
    },
  );
