// Nodes that keep closing connections on us: one that does so in three rounds in a row is left alone for a day.

import { AddressTable, networkNumberOf } from '../frontier/address-table.ts';
import type { CrawlState, Refusal } from '../journal/crawl-state.ts';
import { Service } from '../../netaddr/service.ts';
import type { CrawlRecord } from '../record/record.ts';
import type { RandomUint32 } from '../../util/random.ts';

/** Closings in a row after which a node is left alone, one a round; and for how long, in milliseconds. */
export const MAX_REFUSALS = 3;
export const LEFT_ALONE_MS = 86_400_000;

/** Most addresses that are remembered. Beyond it, no new ones are added. */
const MAX_REMEMBERED = 200_000;

/** Remembers closings over all rounds. */
export class Refusals {
  readonly #byAddress: Map<string, Refusal>;

  constructor(state: CrawlState['refusals'] = {}) {
    this.#byAddress = new Map(Object.entries(state));
  }

  /** Counts the outcome in a record. */
  note({ address, port, network, outcome, step, time }: CrawlRecord): void {
    const closedOnUs = step !== 'connect' && (outcome === 'full' || outcome === 'disconnected');
    if (!closedOnUs && this.#byAddress.size === 0) return;
    const isIPv6 = network === 'ipv6' || network === 'cjdns';
    const key = isIPv6 ? `[${address}]:${port}` : `${address}:${port}`;
    if (!closedOnUs) {
      this.#byAddress.delete(key);
      return;
    }
    const known = this.#byAddress.get(key);
    if (known === undefined && this.#byAddress.size >= MAX_REMEMBERED) return;
    const count = (known?.count ?? 0) + 1;
    this.#byAddress.set(key, { count, untilMs: count >= MAX_REFUSALS ? time + LEFT_ALONE_MS : 0 });
  }

  /** Addresses that are left alone now; undefined for none. Those whose day is over start with a count of 0. */
  leftAlone(nowMs: number, random: RandomUint32): AddressTable | undefined {
    const table = new AddressTable(random);
    for (const [key, { untilMs }] of this.#byAddress) {
      if (untilMs === 0) continue;
      if (untilMs <= nowMs) {
        this.#byAddress.delete(key);
        continue;
      }
      const service = Service.tryParse(key);
      if (service === undefined) continue;
      // An address that begins with fc may belong to IPv6 or to CJDNS.
      for (const { address, port } of new Set([service, service.toCJDNSIfInRange()])) {
        table.add(networkNumberOf(address), address.bytes, 0, port);
      }
    }
    return table.length === 0 ? undefined : table;
  }

  /** The form in which the folder keeps it. */
  toState(): CrawlState['refusals'] {
    return Object.fromEntries(this.#byAddress);
  }
}
