// The peers of a node without a terminal: prints new lines of the table. Peers that come and go all day must not fill a
// file: beyond a burst, lines are printed occasionally, and those left out are counted.

import type { PeerStats } from '../../connman/statistics.ts';
import { TokenBucket } from '../../util/time/token-bucket.ts';
import type { CliIo } from '../terminal/cli-io.ts';
import { peerTable } from './peer-table.ts';

/** Burst, and average rate of lines: 1.5 MB a day, at 170 characters a line. */
const BURST_LINES = 200;
const LINES_PER_SECOND = 0.1;

/** Prints the peers of one node. */
export class PeerLines {
  readonly #io: CliIo;
  readonly #bucket: TokenBucket;
  #printed: ReadonlySet<string> = new Set();
  #skippedCount = 0;

  constructor(io: CliIo, nowMs: number) {
    this.#io = io;
    this.#bucket = new TokenBucket({ capacity: BURST_LINES, tokensPerSecond: LINES_PER_SECOND, nowMs });
  }

  /** Prints new lines. Byte counts change all the time: a line is new when a peer is, or when more is known about it. */
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
