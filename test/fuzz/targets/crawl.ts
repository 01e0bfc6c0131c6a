// Files of the crawler: records in any cut of the stream, and what a record says when it is written and read again.

import { parseRecord } from '../../../ts/crawl/record/check-record.ts';
import { formatRecord } from '../../../ts/crawl/record/record.ts';
import { RecordLines } from '../../../ts/crawl/record/read-records.ts';
import { bytesOf, pieces, same } from '../target.ts';
import type { FuzzTarget } from '../target.ts';

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

export const target: FuzzTarget = {
  words: [
    '"time":',
    '"round":',
    '"address":',
    '"port":',
    '"network":"onion"',
    '"outcome":"reachable"',
    '"features":["',
  ],
  seeds: () =>
    [
      '{"time":1,"round":1,"address":"1.2.3.4","port":8333,"network":"ipv4","outcome":"refused","code":"connect-failed"}\n',
      '{"time":2,"round":1,"address":"::1","port":1,"network":"ipv6","outcome":"reachable","transport":2,"userAgent":"/x/"}\n{',
    ].map(bytesOf),
  run: (input) => same('records in pieces', linesOf(pieces(input)), linesOf([input])),
};
