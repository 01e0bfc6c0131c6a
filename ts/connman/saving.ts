// What a node remembers between two runs, saved every quarter of an hour and at the end.

import type { PeerAddress } from '../p2p/messages/addresses.ts';
import type { ResolvedConnmanOptions } from './settings/resolve-options.ts';

/** How often address book and bans are saved, in milliseconds. (Bitcoin Core, DUMP_PEERS_INTERVAL, DUMP_BANS_INTERVAL) */
export const SAVE_INTERVAL_MS = 15 * 60 * 1_000;

/** Saves for one `Connman`. A disk that is full is no reason to stop: it is logged, and the next time is another chance. */
export class Saving {
  readonly #settings: ResolvedConnmanOptions;

  constructor(settings: ResolvedConnmanOptions) {
    this.#settings = settings;
  }

  /** Saves addresses and bans. */
  async save(): Promise<void> {
    const { addressBookStore, banMan } = this.#settings;
    await this.#attempt('addresses', async () => addressBookStore?.save());
    await this.#attempt('bans', async () => banMan?.save?.());
  }

  /** The peers to dial first; none if they cannot be read. */
  async takeAnchors(): Promise<PeerAddress[]> {
    try {
      return (await this.#settings.anchorStore?.take()) ?? [];
    } catch (error) {
      this.#settings.logger.error(`anchors are not read: ${String(error)}`);
      return [];
    }
  }

  /** Saves the peers to dial first. For a clean end only: after a crash an attacker must not find us bound to their nodes. */
  async saveAnchors(anchors: readonly PeerAddress[]): Promise<void> {
    await this.#attempt('anchors', async () => this.#settings.anchorStore?.save(anchors));
  }

  /** Leaves the data folder to others. For the end, behind the last save. */
  release(): void {
    this.#settings.folderLock?.release();
  }

  async #attempt(what: string, save: () => Promise<void>): Promise<void> {
    try {
      await save();
    } catch (error) {
      this.#settings.logger.error(`${what} are not saved: ${String(error)}`);
    }
  }
}
