// Counts of messages by type, and their bytes: for metrics.

import { OTHER_MESSAGE_TYPE, isMessageType } from '../../p2p/messages/message-types.ts';

/** Messages of one type. */
export interface TypeTally {
  messages: number;
  /** Bytes on the wire, as far as the kernel took or delivered them. */
  bytes: number;
}

/** Counts by type, of types that occurred; unknown types are counted as one. */
export class MessageTally {
  readonly #tallies = new Map<string, TypeTally>();

  /** The counts of a type, to be added to. */
  of(type: string): TypeTally {
    return this.#tallies.get(type) ?? this.#add(type);
  }

  entries(): IterableIterator<[string, TypeTally]> {
    return this.#tallies.entries();
  }

  #add(type: string): TypeTally {
    const name = isMessageType(type) ? type : OTHER_MESSAGE_TYPE;
    const tally = this.#tallies.get(name) ?? { messages: 0, bytes: 0 };
    this.#tallies.set(name, tally);
    return tally;
  }
}
