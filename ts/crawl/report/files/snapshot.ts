// `snapshot.json`: the reachable nodes of a round, each as its record, and the same nodes in the format of bitnodes.

import { formatRecord } from '../../record/record.ts';
import type { CrawlRecord } from '../../record/record.ts';
import { endpointOf } from './node-lists.ts';
import type { NodeList, RoundEnd } from './node-lists.ts';
import { OutputFile } from './output-file.ts';

/** One JSON object: a list of nodes, one record a line, followed by the figures of the round. */
export class Snapshot implements NodeList {
  readonly name = 'snapshot.json';
  readonly #file: OutputFile;
  #nodes = 0;

  /** @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be made. */
  constructor(path: string) {
    this.#file = new OutputFile(path);
    this.#file.write('{"version":1,"nodes":[');
  }

  add(record: CrawlRecord): void {
    if (record.outcome !== 'reachable') return;
    this.#file.write(`${this.#nodes === 0 ? '\n' : ',\n'}${formatRecord(record)}`);
    this.#nodes += 1;
  }

  finish({ round, chain, startedAt, endedAt }: RoundEnd): void {
    const rest = JSON.stringify({ round, chain, startedAt, endedAt, nodeCount: this.#nodes });
    this.#file.write(`\n],${rest.slice(1)}\n`);
    this.#file.finish();
  }

  abandon(): void {
    this.#file.abandon();
  }
}

/** Fields of a node that only a look-up elsewhere could fill: host name, city, country, coordinates, time zone. */
const NOT_LOOKED_UP = [null, null, null, 0, 0, null] as const;

/**
 * `{ nodes: { "address:port": [thirteen fields] }, timestamp, total_nodes, latest_height }`, as bitnodes exports and serves
 * it. `connected_since` is the time of the visit; what needs a look-up is null (coordinates 0).
 */
export class BitnodesSnapshot implements NodeList {
  readonly name = 'snapshot-bitnodes.json';
  readonly #file: OutputFile;
  #nodes = 0;
  #height = 0;

  /** @throws {FileError} `ERR_SOCKMAN_SYSTEM`: the file cannot be made. */
  constructor(path: string) {
    this.#file = new OutputFile(path);
    this.#file.write('{"nodes":{');
  }

  add(record: CrawlRecord): void {
    if (record.outcome !== 'reachable') return;
    this.#file.write(
      `${this.#nodes === 0 ? '\n' : ',\n'}${JSON.stringify(endpointOf(record))}:${JSON.stringify(fieldsOf(record))}`,
    );
    this.#nodes += 1;
    this.#height = Math.max(this.#height, record.startHeight ?? 0);
  }

  finish({ endedAt }: RoundEnd): void {
    const rest = JSON.stringify({
      timestamp: Math.floor(endedAt / 1_000),
      total_nodes: this.#nodes,
      latest_height: this.#height,
    });
    this.#file.write(`\n},${rest.slice(1)}\n`);
    this.#file.finish();
  }

  abandon(): void {
    this.#file.abandon();
  }
}

function fieldsOf(record: CrawlRecord): readonly (string | number | null)[] {
  const { protocolVersion = 0, userAgent = '', time, services = '0', startHeight = 0, asn, network } = record;
  const system = asn === undefined ? (network === 'onion' ? 'TOR' : null) : `AS${asn}`;
  // Above 2^53 the low bits are lost, as in any JSON reader that reads numbers as doubles.
  return [
    protocolVersion,
    userAgent,
    Math.floor(time / 1_000),
    Number(BigInt(`0x${services}`)),
    startHeight,
    ...NOT_LOOKED_UP,
    system,
    null,
  ];
}
