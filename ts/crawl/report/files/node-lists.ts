// The files that list nodes one by one: each takes records as they come and keeps none.

import type { CrawlRecord } from '../../record/record.ts';

/** A file that is being written. `add` gets every record of a round; `finish` or `abandon` is called once, at the end. */
export interface NodeList {
  readonly name: string;
  add(record: CrawlRecord): void;
  finish(end: RoundEnd): void | Promise<void>;
  abandon(): void;
}

/** What is known of a round after its last record. */
export interface RoundEnd {
  readonly round: number;
  readonly chain: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
}

/** Address and port as one text: `1.2.3.4:8333`, `[::1]:8333`, `….onion:8333`. */
export function endpointOf({ address, port }: Pick<CrawlRecord, 'address' | 'port'>): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
