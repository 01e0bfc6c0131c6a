// Own addresses from the option `externalIp`. Names among them are looked up at the start.

import { NamedEndpoint } from '../../netaddr/named-endpoint.ts';
import type { Service } from '../../netaddr/service.ts';
import { parseEndpoint } from '../settings/endpoint.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';
import { LOCAL_SCORES } from './local-addresses.ts';
import type { LocalAddresses } from './local-addresses.ts';

/** Registers the addresses of `externalIp` as our own. */
export class ExternalAddresses {
  readonly #settings: ResolvedConnmanOptions;
  readonly #localAddresses: LocalAddresses;
  /** Addresses whose names were not looked up yet. */
  readonly #names: NamedEndpoint[] = [];

  /**
   * @param port - The port of an address that was given without one.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a text is neither an address nor a name that may be looked up.
   */
  constructor(settings: ResolvedConnmanOptions, localAddresses: LocalAddresses, port: number) {
    this.#settings = settings;
    this.#localAddresses = localAddresses;
    for (const text of settings.externalIp) {
      const endpoint = parseEndpoint('externalIp', text, port, settings.dns);
      if (endpoint instanceof NamedEndpoint) this.#names.push(endpoint);
      else this.#add(endpoint);
    }
  }

  /** Whether there are names to look up. */
  get hasNames(): boolean {
    return this.#names.length > 0;
  }

  /** @param lookUp - Returns the address, or rejects, which ends the look-up. */
  async lookUpNames(lookUp: (option: string, name: NamedEndpoint) => Promise<Service>): Promise<void> {
    for (const name of this.#names) this.#add(await lookUp('externalIp', name));
    this.#names.length = 0;
  }

  #add(service: Service): void {
    if (this.#localAddresses.add(service, LOCAL_SCORES.manual)) return;
    const { address } = service;
    const network = address.getNetwork();
    const reason = address.isRoutable() ? `network ${network} is out of reach (proxy, onlyNet)` : 'it is not public';
    this.#settings.logger.warn(`externalIp ${service} is not advertised: ${reason}`);
  }
}
