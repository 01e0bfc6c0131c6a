// Files and messages of the crawler: records in any cut of the stream, the state of a folder, a batch of work of a fleet. What is
// read says the same when it is written and read again. The first byte chooses.

import { decodeBatch, encodeBatch } from '../../../ts/crawl/fleet/work-batch.ts';
import { formatState, parseState } from '../../../ts/crawl/journal/crawl-state.ts';
import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import { formatRecord } from '../../../ts/crawl/record/record.ts';
import { RecordLines } from '../../../ts/crawl/record/read-records.ts';
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

function tryBatch(bytes: Uint8Array): void {
  const batch = decodeBatch(bytes);
  if (batch !== undefined) same('a batch reads otherwise when written', decodeBatch(encodeBatch(batch)), batch);
}

const PARTS = [
  (stream: Uint8Array) => same('records in pieces', linesOf(pieces(stream)), linesOf([stream])),
  tryState,
  tryBatch,
];

const seed = (part: number, text: string): Uint8Array => Uint8Array.of(part, ...bytesOf(text));

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
    seed(2, '{"round":1,"addresses":[["1.2.3.4:8333",-1,"seed"],["[::1]:1",1,"1.2.3.4:8333"]]}'),
  ],
  run(input) {
    const [tryPart, rest] = chosen(input, PARTS);
    tryPart(rest);
  },
};
