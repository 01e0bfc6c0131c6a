// Saves a node's state every quarter of an hour and at the end.

import type { PeerAddress } from '../p2p/messages/addresses.ts';
import type { ResolvedConnmanOptions } from './settings/resolve-options.ts';

/**
 * Interval between saves of address book and bans, in milliseconds. (Bitcoin Core, DUMP_PEERS_INTERVAL, DUMP_BANS_INTERVAL)
 */
export const SAVE_INTERVAL_MS = 15 * 60 * 1_000;

/** Saves for one `Connman`. A full disk does not stop the node: the failure is logged, and the next save tries again. */
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

  /** Saves the peers to dial first. Only at a clean end: after a crash, an attacker must not find us tied to their nodes. */
  async saveAnchors(anchors: readonly PeerAddress[]): Promise<void> {
    await this.#attempt('anchors', async () => this.#settings.anchorStore?.save(anchors));
  }

  /** Unlocks the data folder. For the end, after the last save. */
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
