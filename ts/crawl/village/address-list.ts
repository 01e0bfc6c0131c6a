// The addresses that villagers tell: windows of one list, which is encoded only once, since a crawl asks for thousands of answers
// a second.

import { writeServiceV2 } from '../../netaddr/encoding.ts';
import { encodeMessage } from '../../p2p/messages/registry.ts';
import type { EncodedMessage } from '../../p2p/messages/registry.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import { shuffle } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import type { Villager } from './villager.ts';

/** The list of all villagers, in random order. */
export class AddressList {
  /** Indices of villagers, in the order of the list. */
  readonly #order: number[];
  readonly #villagers: readonly Villager[];
  readonly #timeSeconds: number;
  /** Every entry of `addrv2`, twice over, so that a window never wraps. */
  readonly #entries: Uint8Array;
  readonly #offsets: Uint32Array;

  /** @param timeSeconds - Time at which every villager was last seen, in seconds since 1970. */
  constructor(villagers: readonly Villager[], timeSeconds: number, random: RandomUint32) {
    this.#villagers = villagers;
    this.#timeSeconds = timeSeconds;
    this.#order = villagers.map(({ index }) => index);
    shuffle(random, this.#order);
    const doubled = [...this.#order, ...this.#order];
    this.#offsets = new Uint32Array(doubled.length + 1);
    const writer = new ByteWriter(doubled.length * 48);
    for (const [place, index] of doubled.entries()) {
      const { services, service } = villagers[index]!;
      writer.uint32LE(timeSeconds).compactSize(services);
      writeServiceV2(writer, service);
      this.#offsets[place + 1] = writer.length;
    }
    this.#entries = writer.finish();
  }

  /** The villagers that a window shows. @param count - At most as many as there are. */
  window(from: number, count: number): Villager[] {
    return Array.from({ length: count }, (_, place) => {
      const index = this.#order[(from + place) % this.#order.length]!;
      return this.#villagers[index]!;
    });
  }

  /** A window as `addrv2`. */
  encodeV2(from: number, count: number): EncodedMessage {
    const entries = this.#entries.subarray(this.#offsets[from], this.#offsets[from + count]);
    return { type: 'addrv2', payload: new ByteWriter(entries.length + 3).compactSize(count).bytes(entries).finish() };
  }

  /** A window as `addr`, without the addresses that it cannot hold. */
  encodeV1(from: number, count: number): EncodedMessage {
    const addresses = this.window(from, count).map((villager) => this.#told(villager));
    return encodeMessage({ type: 'addr', addresses });
  }

  /** How many of a window `addr` can hold. */
  countV1(from: number, count: number): number {
    return this.window(from, count).filter(({ service }) => service.address.isV1Compatible()).length;
  }

  #told({ services, service }: Villager): PeerAddress {
    return { timeSeconds: this.#timeSeconds, services, service };
  }
}
