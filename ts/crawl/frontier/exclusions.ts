// Addresses, subnets and autonomous systems whose operators asked not to be visited, from a file of lines.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { isValid } from '../../netaddr/networks/classify.ts';
import { Subnet } from '../../netaddr/subnet.ts';
import { invalidArg } from '../../util/errors/errors.ts';

const SYSTEM = /^AS(\d{1,10})$/i;

/** Prefixes of one network, by their length in bits: lists of tens of thousands of lines cost a lookup for each length. */
type Prefixes = Map<number, Set<string>>;

/** A list of addresses that are not visited. */
export class Exclusions {
  readonly #byNetwork = new Map<NetAddress['network'], Prefixes>();
  readonly #systems: ReadonlySet<number>;

  private constructor(subnets: readonly Subnet[], systems: ReadonlySet<number>) {
    this.#systems = systems;
    for (const { base, prefixBits } of subnets) {
      const prefixes: Prefixes = this.#byNetwork.get(base.network) ?? new Map<number, Set<string>>();
      const keys = prefixes.get(prefixBits) ?? new Set();
      this.#byNetwork.set(base.network, prefixes.set(prefixBits, keys.add(prefixKey(base.bytes, prefixBits))));
    }
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
    return this.#byNetwork.size === 0 && this.#systems.size === 0;
  }

  /**
   * Whether an address is on the list.
   *
   * @param system - The autonomous system of the address; 0 when unknown.
   */
  has(address: NetAddress, system: number): boolean {
    if (system !== 0 && this.#systems.has(system)) return true;
    const prefixes = this.#byNetwork.get(address.network);
    if (prefixes === undefined || !isValid(address)) return false;
    for (const [bits, keys] of prefixes) if (keys.has(prefixKey(address.bytes, bits))) return true;
    return false;
  }
}

/** The first bits of an address as a text. */
function prefixKey(bytes: Uint8Array, bits: number): string {
  const whole = bits >> 3;
  const key = Buffer.from(bytes.buffer, bytes.byteOffset, whole).toString('latin1');
  return bits % 8 === 0 ? key : key + String.fromCharCode(bytes[whole]! & (0xff << (8 - (bits % 8))) & 0xff);
}
