// A visit to a node that asks and asks and never reads the answers.

import { expect, it } from 'vitest';

import { Crawler } from '../../../ts/crawl/crawler.ts';
import type { CrawlRecord } from '../../../ts/crawl/record/record.ts';
import { MAX_VISIT_BYTES } from '../../../ts/crawl/visit/visitor.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { encodeMessage } from '../../../ts/p2p/messages/registry.ts';
import type { Message } from '../../../ts/p2p/messages/registry.ts';
import { NO_VERSION_ADDRESS } from '../../../ts/p2p/messages/version.ts';
import { V1Transport } from '../../../ts/p2p/transport/v1.ts';
import { createSockMan } from '../../../ts/sockman/create-sock-man.ts';
import { MemoryNetwork } from '../../../ts/testing.ts';

const { magic } = CHAIN_PARAMS.regtest;

function framed(message: Message): Uint8Array {
  const transport = new V1Transport(magic);
  transport.setMessageToSend(encodeMessage(message));
  return transport.getBytesToSend(false).toSend;
}

const GREETING = Buffer.concat([
  framed({
    type: 'version',
    protocolVersion: 70_016,
    services: 9n,
    timeSeconds: 1_893_456_000,
    receiver: NO_VERSION_ADDRESS,
    sender: NO_VERSION_ADDRESS,
    nonce: 5n,
    userAgent: '/deaf:1/',
    startHeight: 7,
    relay: true,
  }),
  framed({ type: 'verack' }),
]);
const PINGS = Buffer.concat(Array.from({ length: 100 }, () => framed({ type: 'ping', nonce: 3n })));

it('a node that pings for ever and never reads the answers is left, with what it said before', async () => {
  const net = new MemoryNetwork();
  let sentBytes = 0;
  const deaf = createSockMan(
    {
      eventNewConnectionAccepted: (nodeId) => deaf.queueBytes(nodeId, GREETING) === 0,
      eventGotData: () => {},
      shouldTryToRecv: () => false,
      eventReadyToSend: (nodeId) => {
        do sentBytes += PINGS.length;
        while (deaf.queueBytes(nodeId, PINGS) === 0 && sentBytes < 2 * MAX_VISIT_BYTES);
        return false;
      },
    },
    { backend: net.createBackend },
  );
  const bound = deaf.bindAndStartListening('127.1.1.1:18444');
  if (!bound.ok) throw new Error(bound.errmsg);
  deaf.startSocketsThreads();
  const records: CrawlRecord[] = [];
  const crawler = new Crawler(
    {
      chain: 'regtest',
      followsLocal: true,
      v2: 'never',
      seeds: [{ service: bound.bound, source: 'given' }],
      clock: net.clock,
      sockets: { backend: net.createBackend },
    },
    { record: (record) => records.push(record) },
  );
  let isOver = false;
  const crawl = crawler.run(new AbortController().signal).finally(() => (isOver = true));
  while (!isOver) {
    await net.clock.settle();
    net.clock.advance(250);
  }
  await crawl;
  expect(records).toMatchObject([{ outcome: 'reachable', code: 'never-reads', userAgent: '/deaf:1/' }]);
  expect(records[0]!.bytesReceived).toBeLessThan(MAX_VISIT_BYTES);
  await Promise.all([deaf.close(), net.clock.settle()]);
});
