// Addresses, subnets and autonomous systems whose operators asked not to be visited, from a file of lines.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { Subnet } from '../../netaddr/subnet.ts';
import { invalidArg } from '../../util/errors/errors.ts';

const SYSTEM = /^AS(\d{1,10})$/i;

/** A list of addresses that are not visited. */
export class Exclusions {
  readonly #subnets: readonly Subnet[];
  readonly #systems: ReadonlySet<number>;

  private constructor(subnets: readonly Subnet[], systems: ReadonlySet<number>) {
    this.#subnets = subnets;
    this.#systems = systems;
  }

  static readonly NONE: Exclusions = new Exclusions([], new Set());

  /**
   * Reads lines: an address, a subnet as `Subnet` reads it, or `AS64512`; `#` begins a comment.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a line is something else. A list with a fault is never applied in part.
   */
  static parse(text: string): Exclusions {
    const subnets: Subnet[] = [];
    const systems = new Set<number>();
    for (const [index, line] of text.split('\n').entries()) {
      const word = line.replace(/#.*/, '').trim();
      if (word === '') continue;
      const system = SYSTEM.exec(word)?.[1];
      const subnet = Subnet.tryParse(word);
      if (system !== undefined) systems.add(Number(system));
      // An address that begins with fc may be meant for either network, IPv6 or CJDNS.
      else if (subnet !== undefined) subnets.push(subnet, Subnet.tryParse(word, true) ?? subnet);
      else throw invalidArg(`line ${index + 1} of the exclusions`, 'an address, a subnet or AS and a number', word);
    }
    return new Exclusions(subnets, systems);
  }

  /** Whether the list is empty. */
  get isEmpty(): boolean {
    return this.#subnets.length === 0 && this.#systems.size === 0;
  }

  /**
   * Whether an address is on the list.
   *
   * @param system - The autonomous system of the address; 0 when unknown.
   */
  has(address: NetAddress, system: number): boolean {
    if (system !== 0 && this.#systems.has(system)) return true;
    return this.#subnets.some((subnet) => subnet.matches(address));
  }
}
