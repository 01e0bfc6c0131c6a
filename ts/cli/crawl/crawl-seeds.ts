// The starting addresses of a crawl: from files of addresses or records, a `peers.dat`, the command line, DNS.

import { parsePeers } from '../../addrman/file/peers-reader.ts';
import { MAX_PEERS_BYTES } from '../../addrman/file/peers-format.ts';
import type { CrawlSeed } from '../../crawl/crawl-options.ts';
import type { SeedSource } from '../../crawl/frontier/sources.ts';
import { parseRecord } from '../../crawl/record/check-record.ts';
import { Service } from '../../netaddr/service.ts';
import type { ChainParams } from '../../p2p/chain-params.ts';
import { readInput } from '../../storage/bounded-read.ts';
import { FileError } from '../../storage/file-error.ts';
import { UsageError } from '../options.ts';

/** Largest file of addresses or records, in bytes. */
const MAX_FROM_BYTES = 1_073_741_824;

/** The name of standard input. */
const STDIN = '-';

/**
 * Reads a file of addresses, one a line, or of records of an earlier crawl; `-` is standard input.
 *
 * @throws {FileError} It cannot be read. {UsageError} A line is neither an address nor a record.
 */
export async function seedsOfFile(path: string, { p2pPort }: ChainParams, signal: AbortSignal): Promise<CrawlSeed[]> {
  const source: SeedSource = path === STDIN ? 'stdin' : 'file';
  const bytes = await readInput(path === STDIN ? '/dev/stdin' : path, { maxBytes: MAX_FROM_BYTES, signal });
  const seeds: CrawlSeed[] = [];
  for (const [index, line] of Buffer.from(bytes).toString('utf8').split('\n').entries()) {
    const seed = seedOfLine(line.trim(), p2pPort, source);
    if (seed === 'nothing') continue;
    if (seed === undefined)
      throw new UsageError(`--from: line ${index + 1} of ${path} is neither an address nor a record`);
    seeds.push(seed);
  }
  return seeds;
}

function seedOfLine(line: string, defaultPort: number, source: SeedSource): CrawlSeed | 'nothing' | undefined {
  if (line === '' || line.startsWith('#')) return 'nothing';
  if (!line.startsWith('{')) {
    // A seeder's `seeds.txt` has more columns after the address.
    const service = Service.tryParse(line.split(/\s/)[0]!, defaultPort);
    return service && { service, source };
  }
  const record = parseRecord(line);
  if (typeof record === 'string') return undefined;
  const { address, port, network, services } = record;
  const service = Service.tryParse(address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);
  if (service === undefined) return undefined;
  return {
    service: network === 'cjdns' ? service.toCJDNSIfInRange() : service,
    ...(services === undefined ? {} : { services: BigInt(`0x${services}`) }),
    source,
  };
}

/** Reads the addresses of a `peers.dat`. @throws {FileError} It is damaged, belongs to another network, or cannot be read. */
export async function seedsOfPeers(path: string, { magic }: ChainParams, signal: AbortSignal): Promise<CrawlSeed[]> {
  const bytes = await readInput(path, { maxBytes: MAX_PEERS_BYTES, signal });
  const outcome = parsePeers(bytes, magic);
  if (outcome.kind === 'corrupt') throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', path, outcome.reason);
  if (outcome.kind === 'newerFormat') throw new FileError('ERR_SOCKMAN_FILE_NEWER', path, 'of a newer format');
  const { addrMan } = outcome;
  return [true, false].flatMap((isTried) =>
    addrMan
      .getEntries(isTried)
      .map(({ entry: { service, services } }) => ({ service, services, source: 'peers-dat' as const })),
  );
}

/** Parses an address. @throws {UsageError} It is malformed. */
export function seedOfText(text: string, { p2pPort }: ChainParams): CrawlSeed {
  const service = Service.tryParse(text, p2pPort);
  if (service === undefined) throw new UsageError(`--seed: expected an address with or without port, got '${text}'`);
  return { service, source: 'given' };
}
