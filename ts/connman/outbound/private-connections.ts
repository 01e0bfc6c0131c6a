// Connections that carry one transaction each, and do not reveal that it comes from us.
//
// What is said on them is the message processor's business; here they are opened, as many as it asks for: through Tor or
// I2P only, each with an identity of its own. IPv4 and IPv6 peers are reached through Tor's exits, and only once it is
// certain that what calls itself the onion proxy is Tor: it has led to an onion address before. A plain proxy would see
// what we send, and from where. (Bitcoin Core src/net.cpp, ThreadPrivateBroadcast)

import type { PublicNetworkName } from '../../netaddr/networks/network.ts';
import { Services } from '../../p2p/protocol.ts';
import type { Proxy } from '../../sockman/dial/connect-options.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { uniformBelow } from '../../util/random.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { AddressSource } from '../settings/address-source.ts';
import { MAX_PRIVATE_BROADCAST_CONNECTIONS } from '../settings/budget.ts';
import type { Dialing } from './dialing.ts';
import type { LocalAddresses } from '../reach/local-addresses.ts';
import type { LocalServices } from '../reach/local-services.ts';
import type { NetworkState } from '../reach/network-state.ts';
import { SlotPool } from '../node/slots.ts';
import type { SlotGrant } from '../node/slots.ts';
import { whenAborted } from '../../util/time/when-aborted.ts';

/** Pause if nothing can be opened: the network is off, or there is no anonymous one. In milliseconds. */
const UNAVAILABLE_REST_MS = 5_000;
/** Pause after a failed dial, in milliseconds. */
const FAILED_REST_MS = 100;
/** The address book rests after this many draws without an address, for this many milliseconds. */
const MAX_DRAWS = 100;
const DRAWS_REST_MS = 500;

/** What private connections depend on. */
export interface PrivateConnectionParts {
  readonly dialing: Pick<Dialing, 'open'>;
  readonly network: NetworkState;
  readonly addressBook: AddressSource;
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly logger: Logger;
  readonly localAddresses: Pick<LocalAddresses, 'has'>;
  readonly localServices: LocalServices;
  readonly interrupt: AbortSignal;
}

/** An anonymous route to a peer. */
interface Route {
  readonly network: PublicNetworkName;
  /** In place of the network's own proxy. */
  readonly proxyOverride: Proxy | undefined;
}

/** Opens private-broadcast connections of one `Connman`. */
export class PrivateConnections {
  readonly slots = new SlotPool(MAX_PRIVATE_BROADCAST_CONNECTIONS);
  readonly #parts: PrivateConnectionParts;
  #toOpen = 0;
  #isTorCertain = false;
  #announceNeed: (() => void) | undefined;

  constructor(parts: PrivateConnectionParts) {
    const { network, logger, interrupt } = parts;
    this.#parts = parts;
    if (!network.proxyRandomize && network.isReachable('onion')) {
      logger.warn('private broadcast without proxyRandomize: circuits through Tor may be linked to others');
    }
    whenAborted(interrupt, () => this.#announceNeed?.());
  }

  /** Connections still to be opened. */
  get toOpen(): number {
    return this.#toOpen;
  }

  /** Adds to the number of wanted connections, which never falls below 0. */
  addToOpen(count: number): void {
    this.#toOpen = Math.max(0, this.#toOpen + count);
    if (this.#toOpen > 0) this.#announceNeed?.();
  }

  /** A handshake with a dialed onion address succeeded: the onion proxy is Tor. */
  noteTorWorks(): void {
    this.#isTorCertain = true;
  }

  /** Opens wanted connections until the interrupt. */
  async run(): Promise<void> {
    const { clock, interrupt, network } = this.#parts;
    let draws = 0;
    while (!interrupt.aborted) {
      if (!network.isActive) {
        await sleep(clock, UNAVAILABLE_REST_MS, interrupt);
        continue;
      }
      const grant = await this.slots.acquire(interrupt);
      if (grant === undefined) return;
      await this.#needed();
      const outcome = interrupt.aborted ? 'failed' : await this.#openOne(grant);
      if (outcome !== 'opened') grant.release();
      draws = outcome === 'no address' ? draws + 1 : 0;
      if (outcome === 'no route') await sleep(clock, UNAVAILABLE_REST_MS, interrupt);
      if (outcome === 'failed' && this.#toOpen > 0) await sleep(clock, FAILED_REST_MS, interrupt);
      if (draws > MAX_DRAWS) await sleep(clock, DRAWS_REST_MS, interrupt);
    }
  }

  /** Resolves once a connection is wanted, or at the interrupt. */
  #needed(): Promise<void> {
    if (this.#toOpen > 0 || this.#parts.interrupt.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#announceNeed = () => {
        this.#announceNeed = undefined;
        resolve();
      };
    });
  }

  async #openOne(grant: SlotGrant): Promise<'opened' | 'failed' | 'no route' | 'no address'> {
    const { dialing, addressBook, localAddresses, localServices, logger } = this.#parts;
    const route = this.#pickRoute();
    if (route === undefined) {
      logger.warn('private broadcast: neither Tor nor I2P can be reached');
      return 'no route';
    }
    const address = addressBook.select(false, [route.network])?.address;
    if (address === undefined || !address.service.address.isValid() || localAddresses.has(address.service)) {
      return 'no address';
    }
    const isOpen = await dialing.open({
      connectionType: 'private-broadcast',
      addr: address,
      usesV2: localServices.offersV2 && (address.services & Services.P2P_V2) !== 0n,
      isFailureCounted: true,
      grant,
      proxyOverride: route.proxyOverride,
    });
    if (!isOpen) return 'failed';
    this.addToOpen(-1);
    return 'opened';
  }

  #pickRoute(): Route | undefined {
    const { network, random } = this.#parts;
    const routes: Route[] = [];
    if (network.isReachable('onion')) {
      routes.push({ network: 'onion', proxyOverride: undefined });
      const tor = this.#isTorCertain ? network.proxyFor('onion') : undefined;
      for (const name of ['ipv4', 'ipv6'] as const) {
        if (tor !== undefined && network.isReachable(name)) routes.push({ network: name, proxyOverride: tor });
      }
    }
    if (network.isReachable('i2p')) routes.push({ network: 'i2p', proxyOverride: undefined });
    return routes.length === 0 ? undefined : routes[uniformBelow(random, routes.length)];
  }
}
