// Counts the records of one round as they come: memory does not grow with their number.

import { VERSION } from '../../../util/version.ts';
import type { CrawlRecord } from '../../record/record.ts';
import { LogHistogram, MIN_DISTRIBUTION, commonStretch } from './log-histogram.ts';
import { LATENCY_NAMES, NetworkTally } from './network-tally.ts';
import { REPORT_NETWORKS } from './summary.ts';
import type { AgesSummary, ByNetwork, ReportNetwork, RoundFacts, RoundPoint, Summary } from './summary.ts';
import { Systems } from './systems.ts';
import { TextCounts } from './text-counts.ts';

/** How many user agents, protocol versions and ports are listed one by one. */
const TOP_USER_AGENTS = 12;
const TOP_VERSIONS = 4;
const TOP_PORTS = 4;

/** Names of service bits that have none; they are counted together. */
const UNKNOWN_SERVICE = /^UNKNOWN/;

/** Most rounds in the line over rounds: a week of rounds every ten minutes. */
export const MAX_ROUND_POINTS = 1_008;

/** New addresses that the crawler takes from one source in a round. The report shows sources that reached it. */
const DEFAULT_PER_SOURCE = 10_000;

/** What is known of a round at its start. */
export interface RoundStart {
  readonly round: number;
  /** `main`, `testnet4`, `signet`, `regtest` … */
  readonly chain: string;
  /** Milliseconds since 1970; left out, the time of the first record. */
  readonly startedAt?: number;
  /** New addresses that the crawler takes from one source. Default 10,000. */
  readonly perSource?: number;
}

/**
 * Adds up the records of a round.
 *
 * Takes one record for each address, in any order. Texts from peers are only counted, and the number of distinct ones is limited.
 */
export class RoundTally {
  readonly round: number;
  readonly chain: string;
  readonly #perSource: number;
  readonly #all = new NetworkTally();
  readonly #networks = byNetwork(() => new NetworkTally());
  readonly #userAgents = new TextCounts();
  readonly #versions = new TextCounts();
  readonly #services = new TextCounts();
  readonly #ports = new TextCounts();
  readonly #notBitcoin = new TextCounts();
  readonly #systems = new Systems();
  /** Ages of the addresses that reachable nodes told, in hours. */
  readonly #ages = new LogHistogram();
  #startedAt: number | undefined;
  #endedAt = 0;
  #answers = 0;
  #addressesTold = 0;
  #sourcesAtLimit = 0;

  constructor({ round, chain, startedAt, perSource = DEFAULT_PER_SOURCE }: RoundStart) {
    this.round = round;
    this.chain = chain;
    this.#startedAt = startedAt;
    this.#perSource = perSource;
  }

  /** Records counted so far. */
  get visited(): number {
    return this.#all.visited;
  }

  /** Reachable nodes counted so far. */
  get reachable(): number {
    return this.#all.outcomes.reachable;
  }

  /** Counts a record of this round. */
  add(record: CrawlRecord): void {
    const network = this.#networks[record.network];
    this.#startedAt = Math.min(this.#startedAt ?? record.time, record.time);
    this.#endedAt = Math.max(this.#endedAt, record.time);
    this.#all.add(record);
    network.add(record);
    if (record.addressCount !== undefined && record.addressCount > 0) {
      this.#answers += 1;
      this.#addressesTold += record.addressCount;
      if ((record.newAddressCount ?? 0) >= this.#perSource) this.#sourcesAtLimit += 1;
    }
    if (record.outcome === 'not-bitcoin') this.#notBitcoin.add(record.code ?? 'other');
    if (record.outcome === 'reachable') this.#addReachable(record);
  }

  /**
   * The round in numbers.
   *
   * @param facts - What the crawler knows besides the records.
   * @param earlier - Earlier rounds, oldest first.
   */
  summary(facts: RoundFacts = {}, earlier: readonly RoundPoint[] = []): Summary {
    const networks = byNetwork((name) => this.#networks[name].summary(facts.known?.[name]));
    const known = sum(REPORT_NETWORKS.map((name) => networks[name].known));
    const all = this.#all.summary(known);
    const systems = this.#systems.summary();
    const startedAt = this.#startedAt ?? 0;
    const endedAt = Math.max(startedAt, this.#endedAt);
    const point: RoundPoint = {
      round: this.round,
      endedAt,
      reachable: all.reachable,
      networks: byNetwork((name) => networks[name].reachable),
    };
    const before = earlier.filter(({ round }) => round < this.round).slice(1 - MAX_ROUND_POINTS);
    return {
      version: 1,
      madeBy: `sockman ${VERSION}`,
      chain: this.chain,
      round: this.round,
      startedAt,
      endedAt,
      isComplete: facts.isComplete ?? true,
      visitedShare: known === 0 ? 1 : this.#all.visited / known,
      all,
      networks,
      notBitcoin: this.#notBitcoin.top(4).top,
      userAgents: this.#userAgents.top(TOP_USER_AGENTS),
      protocolVersions: this.#versions.top(TOP_VERSIONS),
      services: this.#services.top(Infinity).top,
      ports: this.#ports.top(TOP_PORTS),
      ...(systems === undefined ? {} : { systems }),
      ages: this.#agesSummary(),
      latency: this.#latencyShapes(),
      rounds: [...before, point],
      ...(facts.propagation === undefined ? {} : { propagation: facts.propagation }),
      trust: {
        answers: this.#answers,
        addressesTold: this.#addressesTold,
        sourcesAtLimit: this.#sourcesAtLimit,
        ...knownOnly(facts, ['distinct', 'droppedForPort', 'droppedForTime', 'excluded', 'leftAlone']),
      },
    };
  }

  #addReachable(record: CrawlRecord): void {
    this.#userAgents.add(record.userAgent ?? '');
    this.#versions.add(String(record.protocolVersion ?? 0));
    this.#ports.add(String(record.port));
    const names = record.serviceNames ?? [];
    for (const name of names) if (!UNKNOWN_SERVICE.test(name)) this.#services.add(name);
    if (names.some((name) => UNKNOWN_SERVICE.test(name))) this.#services.add('unknown bits');
    if (record.addressAges !== undefined) this.#ages.add(record.addressAges / 3_600);
    if (record.asn === undefined || record.asn === 0) return;
    if (record.network === 'ipv4' || record.network === 'ipv6') this.#systems.add(record.asn, record.network);
  }

  #agesSummary(): AgesSummary {
    const medianHours = this.#ages.quantile(0.5);
    return {
      nodes: this.#ages.count,
      ...(medianHours === undefined ? {} : { medianSeconds: Math.round(medianHours * 3_600) }),
      networks: byNetwork((name) => this.#networks[name].ages),
    };
  }

  #latencyShapes(): Summary['latency'] {
    const stretch = commonStretch(
      REPORT_NETWORKS.flatMap((name) => LATENCY_NAMES.map((of) => this.#networks[name].latency[of])),
    );
    const shown = REPORT_NETWORKS.filter((name) => this.#networks[name].outcomes.reachable >= MIN_DISTRIBUTION);
    return Object.fromEntries(
      shown.map((name) => {
        const { connectMs, handshakeMs, pingMs } = this.#networks[name].latency;
        return [
          name,
          {
            connectMs: connectMs.shape(stretch),
            handshakeMs: handshakeMs.shape(stretch),
            pingMs: pingMs.shape(stretch),
          },
        ];
      }),
    );
  }
}

/** Makes a value for each network. */
export function byNetwork<Value>(make: (network: ReportNetwork) => Value): ByNetwork<Value> {
  return Object.fromEntries(REPORT_NETWORKS.map((network) => [network, make(network)])) as ByNetwork<Value>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** The given properties, without those that are undefined. */
function knownOnly<Key extends keyof RoundFacts>(facts: RoundFacts, keys: readonly Key[]): Partial<RoundFacts> {
  return Object.fromEntries(keys.filter((key) => facts[key] !== undefined).map((key) => [key, facts[key]]));
}
