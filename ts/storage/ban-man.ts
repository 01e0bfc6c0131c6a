// Whom not to deal with: bans, which somebody decided and which survive a restart, and discouragement, which misbehaviour
// earns and which is forgotten. (Bitcoin Core src/banman.h)
//
// Neither closes a connection: whoever bans also disconnects.

import { parseBanList, serializeBanList, MAX_BAN_LIST_BYTES } from './ban-list.ts';
import type { BanEntry } from './ban-list.ts';
import type { DataFile } from './data-file.ts';
import { NetAddress } from '../netaddr/net-address.ts';
import { Subnet } from '../netaddr/subnet.ts';
import { checkInteger } from '../util/arguments.ts';
import type { Clock } from '../util/clock.ts';
import { invalidArg } from '../util/errors.ts';
import type { Logger } from '../util/logger.ts';
import type { RandomUint32 } from '../util/random.ts';
import { RollingBloomFilter } from '../util/rolling-bloom-filter.ts';

/** How long a ban lasts when nobody says otherwise, in seconds. (Core DEFAULT_MISBEHAVING_BANTIME) */
export const DEFAULT_BAN_SECONDS = 86_400;

/** Addresses whose discouragement is remembered at least; the filter forgets instead of growing. */
const DISCOURAGED_ADDRESSES = 50_000;
const DISCOURAGED_FALSE_POSITIVE_RATE = 1e-6;

export interface BanManOptions {
  readonly clock: Clock;
  readonly random: RandomUint32;
  readonly logger: Logger;
  /** `banlist.json`; without it bans live as long as the object. */
  readonly file?: DataFile;
  /** 1 or more; `DEFAULT_BAN_SECONDS` when left out. */
  readonly defaultBanSeconds?: number;
  /** Whether fc00::/8 in the file is read as CJDNS. */
  readonly isCJDNSReachable?: boolean;
  /** Called after every change, the end of a ban included once it is noticed. */
  readonly onChange?: () => void;
}

/** When a ban is to end. */
export interface BanUntil {
  /** Whole seconds from now, or since 1970 with `isAbsolute`; 0 or less stands for the default time from now. */
  readonly seconds?: number;
  readonly isAbsolute?: boolean;
}

export class BanMan {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: DataFile | undefined;
  readonly #defaultBanSeconds: number;
  readonly #onChange: () => void;
  readonly #bans = new Map<string, BanEntry>();
  readonly #discouraged: RollingBloomFilter;
  #isDirty = false;
  /** The last save that began; saves end in the order in which they begin. */
  #saving: Promise<void> = Promise.resolve();

  /**
   * Starts with no bans; `load` reads the file.
   *
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `defaultBanSeconds`.
   */
  constructor(options: BanManOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#file = options.file;
    this.#defaultBanSeconds = options.defaultBanSeconds ?? DEFAULT_BAN_SECONDS;
    checkInteger('defaultBanSeconds', this.#defaultBanSeconds, 1);
    this.#onChange = options.onChange ?? (() => {});
    this.#discouraged = new RollingBloomFilter({
      elementCount: DISCOURAGED_ADDRESSES,
      falsePositiveRate: DISCOURAGED_FALSE_POSITIVE_RATE,
      random: options.random,
    });
  }

  /**
   * Opens the ban list of a file.
   *
   * A file that is not there is made, and one that is unsound is overwritten by an empty list, as Core does.
   */
  static async load(options: BanManOptions & { readonly file: DataFile }): Promise<BanMan> {
    const banMan = new BanMan(options);
    await banMan.#read(options.file, options.isCJDNSReachable ?? false);
    return banMan;
  }

  async #read(file: DataFile, isCJDNSReachable: boolean): Promise<void> {
    await file.removeLeftovers();
    const bytes = await file.read(MAX_BAN_LIST_BYTES).catch((error: unknown) => {
      this.#logger.warn(String(error));
      return undefined;
    });
    const text = bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
    const bans = text === undefined ? [] : parseBanList(text, this.#nowSeconds(), isCJDNSReachable);
    if (bans === undefined) this.#logger.warn(`${file.path} cannot be read as a ban list; it starts empty`);
    for (const ban of bans ?? []) this.#bans.set(ban.subnet.toString(), ban);
    // Written back if that would change it: there was none, it was unsound, or bans in it are over.
    this.#isDirty = text === undefined || bans === undefined || serializeBanList(bans) !== text;
    await this.save();
  }

  // ---- Bans ---------------------------------------------------------------------------------------------------------

  /**
   * Refuses an address or a subnet. Never shortens a ban.
   *
   * @returns Whether the list changed; if so it is being saved.
   * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: neither an address nor a subnet, or an internal address.
   * @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`: `seconds` is no whole number, or beyond 2^53 - 1.
   */
  ban(target: NetAddress | Subnet, { seconds = 0, isAbsolute = false }: BanUntil = {}): boolean {
    // A fraction in the file would have the next start, ours or Core's, throw all bans away.
    checkInteger('seconds', seconds, -Number.MAX_SAFE_INTEGER);
    const subnet = toSubnet(target);
    const nowSeconds = this.#nowSeconds();
    const isDefault = seconds <= 0;
    const endSeconds = (isDefault ? this.#defaultBanSeconds : seconds) + (isDefault || !isAbsolute ? nowSeconds : 0);
    const untilSeconds = Math.min(endSeconds, Number.MAX_SAFE_INTEGER);
    const known = this.#bans.get(subnet.toString());
    if (known !== undefined && known.untilSeconds >= untilSeconds) return false;
    this.#bans.set(subnet.toString(), { subnet, createdSeconds: nowSeconds, untilSeconds });
    this.#changed();
    return true;
  }

  /** Ends the ban of exactly this address or subnet. @returns Whether there was one. */
  unban(target: NetAddress | Subnet): boolean {
    if (!this.#bans.delete(toSubnet(target).toString())) return false;
    this.#changed();
    return true;
  }

  clearBanned(): void {
    this.#bans.clear();
    this.#changed();
  }

  /** Whether an address is in a banned subnet, or a subnet itself was banned. */
  isBanned(target: NetAddress | Subnet): boolean {
    const nowSeconds = this.#nowSeconds();
    if (target instanceof Subnet) {
      const ban = this.#bans.get(target.toString());
      return ban !== undefined && nowSeconds < ban.untilSeconds;
    }
    for (const { subnet, untilSeconds } of this.#bans.values()) {
      if (nowSeconds < untilSeconds && subnet.matches(target)) return true;
    }
    return false;
  }

  /** The bans that are not over. */
  getBanned(): BanEntry[] {
    this.#sweep();
    return [...this.#bans.values()];
  }

  // ---- Discouragement -----------------------------------------------------------------------------------------------

  /** Remembers that an address misbehaved: for at least the next 50,000 others, and never beyond a restart. */
  discourage(address: NetAddress): void {
    this.#discouraged.insert(address.getAddrBytes());
  }

  isDiscouraged(address: NetAddress): boolean {
    return this.#discouraged.has(address.getAddrBytes());
  }

  // ---- The file -----------------------------------------------------------------------------------------------------

  /** Writes what changed since the last save, and waits for saves that go on. One that fails is logged; the next tries again. */
  async save(): Promise<void> {
    this.#sweep();
    if (this.#file !== undefined && this.#isDirty) this.#saving = this.#write(this.#file);
    await this.#saving;
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
    void this.save();
    this.#onChange();
  }

  #sweep(): void {
    const nowSeconds = this.#nowSeconds();
    const sizeBefore = this.#bans.size;
    for (const [key, { untilSeconds }] of this.#bans) if (nowSeconds > untilSeconds) this.#bans.delete(key);
    if (this.#bans.size === sizeBefore) return;
    this.#isDirty = true;
    this.#onChange();
  }

  #nowSeconds(): number {
    return Math.floor(this.#clock.wallTimeMs() / 1_000);
  }
}

function toSubnet(target: NetAddress | Subnet): Subnet {
  if (target instanceof Subnet) return target;
  if (target instanceof NetAddress) return new Subnet(target);
  throw invalidArg('target', 'a NetAddress or a Subnet', target);
}
