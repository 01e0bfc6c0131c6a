// Where a monitor begins: given addresses, fixed seeds, and what DNS seeds name.
//
// Behind a proxy the name of a seed is dialed in the place of an address: the proxy looks it up, and the node that it leads to is
// asked for addresses. Which node that is, is not known, so it is not held.

import { CHAIN_PARAMS } from '../../p2p/chain-params.ts';
import { readFixedSeeds } from '../../p2p/fixed-seeds.ts';
import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { ResolvedCrawlOptions } from '../crawl-options.ts';
import type { Frontier } from '../frontier/frontier.ts';
import { seedSourceNumber } from '../frontier/sources.ts';
import { learnAddresses } from '../round/learn-addresses.ts';
import { AddressWalker } from '../visit/address-walker.ts';
import type { Greeting } from '../visit/greeting.ts';
import { SEED_NAME_PREFIX, seedNames } from '../visit/seed-names.ts';
import type { Lesson, Visit } from '../visit/visit.ts';
import { Visitor } from '../visit/visitor.ts';
import type { VisitorListener } from '../visit/visitor.ts';
import type { Timer } from '../../util/time/clock.ts';
import { visitorOptionsOf } from '../part-options.ts';

/** Interval between attempts while no address is known, in milliseconds: the proxy or the network may come later. */
const AGAIN_MS = 60_000;

const NOWHERE = new Service(NetAddress.UNSPECIFIED, 0);
const NAMED_BY_SEED = seedSourceNumber('dns-seed');

/** See the module comment. */
export class MonitorSeeds implements VisitorListener {
  readonly #options: ResolvedCrawlOptions;
  readonly #frontier: Frontier;
  readonly #walker = new AddressWalker();
  readonly #visitor: Visitor | undefined;
  #again: Timer | undefined;
  #isStopped = false;

  constructor(options: ResolvedCrawlOptions, greeting: Greeting, frontier: Frontier) {
    this.#options = options;
    this.#frontier = frontier;
    if (options.nameProxy !== undefined) this.#visitor = new Visitor(visitorOptionsOf(options, greeting), this);
  }

  start(): void {
    this.#visitor?.start();
    this.#ask();
  }

  /** Adds what is known at once, and asks for the rest; again while that leads to no address. */
  #ask(): void {
    const { seeds, chain, fixedSeeds, nameProxy } = this.#options;
    for (const { service, services, source } of seeds) this.#frontier.addSeed(service, services, source);
    const fixed = fixedSeeds ? readFixedSeeds(CHAIN_PARAMS[chain].fixedSeeds) : [];
    for (const service of fixed) this.#frontier.addSeed(service, undefined, 'fixed-seed');
    void this.#lookUp();
    for (const name of seedNames(chain, nameProxy))
      this.#visitor!.visit({ service: NOWHERE, name, services: undefined, token: NAMED_BY_SEED });
    this.#again = this.#options.clock.after(AGAIN_MS, () => {
      if (this.#frontier.knownCount === 0) this.#ask();
    });
  }

  /** Asks nobody any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#again?.cancel();
    await this.#visitor?.stop();
  }

  async #lookUp(): Promise<void> {
    const { lookUpHost, chain } = this.#options;
    if (lookUpHost === undefined) return;
    const { dnsSeeds, p2pPort } = CHAIN_PARAMS[chain];
    for (const name of dnsSeeds) {
      if (this.#isStopped) return;
      for (const address of await lookUpHost(SEED_NAME_PREFIX + name))
        this.#frontier.addSeed(new Service(address, p2pPort), undefined, 'dns-seed');
    }
  }

  /** Called by the `Visitor`: addresses that a peer told. */
  learn({ attempt }: Visit, isV2: boolean, payload: Uint8Array): Lesson | undefined {
    const nowSeconds = Math.floor(this.#options.clock.wallTimeMs() / 1_000);
    const source = attempt.request.token;
    return learnAddresses(this.#walker, this.#frontier, { isV2, payload, source, nowSeconds });
  }

  /** Called by the `Visitor`. What was heard is in the frontier. */
  visited(): void {}

  /** Called by the `Visitor`. It is asked again while no address is known. */
  postponed(): void {}
}
