// The record of a visit: what the conversation learned, and what the frontier knows of the address.

import type { Frontier } from '../frontier/frontier.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';
import type { CrawlRecord } from '../record/record.ts';
import type { VisitResult } from '../visit/visit.ts';
import { serviceNames } from '../../p2p/protocol.ts';

/** Most values of services whose names are remembered: a network has a few dozen, and a hostile one any number. */
const MAX_REMEMBERED_SERVICES = 1_024;

/** Names of services, cached so that the 64 bits are not examined for each node. */
export class ServiceNames {
  readonly #byServices = new Map<bigint, readonly string[]>();

  /** As `serviceNames`. */
  of(services: bigint): readonly string[] {
    const known = this.#byServices.get(services);
    if (known !== undefined) return known;
    const names = serviceNames(services);
    if (this.#byServices.size < MAX_REMEMBERED_SERVICES) this.#byServices.set(services, names);
    return names;
  }
}

/** What `recordOf` needs besides the visit. */
export interface RecordContext {
  readonly round: number;
  /** Milliseconds since 1970. */
  readonly wallTimeMs: number;
  readonly frontier: Frontier;
  readonly names: ServiceNames;
  /** The autonomous system of an address; 0 when unknown. */
  readonly asn: number;
}

/** Makes the record of a finished visit. */
export function recordOf(result: VisitResult, { round, wallTimeMs, frontier, names, asn }: RecordContext): CrawlRecord {
  const { attempt, outcome, code, visit } = result;
  const { service, token } = attempt.request;
  const { earlierBytesReceived, earlierBytesSent } = attempt;
  const version = visit?.version;
  return {
    time: Math.floor(wallTimeMs),
    round,
    address: String(service.address),
    port: service.port,
    network: NETWORK_NAMES[frontier.table.networkOf(token)]!,
    asn: asn === 0 ? undefined : asn,
    outcome,
    code,
    step: visit?.step ?? 'connect',
    transport: attempt.isV2 ? 2 : 1,
    connectMs: rounded(visit?.connectMs),
    handshakeMs: rounded(visit?.handshakeMs),
    pingMs: rounded(visit?.pingMs),
    protocolVersion: version?.protocolVersion,
    services: version?.services.toString(16).padStart(16, '0'),
    serviceNames: version && names.of(version.services),
    userAgent: version?.userAgent,
    startHeight: version?.startHeight,
    relay: version?.relay,
    timeOffsetSeconds: version && version.timeSeconds - Math.floor(wallTimeMs / 1_000),
    ourAddress: version?.ourAddress,
    features: visit?.features,
    addressCount: visit?.handshakeMs === undefined ? undefined : visit.addressCount,
    newAddressCount: visit?.handshakeMs === undefined ? undefined : visit.newAddressCount,
    addressAges: visit?.addressAge,
    bytesReceived: (visit?.bytesReceived ?? 0) + earlierBytesReceived,
    bytesSent: (visit?.bytesSent ?? 0) + earlierBytesSent,
    source: frontier.sourceOf(token),
    attempts: frontier.attemptsOf(token),
  };
}

/** Milliseconds, rounded to the microsecond. */
function rounded(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1_000) / 1_000;
}
