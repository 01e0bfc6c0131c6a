// A crawl over a private I2P network: a node of ours that listens on one router is visited through the other.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { AddrMan } from '../../ts/addrman/addr-man.ts';
import { Connman } from '../../ts/connman/connman.ts';
import { Crawler } from '../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../ts/crawl/record/record.ts';
import { Service } from '../../ts/netaddr/service.ts';
import { PeerManager } from '../../ts/peerman/peer-manager.ts';
import { ZERO_HOPS, startI2PLab } from '../harness/labs/i2p-lab.ts';
import type { I2PLab } from '../harness/labs/i2p-lab.ts';
import { describeInNamespace } from '../harness/labs/namespace.ts';

/** Until the node has its address, in milliseconds: 20 s as a rule. */
const SESSION_DEADLINE_MS = 90_000;
/** Until the network knows it, in milliseconds. */
const REACH_DEADLINE_MS = 150_000;

/** What the node knows: enough that the quarter that it tells counts as an answer. */
const KNOWN_COUNT = 50;

const needs = { packages: { i2pd: 'i2pd' }, deadlineMs: 400_000 };

describeInNamespace('a crawl over a private I2P network', import.meta.filename, needs, () => {
  let lab: I2PLab;
  let folder: string;
  let node: Connman;

  beforeAll(async () => {
    lab = await startI2PLab();
    folder = mkdtempSync(join(tmpdir(), 'sockman-crawl-i2p-'));
    const addressBook = new AddrMan();
    const timeSeconds = Math.floor(Date.now() / 1_000);
    for (let group = 1; group <= KNOWN_COUNT; group++) {
      const service = Service.parse(`44.${group}.0.1:18444`);
      addressBook.add([{ service, services: 9n, timeSeconds }], service.address);
    }
    node = new Connman({
      chain: 'regtest',
      addressBook,
      listen: false,
      noConnect: true,
      i2pSam: lab.bridges[1]!,
      i2pSessionOptions: ZERO_HOPS,
      i2pAcceptIncoming: true,
      i2pPrivateKeyFile: join(folder, 'key'),
    });
    await node.start(new PeerManager({ addressBook }));
  }, SESSION_DEADLINE_MS);
  afterAll(async () => {
    await node?.stop();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  test.each([
    ['only', 2],
    ['never', 1],
  ] as const)(
    'with v2 %s visits the node by its address alone over V%i, and has what it says of itself',
    async (v2, transport) => {
      await expect.poll(() => node.localAddresses().length, { timeout: SESSION_DEADLINE_MS, interval: 500 }).toBe(1);
      const { service } = node.localAddresses()[0]!;
      const deadline = performance.now() + REACH_DEADLINE_MS;
      let record: CrawlRecord | undefined;
      // A router that has not heard of the address refuses, and one that has says "connected" before the peer was asked.
      while (record?.outcome !== 'reachable') {
        expect([performance.now() < deadline, record]).toEqual([true, record]);
        record = await visit(service, v2);
      }
      expect(record).toMatchObject({
        address: String(service.address),
        port: 0,
        network: 'i2p',
        step: 'done',
        transport,
        serviceNames: ['P2P_V2'],
        userAgent: node.userAgent,
        // It has no chain.
        startHeight: -1,
      });
      expect(record.addressCount).toBeGreaterThan(1);
    },
    SESSION_DEADLINE_MS + REACH_DEADLINE_MS,
  );

  async function visit(service: Service, v2: 'only' | 'never'): Promise<CrawlRecord> {
    const records: CrawlRecord[] = [];
    const crawler = new Crawler(
      {
        chain: 'regtest',
        v2,
        routes: { i2p: { endpoint: lab.bridges[0]!, sessionOptions: ZERO_HOPS } },
        seeds: [{ service, source: 'given' }],
        attempts: 1,
        overlay: { connectTimeoutMs: 60_000, deadlineMs: 90_000, quietMs: 1_000 },
      },
      { record: (record) => records.push(record) },
    );
    await crawler.run(new AbortController().signal);
    expect(records).toHaveLength(1);
    return records[0]!;
  }
});
