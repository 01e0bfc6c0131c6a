// A crawl over a private Tor network: onion services of villagers are found and visited, and through exits everybody whom they tell.

import { afterAll, beforeAll, expect, test } from 'vitest';

import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlSeed } from '../../ts/crawl/crawl-options.ts';
import type { CrawlRecord } from '../../ts/crawl/record/record.ts';
import { Village } from '../../ts/crawl/village/village.ts';
import { authenticate } from '../../ts/tor/authenticate.ts';
import { addOnion } from '../../ts/tor/commands.ts';
import { TorControl } from '../../ts/tor/tor-control.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';
import { startTorLab } from '../harness/labs/tor-lab.ts';
import type { TorLab } from '../harness/labs/tor-lab.ts';
import { Probe } from '../harness/probe.ts';
import { noteProgress, until } from '../harness/until.ts';

const VIRTUAL_PORT = 18_444;
/** Until the descriptors of the onion services are published, in milliseconds. */
const PUBLICATION_DEADLINE_MS = 60_000;

const needs = { packages: { tor: 'tor', 'tor-gencert': 'tor' }, deadlineMs: 300_000 };

describeInNamespace('a crawl over a private Tor network', import.meta.filename, needs, () => {
  let lab: TorLab;
  let controller: Probe;
  let control: TorControl;
  let village: Village;
  const published = new Set<string>();

  beforeAll(async () => {
    lab = await startTorLab();
    village = new Village({ count: 12, seed: 3, mix: { both: 1, v1: 1 }, groups: 6 });
    village.start();
    controller = new Probe();
    controller.startSocketsThreads();
    control = await TorControl.connect(controller, lab.control, {
      onEvent: ({ lines }) => {
        const id = /^HS_DESC UPLOADED (\S+)/.exec(lines[0]!)?.[1];
        if (id !== undefined) published.add(id);
        noteProgress();
      },
    });
    await authenticate(control);
    expect((await control.command('SETEVENTS HS_DESC')).code).toBe(250);
  }, 150_000);
  afterAll(async () => {
    control?.close();
    await controller?.[Symbol.asyncDispose]();
    await village?.stop();
    await lab?.stop();
  }, 30_000);

  test('visits two onion services, and everybody they tell through exits', async () => {
    const seeds: CrawlSeed[] = [];
    for (const { service: target } of village.villagers.slice(0, 2)) {
      const { service } = await addOnion(control, { key: undefined, virtualPort: VIRTUAL_PORT, target });
      seeds.push({ service, source: 'given' });
    }
    await until('the descriptors', () => published.size === seeds.length, PUBLICATION_DEADLINE_MS);
    const records: CrawlRecord[] = [];
    const proxy = { endpoint: lab.socks };
    const crawler = new Crawler(
      {
        chain: 'regtest',
        followsLocal: true,
        seeds,
        routes: { onion: { ...proxy, streamIsolation: true }, ipv4: proxy },
        // In so young a network a circuit may come to nothing.
        attempts: 20,
        retryDelayMs: 1_000,
        clear: { connectTimeoutMs: 30_000, quietMs: 1_000 },
        overlay: { connectTimeoutMs: 30_000, deadlineMs: 60_000, quietMs: 1_000 },
      },
      { record: (record) => void (records.push(record), noteProgress()) },
    );
    await crawler.run(new AbortController().signal);
    const reached = (network: string): string[] =>
      records
        .filter((record) => record.network === network && record.outcome === 'reachable')
        .map(endpoint)
        .sort();
    expect(reached('onion')).toEqual(seeds.map(({ service }) => String(service)).sort());
    expect(reached('ipv4')).toEqual(village.villagers.map(({ service }) => String(service)).sort());
    expect(records).toHaveLength(14);
    for (const { ourAddress, connectMs, handshakeMs } of records) {
      // What goes through a proxy says nothing of where it goes.
      expect(ourAddress).toBeUndefined();
      expect([connectMs! > 0, handshakeMs! > 0]).toEqual([true, true]);
    }
  }, 240_000);
});

const endpoint = ({ address, port }: CrawlRecord): string => `${address}:${port}`;
