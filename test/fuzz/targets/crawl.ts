// Files and messages of the crawler: records in any cut of the stream, the state of a folder, and a fleet's batch of work,
// results and round. What is read says the same when it is written and read again. The first byte chooses.

import { decodeResults, encodeResults } from '../../../ts/crawl/fleet/results-message.ts';
import { formatRoundState, parseRoundState } from '../../../ts/crawl/fleet/round-state.ts';
import { MAX_SOURCE_BYTES, WorkBatchReader, WorkBatchWriter } from '../../../ts/crawl/fleet/work-batch.ts';
import { NETWORK_NAMES } from '../../../ts/crawl/frontier/address-table.ts';
import { formatState, parseState } from '../../../ts/crawl/journal/crawl-state.ts';
import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import { formatRecord } from '../../../ts/crawl/record/record.ts';
import { RecordLines } from '../../../ts/crawl/record/read-records.ts';
import { NETWORK_BYTES, NETWORK_NUMBERS } from '../../../ts/netaddr/networks/network.ts';
import { attempt, bytesOf, chosen, pieces, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

const NOT_OURS = ['ERR_SOCKMAN_FILE_CORRUPT', 'ERR_SOCKMAN_FILE_NEWER'];

function linesOf(chunks: Iterable<Uint8Array>): unknown {
  const records: unknown[] = [];
  const lines = new RecordLines((record) => {
    records.push(record);
    const written = formatRecord(record);
    same(
      'a record reads otherwise when written',
      formatRecord(parseRecord(written.trimEnd()) as typeof record),
      written,
    );
  });
  for (const chunk of chunks) lines.take(chunk);
  return [records, lines.finish()];
}

function tryState(bytes: Uint8Array): void {
  const state = attempt(NOT_OURS, () => parseState('crawl.json', bytes));
  if (state !== undefined) same('a state reads otherwise when written', parseState('', formatState(state)), state);
}

/** The addresses of a message of work, and the same as one message. */
function readBatch(bytes: Uint8Array): { addresses: unknown[]; written: Uint8Array } | undefined {
  const reader = WorkBatchReader.open(bytes);
  if (reader === undefined) return undefined;
  const writer = new WorkBatchWriter(reader.round);
  const addresses: unknown[] = [];
  while (reader.next()) {
    const { network, offset, port, v2, source } = reader;
    const address = bytes.slice(offset, offset + NETWORK_BYTES[NETWORK_NAMES[network]!]);
    addresses.push([network, [...address], port, v2, source.slice(0, MAX_SOURCE_BYTES)]);
    writer.add(network, address, port, v2, source);
  }
  return { addresses, written: writer.finish() };
}

function tryBatch(bytes: Uint8Array): void {
  const read = readBatch(bytes);
  if (read === undefined) return;
  same('a batch reads otherwise when written', readBatch(read.written)?.addresses, read.addresses);
}

function tryResults(bytes: Uint8Array): void {
  const records = decodeResults(bytes);
  if (records.length > 0) same('results read otherwise when written', decodeResults(encodeResults(records)), records);
}

function tryRound(bytes: Uint8Array): void {
  const state = parseRoundState(Buffer.from(bytes).toString('latin1'));
  if (state !== undefined)
    same('a round reads otherwise when written', parseRoundState(formatRoundState(state)), state);
}

const PARTS = [
  (stream: Uint8Array) => same('records in pieces', linesOf(pieces(stream)), linesOf([stream])),
  tryState,
  tryBatch,
  tryResults,
  tryRound,
];

const seed = (part: number, text: string): Uint8Array => Uint8Array.of(part, ...bytesOf(text));

function batch(): Uint8Array {
  const writer = new WorkBatchWriter(1);
  writer.add(NETWORK_NUMBERS.ipv4, Uint8Array.of(1, 2, 3, 4), 8_333, 0, 'seed');
  writer.add(NETWORK_NUMBERS.onion, new Uint8Array(32).fill(7), 8_333, 2, '1.2.3.4:8333');
  return writer.finish();
}

export const target: FuzzTarget = {
  words: [
    '"time":',
    '"round":',
    '"address":',
    '"port":',
    '"network":"onion"',
    '"outcome":"reachable"',
    '"features":["',
    '1e999',
    '"__proto__":',
  ],
  seeds: () => [
    seed(
      0,
      '{"time":1,"round":1,"address":"1.2.3.4","port":8333,"network":"ipv4","outcome":"refused","code":"connect-failed"}\n',
    ),
    seed(
      0,
      '{"time":2,"round":1,"address":"::1","port":1,"network":"ipv6","outcome":"reachable","transport":2,"userAgent":"/x/"}\n{',
    ),
    seed(
      1,
      '{"version":1,"chain":"main","round":2,"startedAt":5,"isComplete":true,"refusals":{"1.2.3.4:5":{"count":1,"untilMs":0}}}',
    ),
    Uint8Array.of(2, ...batch()),
  ],
  run(input) {
    const [tryPart, rest] = chosen(input, PARTS);
    tryPart(rest);
  },
};
