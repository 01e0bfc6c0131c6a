// Writes what a monitor saw: a line for each event, and how fast announcements have spread so far.

import { join } from 'node:path';
import { lockFolder } from '../../storage/folder-lock.ts';
import type { FolderLock } from '../../storage/folder-lock.ts';
import type { Clock } from '../../util/time/clock.ts';
import type { Logger } from '../../util/logger.ts';
import { NETWORK_NAMES } from '../frontier/address-table.ts';
import { writeOutput } from '../report/files/output-file.ts';
import { PROPAGATION_FILE } from '../report/files/propagation-file.ts';
import type { PropagationSummary, SystemSpread } from '../report/tally/summary.ts';
import type { Announcement } from './announcement.ts';
import type { HeldPeer } from './held-peer.ts';
import { LineLog } from './line-log.ts';
import type { MonitorPicture } from './monitor-options.ts';
import { SpreadTally, TOLD_SYSTEMS } from './spread-summary.ts';
import { spreadBySystem } from './system-spread.ts';

/** Interval between lines with the current figures, in milliseconds. */
const PICTURE_MS = 60_000;

const HOUR_MS = 3_600_000;

/** The lock of a monitor: a crawl may use the same folder, with a lock of its own. */
const LOCK_FILE = 'monitor.lock';

/** See the module comment. */
export class MonitorRecorder {
  readonly #folder: string | undefined;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #log: LineLog | undefined;
  readonly #beganAtMs: number;
  readonly #blocks = new SpreadTally();
  readonly #transactions = new SpreadTally();
  #nextPictureMs = 0;
  #lock: FolderLock | undefined;

  constructor(folder: string | undefined, clock: Clock, logger: Logger) {
    this.#folder = folder;
    this.#clock = clock;
    this.#logger = logger;
    this.#beganAtMs = clock.now();
    if (folder !== undefined)
      this.#log = new LineLog(folder, clock, (error) => logger.error(`the monitor cannot write: ${String(error)}`));
  }

  /**
   * Begins to write.
   *
   * @throws {FileError} `ERR_SOCKMAN_FILE_LOCKED`: another monitor writes into the folder. `ERR_SOCKMAN_SYSTEM`.
   */
  open(): void {
    if (this.#folder !== undefined) this.#lock = lockFolder(this.#folder, this.#logger, undefined, LOCK_FILE);
  }

  began(peer: HeldPeer, address: string): void {
    const { version, isV2, asn, connectedAtMs, heldSinceMs } = peer;
    this.#line('session-began', {
      address,
      network: NETWORK_NAMES[peer.network],
      ...(asn === 0 ? {} : { asn }),
      transport: isV2 ? 2 : 1,
      protocolVersion: version!.protocolVersion,
      services: version!.services.toString(16).padStart(16, '0'),
      userAgent: version!.userAgent,
      handshakeMs: rounded(heldSinceMs - connectedAtMs),
    });
  }

  ended(peer: HeldPeer, address: string, heldMs: number, reason: string): void {
    const { pingMs, addressCount, selfCount, bytesReceived, bytesSent } = peer;
    this.#line('session-ended', {
      address,
      seconds: Math.round(heldMs / 1_000),
      reason,
      ...(pingMs < 0 ? {} : { pingMs: rounded(pingMs) }),
      addressCount,
      selfAnnouncements: selfCount,
      bytesReceived,
      bytesSent,
    });
  }

  gossip(from: string, count: number, newCount: number, isSelf: boolean, addresses: readonly string[]): void {
    this.#line('gossip', { from, count, newCount, isSelf, ...(addresses.length === 0 ? {} : { addresses }) });
  }

  /**
   * @param peerAt - The peer that has a slot now; one that left meanwhile is omitted.
   * @param addressOf - Its address.
   */
  block(
    announcement: Announcement,
    peerAt: (slot: number) => HeldPeer | undefined,
    addressOf: (peer: HeldPeer) => string,
  ): void {
    const systems = spreadBySystem(announcement, peerAt);
    this.#blocks.add(announcement, systems);
    if (this.#log === undefined) return;
    const peers: (readonly [string, number])[] = [];
    for (const [slot, delayMs] of announcement.delays.entries()) {
      const peer = delayMs < 0 ? undefined : peerAt(slot);
      // The slot may be another peer's by now.
      if (peer !== undefined && peer.heldSinceMs <= announcement.firstAtMs)
        peers.push([addressOf(peer), rounded(delayMs)]);
    }
    peers.sort(([, a], [, b]) => a - b);
    this.#line('block', { ...spreadOf(announcement), ...listed(systems), peers });
  }

  /** About two a second: a line has the largest systems only. @param peerAt - As for `block`. */
  transaction(announcement: Announcement, peerAt: (slot: number) => HeldPeer | undefined): void {
    const systems = spreadBySystem(announcement, peerAt);
    this.#transactions.add(announcement, systems);
    this.#line('transaction', { ...spreadOf(announcement), ...listed(systems.slice(0, TOLD_SYSTEMS)) });
  }

  propagation(connections: number, blocksSeen: number, transactionsSeen: number): PropagationSummary {
    return {
      connections,
      hours: Number(((this.#clock.now() - this.#beganAtMs) / HOUR_MS).toFixed(2)),
      blocks: this.#blocks.summary(blocksSeen),
      transactions: this.#transactions.summary(transactionsSeen),
    };
  }

  /** Writes the current figures once a minute. */
  sweep(nowMs: number, picture: () => MonitorPicture, propagation: () => PropagationSummary): void {
    if (nowMs < this.#nextPictureMs) return;
    this.#nextPictureMs = nowMs + PICTURE_MS;
    this.#line('picture', picture());
    this.#writePropagation(propagation());
  }

  close(propagation: PropagationSummary): void {
    this.#writePropagation(propagation);
    this.#log?.close();
    this.#lock?.release();
    this.#lock = undefined;
    const lost = this.#log?.lostCount ?? 0;
    if (lost > 0) this.#logger.error(`the monitor lost ${lost} lines that could not be written`);
  }

  #writePropagation(propagation: PropagationSummary): void {
    if (this.#folder === undefined || this.#lock === undefined) return;
    try {
      writeOutput(
        join(this.#folder, PROPAGATION_FILE),
        `${JSON.stringify({ time: Math.floor(this.#clock.wallTimeMs()), ...propagation })}\n`,
      );
    } catch (error) {
      this.#logger.error(`the monitor cannot write: ${String(error)}`);
    }
  }

  #line(type: string, fields: object): void {
    this.#log?.add({ time: Math.floor(this.#clock.wallTimeMs()), type, ...fields });
  }
}

/** The common part of every announcement's line: when it was first seen, and how it spread in all and by network. */
function spreadOf(announcement: Announcement): object {
  const { key, firstWallMs, held, count } = announcement;
  const networks: Record<string, object> = {};
  for (const [number, name] of NETWORK_NAMES.entries()) {
    if (name === undefined || held.networks[number] === 0) continue;
    networks[name] = { held: held.networks[number], ...times(announcement, number) };
  }
  const hash = Buffer.from(key, 'latin1').reverse().toString('hex');
  return { hash, firstAt: rounded(firstWallMs), held: held.all, announced: count, ...times(announcement, 0), networks };
}

/** Nothing without an AS map. */
function listed(systems: readonly SystemSpread[]): object {
  return systems.length === 0 ? {} : { systems: systems.map(roundedTimes) };
}

function roundedTimes({ asn, held, p50, p90 }: SystemSpread): SystemSpread {
  return {
    asn,
    held,
    ...(p50 === undefined ? {} : { p50: rounded(p50) }),
    ...(p90 === undefined ? {} : { p90: rounded(p90) }),
  };
}

function times(announcement: Announcement, place: number): object {
  const { p50, p90 } = announcement.spread(place);
  return { ...(Number.isNaN(p50) ? {} : { p50: rounded(p50) }), ...(Number.isNaN(p90) ? {} : { p90: rounded(p90) }) };
}

const rounded = (ms: number): number => Math.round(ms * 1_000) / 1_000;
