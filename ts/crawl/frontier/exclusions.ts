// Who asked to be left alone: addresses, subnets and autonomous systems, from a file of lines.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { Subnet } from '../../netaddr/subnet.ts';
import { invalidArg } from '../../util/errors/errors.ts';

const SYSTEM = /^AS(\d{1,10})$/i;

/** A list of those who are not visited. */
export class Exclusions {
  readonly #subnets: readonly Subnet[];
  readonly #systems: ReadonlySet<number>;

  private constructor(subnets: readonly Subnet[], systems: ReadonlySet<number>) {
    this.#subnets = subnets;
    this.#systems = systems;
  }

  static readonly NONE: Exclusions = new Exclusions([], new Set());

  /**
   * Reads lines: an address, a subnet as `Subnet` reads it, or `AS64512`; behind `#` stands a comment.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a line is none of these. A list that is not understood must not be obeyed in part.
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
      // What begins with fc may be written of either network.
      else if (subnet !== undefined) subnets.push(subnet, Subnet.tryParse(word, true) ?? subnet);
      else throw invalidArg(`line ${index + 1} of the exclusions`, 'an address, a subnet or AS and a number', word);
    }
    return new Exclusions(subnets, systems);
  }

  /** Whether there is nobody on the list. */
  get isEmpty(): boolean {
    return this.#subnets.length === 0 && this.#systems.size === 0;
  }

  /**
   * Whether an address is left out.
   *
   * @param system - The autonomous system of the address; 0 when unknown.
   */
  has(address: NetAddress, system: number): boolean {
    if (system !== 0 && this.#systems.has(system)) return true;
    return this.#subnets.some((subnet) => subnet.matches(address));
  }
}
