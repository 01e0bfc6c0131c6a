// The peers of a node where there is no terminal: lines of the table that are new. Peers that come and go all day make no
// file without end: beyond a burst there is an occasional line, and a count of those that were left out.

import type { PeerStats } from '../../connman/statistics.ts';
import { TokenBucket } from '../../util/time/token-bucket.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { peerTable } from './peer-table.ts';

/** Lines at once, and on average: a megabyte and a half a day, of lines of 170 characters. */
const BURST_LINES = 200;
const LINES_PER_SECOND = 0.1;

/** Prints for one node. */
export class PeerLines {
  readonly #io: CliIo;
  readonly #bucket: TokenBucket;
  #printed: ReadonlySet<string> = new Set();
  #skippedCount = 0;

  constructor(io: CliIo, nowMs: number) {
    this.#io = io;
    this.#bucket = new TokenBucket({ capacity: BURST_LINES, tokensPerSecond: LINES_PER_SECOND, nowMs });
  }

  /** Prints what is new. Byte counts move all the time: a line is news when a peer is, or what is known of it. */
  show(peers: readonly PeerStats[], nowMs: number): void {
    const [heading = '', ...lines] = peerTable(peers, this.#io.columns, this.#io.style);
    const keys = peers.map((peer) => `${peer.id} ${peer.version} ${peer.pingtime !== undefined}`);
    const news = lines.filter((_, at) => !this.#printed.has(keys[at]!));
    this.#printed = new Set(keys);
    if (news.length === 0) return;
    this.#bucket.refill(nowMs);
    const fitting = news.filter(() => !this.#io.isBehind && this.#bucket.tryTake());
    this.#skippedCount += news.length - fitting.length;
    if (fitting.length === 0) return;
    if (this.#skippedCount > 0) this.#io.print(`(${this.#skippedCount} lines of other peers were left out)`);
    this.#skippedCount = 0;
    for (const line of [heading, ...fitting]) this.#io.print(line);
  }
}
