// The open listeners, and which of them a connection used.

import { Service } from '../../netaddr/service.ts';
import { ANY_IPV4, ANY_IPV6 } from './listen-plan.ts';
import type { ListenTarget } from './listen-plan.ts';

/** Open listeners, found by our end of a connection. */
export class OpenListeners {
  readonly #byService = new Map<string, ListenTarget>();
  readonly #services: Service[] = [];

  get count(): number {
    return this.#byService.size;
  }

  /** @param bound - Where it listens; its port is never 0. */
  add(bound: Service, target: ListenTarget): void {
    this.#byService.set(String(bound), target);
    this.#services.push(bound);
  }

  /** Forgets all listeners after they were closed. */
  clear(): void {
    this.#byService.clear();
    this.#services.length = 0;
  }

  /** The bound addresses. */
  services(): Service[] {
    return [...this.#services];
  }

  /** The target of our onion service: the first listener for that, or the first of all. */
  onionTarget(): Service | undefined {
    return this.#services.find((service) => this.#byService.get(String(service))!.isOnion) ?? this.#services[0];
  }

  /**
   * The listener of a connection; undefined for a peer from I2P, which has none.
   *
   * @param me - Our end. It names the interface, so a listener on all of them is found by family and port.
   */
  find(me: Service): ListenTarget | undefined {
    const exact = this.#byService.get(String(me));
    if (exact !== undefined) return exact;
    const any = me.address.isIPv4() ? ANY_IPV4 : ANY_IPV6;
    return this.#byService.get(String(new Service(any, me.port)));
  }
}
