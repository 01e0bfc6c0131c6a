// Banned and discouraged addresses: bans are decisions of users and survive a restart; misbehaviour leads to discouragement,
// which does not. (Bitcoin Core src/banman.h)
//
// Neither closes a connection: the caller that bans also disconnects.

import { parseBanList, serializeBanList, MAX_BAN_LIST_BYTES } from './ban-list.ts';
import type { BanEntry } from './ban-list.ts';
import { BanTable } from './ban-table.ts';
import type { DataFile } from './data-file.ts';
import { FileError } from './file-error.ts';
import { subnetNamed } from '../netaddr/named-address.ts';
import { NetAddress } from '../netaddr/net-address.ts';
import { Subnet } from '../netaddr/subnet.ts';
import { checkInteger } from '../util/options/arguments.ts';
import { systemClock } from '../util/time/clock.ts';
import type { Clock } from '../util/time/clock.ts';
import { outOfRange } from '../util/errors/errors.ts';
import { guardedLogger } from '../util/guarded-logger.ts';
import type { Logger } from '../util/logger.ts';
import { createSecureRandom } from '../util/random.ts';
import type { RandomUint32 } from '../util/random.ts';
import { RollingBloomFilter } from '../util/hashing/rolling-bloom-filter.ts';

/** Default duration of a ban, in seconds. (Core DEFAULT_MISBEHAVING_BANTIME) */
export const DEFAULT_BAN_SECONDS = 86_400;

/** Addresses whose discouragement is remembered at least; the filter forgets older ones instead of growing. */
const DISCOURAGED_ADDRESSES = 50_000;
const DISCOURAGED_FALSE_POSITIVE_RATE = 1e-6;

/** Most bans: more would make a file that is too large to read. */
export const MAX_BANS = 50_000;

/** Suffix of an unusable file that was moved aside. */
const DAMAGED_SUFFIX = '.damaged';

/** Options of a `BanMan`. */
export interface BanManOptions {
  /** Default: the system's. */
  readonly clock?: Clock;
  /** Default: the system's. */
  readonly random?: RandomUint32;
  /** Default: none. */
  readonly logger?: Logger;
  /** `banlist.json`; without it bans live as long as the object. */
  readonly file?: DataFile;
  /** Default duration of a ban, 1 or more. Default `DEFAULT_BAN_SECONDS`. */
  readonly defaultBanSeconds?: number;
  /** Whether fc00::/8 is CJDNS, in the file and in arguments. As for the `Connman`. Default false. */
  readonly cjdnsReachable?: boolean;
  /** Called after every change, including the end of a ban once it is noticed. */
  readonly onChange?: () => void;
}

/** The end of a ban. */
export interface BanUntil {
  /** Whole seconds from now, or since 1970 with `isAbsolute`; 0 or less means the default duration. */
  readonly seconds?: number;
  readonly isAbsolute?: boolean;
}

/**
 * Banned and discouraged addresses. Bans end at their time and are kept in a file; discouragement lasts as long as the
 * process.
 */
export class BanMan {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Where bans are saved; undefined if they are not. */
  #file: DataFile | undefined;
  readonly #defaultBanSeconds: number;
  readonly #cjdnsReachable: boolean;
  readonly #onChange: () => void;
  readonly #bans = new BanTable();
  readonly #discouraged: RollingBloomFilter;
  #discouragedCount = 0;
  #isDirty = false;
  /** The last save that began; saves end in the order in which they begin. */
  #saving: Promise<void> = Promise.resolve();

  /**
   * Starts with no bans; `load` reads the file.
   *
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a method of `logger` is missing.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `defaultBanSeconds`.
   */
  constructor(options: BanManOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#logger = guardedLogger(options.logger);
    this.#file = options.file;
    this.#defaultBanSeconds = options.defaultBanSeconds ?? DEFAULT_BAN_SECONDS;
    checkInteger('defaultBanSeconds', this.#defaultBanSeconds, 1);
    this.#cjdnsReachable = options.cjdnsReachable ?? false;
    this.#onChange = options.onChange ?? (() => {});
    this.#discouraged = new RollingBloomFilter({
      elementCount: DISCOURAGED_ADDRESSES,
      falsePositiveRate: DISCOURAGED_FALSE_POSITIVE_RATE,
      random: options.random ?? createSecureRandom(),
    });
  }

  /**
   * Opens the ban list of a file.
   *
   * A missing file is created. One that is malformed, or cannot be read, is renamed to `….damaged`, and the list starts
   * empty: it may have been edited by hand, and can be repaired. If it cannot be renamed, it stays, and no bans are saved.
   *
   * @param signal - Aborted when the result is no longer wanted.
   */
  static async load(options: BanManOptions & { readonly file: DataFile }, signal?: AbortSignal): Promise<BanMan> {
    const banMan = new BanMan(options);
    await banMan.#read(options.file, signal);
    return banMan;
  }

  async #read(file: DataFile, signal: AbortSignal | undefined): Promise<void> {
    await file.removeLeftovers();
    try {
      const bytes = await file.read(MAX_BAN_LIST_BYTES, signal);
      if (bytes === undefined) this.#logger.info('Recreating the banlist database');
      const text = bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
      const bans = text === undefined ? [] : parseBanList(text, this.#nowSeconds(), this.#cjdnsReachable);
      if (bans === undefined) throw new FileError('ERR_SOCKMAN_FILE_CORRUPT', file.path, 'not a list of bans');
      for (const ban of bans) this.#bans.set(ban);
      // Written back if that changes it: the file was missing, or has bans that are over.
      this.#isDirty = serializeBanList(bans) !== text;
    } catch (error) {
      signal?.throwIfAborted();
      await this.#setAside(file, error);
      this.#isDirty = true;
    }
    await this.save();
  }

  async #setAside(file: DataFile, fault: unknown): Promise<void> {
    const what = fault instanceof Error ? fault.message : String(fault);
    try {
      const aside = await file.moveAside(DAMAGED_SUFFIX);
      this.#logger.warn(`${what}; it is kept as ${aside}, and no bans are known`);
    } catch (error) {
      // To save would replace the only copy.
      this.#file = undefined;
      this.#logger.warn(`${what}; no bans are known, and none will be saved: ${String(error)}`);
    }
  }

  // ---- Bans ---------------------------------------------------------------------------------------------------------

  /**
   * Refuses an address or a subnet. Never shortens a ban. Existing connections stay: see `Connman.disconnectNode`.
   *
   * @param target - An address, a subnet, or the text of either: `1.2.3.4`, `1.2.3.0/24`, `….onion`.
   * @returns Whether the list changed; then it is being saved. False if there is an equal or longer ban, and if the list is
   * full (`MAX_BANS`), which is logged.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither an address nor a subnet, or an address that no peer can have, such
   *   as `0.0.0.0`.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `seconds` is not a whole number, is beyond 2^53 - 1, or is a time in
   * the past.
   */
  ban(target: NetAddress | Subnet | string, { seconds = 0, isAbsolute = false }: BanUntil = {}): boolean {
    // A fraction in the file would make the next start, ours or Core's, discard all bans.
    checkInteger('seconds', seconds, -Number.MAX_SAFE_INTEGER);
    const subnet = this.#subnet(target);
    const nowSeconds = this.#nowSeconds();
    const isDefault = seconds <= 0;
    const endSeconds = (isDefault ? this.#defaultBanSeconds : seconds) + (isDefault || !isAbsolute ? nowSeconds : 0);
    if (endSeconds <= nowSeconds) throw outOfRange('seconds', `a time after ${nowSeconds}`, seconds);
    const untilSeconds = Math.min(endSeconds, Number.MAX_SAFE_INTEGER);
    const known = this.#bans.get(subnet);
    if (known !== undefined && known.untilSeconds >= untilSeconds) return false;
    if (known === undefined && !this.#hasRoom()) return false;
    this.#bans.set({ subnet, createdSeconds: nowSeconds, untilSeconds });
    this.#changed();
    return true;
  }

  #hasRoom(): boolean {
    if (this.#bans.size >= MAX_BANS) this.#sweep();
    if (this.#bans.size < MAX_BANS) return true;
    this.#logger.warn(`no more than ${MAX_BANS} addresses and subnets can be banned`);
    return false;
  }

  /**
   * Ends the ban of exactly this address or subnet.
   *
   * @returns Whether there was such a ban.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: as for `ban`.
   */
  unban(target: NetAddress | Subnet | string): boolean {
    if (!this.#bans.delete(this.#subnet(target))) return false;
    this.#changed();
    return true;
  }

  /** Lifts every ban. */
  clearBanned(): void {
    this.#bans.clear();
    this.#changed();
  }

  /**
   * Whether an address is in a banned subnet, or a subnet itself was banned.
   *
   * @param target - An address or a subnet, or the text of either. An invalid address is not banned.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a text that is neither an address nor a subnet.
   */
  isBanned(target: NetAddress | Subnet | string): boolean {
    if (target instanceof NetAddress) return this.#isInBanned(target);
    const subnet = this.#subnet(target);
    const isText = typeof target === 'string';
    if (isText && subnet.equals(new Subnet(subnet.base))) return this.#isInBanned(subnet.base);
    const ban = this.#bans.get(subnet);
    return ban !== undefined && this.#nowSeconds() < ban.untilSeconds;
  }

  #isInBanned(given: NetAddress): boolean {
    const address = this.#cjdnsReachable ? given.toCJDNSIfInRange() : given;
    return this.#bans.covers(address, this.#nowSeconds());
  }

  #subnet(target: NetAddress | Subnet | string): Subnet {
    return subnetNamed('target', target, this.#cjdnsReachable);
  }

  /** The bans that are not over. */
  getBanned(): BanEntry[] {
    this.#sweep();
    return [...this.#bans.values()];
  }

  // ---- Discouragement -----------------------------------------------------------------------------------------------

  /** Remembers that an address misbehaved: for at least the next 50,000 others, and never after a restart. */
  discourage(address: NetAddress): void {
    if (!this.isDiscouraged(address)) this.#discouragedCount++;
    this.#discouraged.insert(address.getAddrBytes());
  }

  /** Number of addresses discouraged since the start; beyond 50,000 the oldest are forgotten. */
  get discouragedCount(): number {
    return this.#discouragedCount;
  }

  /** Whether an address was discouraged; of every 1,000,000 that were not, about one counts as such. */
  isDiscouraged(address: NetAddress): boolean {
    return this.#discouraged.has(address.getAddrBytes());
  }

  // ---- The file -----------------------------------------------------------------------------------------------------

  /** Writes changes since the last save, and waits for saves in progress. A failure is logged; the next save tries again. */
  async save(): Promise<void> {
    this.#sweep();
    this.#beginSave();
    await this.#saving;
  }

  /** The last of several simultaneous changes share a save. */
  #beginSave(): void {
    if (this.#file !== undefined && this.#isDirty) this.#saving = this.#write(this.#file);
  }

  async #write(file: DataFile): Promise<void> {
    this.#isDirty = false;
    try {
      await file.write(() => Buffer.from(serializeBanList(this.#bans.values())));
    } catch (error) {
      this.#isDirty = true;
      this.#logger.warn(String(error));
    }
  }

  #changed(): void {
    this.#isDirty = true;
    this.#beginSave();
    this.#onChange();
  }

  #sweep(): void {
    const nowSeconds = this.#nowSeconds();
    const sizeBefore = this.#bans.size;
    for (const { subnet, untilSeconds } of this.#bans.values())
      if (nowSeconds > untilSeconds) this.#bans.delete(subnet);
    if (this.#bans.size === sizeBefore) return;
    this.#isDirty = true;
    this.#onChange();
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.wallTimeMs() / 1_000);
  }
}
