// What a visit says of an address that could not be dialed: by a proxy that is scripted, and by one that is not there.

import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { Crawler } from '../../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { Service } from '../../../ts/netaddr/service.ts';

let proxy: Server | undefined;
afterEach(() => {
  proxy?.close();
});

/** A SOCKS5 proxy that answers the greeting and the request with these bytes. @returns Its address. */
async function startProxy(greeting: readonly number[], reply: readonly number[]): Promise<Service> {
  proxy = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write(Uint8Array.from(greeting));
      socket.once('data', () => socket.end(Uint8Array.from(reply)));
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return Service.parse(`127.0.0.1:${(proxy.address() as AddressInfo).port}`);
}

/** The record of one address behind a proxy. */
async function visit(endpoint: Service): Promise<CrawlRecord> {
  const records: CrawlRecord[] = [];
  const seeds = [{ service: Service.parse('1.2.3.4:8333'), source: 'given' as const }];
  const crawl = { chain: 'regtest', routes: { ipv4: { endpoint } }, seeds, attempts: 1, v2: 'never' } as const;
  await new Crawler(crawl, { record: (record) => records.push(record) }).run(new AbortController().signal);
  expect(records).toHaveLength(1);
  return records[0]!;
}

const ACCEPTED = [5, 0];
const replyOf = (code: number): readonly number[] => [5, code, 0, 1, 0, 0, 0, 0, 0, 0];

it.each([
  [1, 'unreachable', 'socks5-general-failure'],
  [2, 'proxy-failed', 'socks5-not-allowed'],
  [3, 'unreachable', 'socks5-network-unreachable'],
  [4, 'unreachable', 'socks5-host-unreachable'],
  [5, 'refused', 'socks5-connection-refused'],
  [6, 'timeout', 'socks5-ttl-expired'],
  [8, 'proxy-failed', 'socks5-address-type-not-supported'],
] as const)('an address for which the proxy answers %i is %s', async (reply, outcome, code) => {
  expect(await visit(await startProxy(ACCEPTED, replyOf(reply)))).toMatchObject({ outcome, code, step: 'connect' });
});

it.each([
  ['of another version', [4, 0], replyOf(0)],
  ['that wants a password', [5, 255], replyOf(0)],
  ['whose answer is cut off', ACCEPTED, replyOf(0).slice(0, 4)],
] as const)('a proxy %s is recorded as failed, not the address', async (_what, greeting, reply) => {
  expect((await visit(await startProxy(greeting, reply))).outcome).toBe('proxy-failed');
});

it('a proxy that is not there is recorded as failed, not the address', async () => {
  const endpoint = await startProxy(ACCEPTED, []);
  proxy!.close();
  await once(proxy!, 'close');
  expect((await visit(endpoint)).outcome).toBe('proxy-failed');
});
