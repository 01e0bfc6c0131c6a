// `seeds.txt`: nodes with their uptimes, in the columns that the DNS seeders write and Bitcoin Core's makeseeds.py reads.

import type { CrawlRecord } from '../../record/record.ts';
import { endpointOf } from './node-lists.ts';
import type { NodeList } from './node-lists.ts';
import { OutputFile } from './output-file.ts';
import { UPTIME_SPANS } from './uptimes.ts';
import type { Uptime, Uptimes } from './uptimes.ts';

const HEADER =
  '# address                                        good  lastSuccess    %(2h)   %(8h)   %(1d)   %(7d)  %(30d)  blocks      svcs  version\n';

/** A good node has all its blocks and witnesses: NODE_NETWORK and NODE_WITNESS. */
const GOOD_SERVICES = 0x9n;

/** A line for each node that answered in this round or in an earlier one within a month. */
export class SeedsTxt implements NodeList {
  readonly name = 'seeds.txt';
  readonly #file: OutputFile;
  readonly #uptimes: Uptimes;

  /** @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be made. */
  constructor(path: string, uptimes: Uptimes) {
    this.#uptimes = uptimes;
    this.#file = new OutputFile(path);
    this.#file.write(HEADER);
  }

  add(record: CrawlRecord): void {
    const endpoint = endpointOf(record);
    const uptime = this.#uptimes.note(endpoint, Math.floor(record.time / 1_000), record.outcome === 'reachable');
    if (uptime !== undefined) this.#file.write(seedLine(endpoint, record, uptime));
  }

  finish(): void {
    this.#file.finish();
  }

  abandon(): void {
    this.#file.abandon();
  }
}

function seedLine(endpoint: string, record: CrawlRecord, { lastSuccess, shares }: Uptime): string {
  const { services = '0', startHeight = 0, protocolVersion = 0, userAgent = '', outcome } = record;
  const isGood = outcome === 'reachable' && (BigInt(`0x${services}`) & GOOD_SERVICES) === GOOD_SERVICES;
  const percents = [...shares].map((share) => `${(share * 100).toFixed(2).padStart(6)}%`).join(' ');
  const columns = [
    endpoint.padEnd(47),
    String(Number(isGood)).padStart(4),
    String(lastSuccess).padStart(11),
    percents,
    String(startHeight).padStart(6),
    services.replace(/^0+(?=.{8})/, '').padStart(8, '0'),
    String(protocolVersion).padStart(5),
    // Readers split at blanks and take the text between the quotes.
    `"${userAgent.replaceAll('"', "'")}"`,
  ];
  return `${columns.join('  ')}\n`;
}

/** Restores uptimes from the `seeds.txt` of an earlier round. Lines in another format are skipped. */
export function restoreUptimes(text: string, uptimes: Uptimes): void {
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (line.startsWith('#') || columns.length < 3 + UPTIME_SPANS.length) continue;
    const lastSuccess = Number(columns[2]);
    const shares = columns.slice(3, 3 + UPTIME_SPANS.length).map((column) => Number.parseFloat(column) / 100);
    const areShares = shares.every((share) => share >= 0 && share <= 1);
    if (Number.isSafeInteger(lastSuccess) && areShares) uptimes.restore(columns[0]!, lastSuccess, shares);
  }
}
