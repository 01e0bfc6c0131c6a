// A simulated chain within the process: blocks at intervals, and fees that rise in between. For tests, and for trying out a
// server without a node. The same seed gives the same chain.

import { createHash } from 'node:crypto';
import { checkInteger } from '../../util/options/arguments.ts';
import { ByteWriter } from '../../util/bytes/bytes.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { Intervals } from '../../util/time/intervals.ts';
import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import {
  doubleSha256,
  headerOf,
  heightScript,
  meetsTarget,
  merklePathOfFirst,
  targetOfBits,
  transactionId,
} from './block.ts';
import { LiveTemplates } from './live-templates.ts';
import type { BlockTemplate, FoundBlock, SubmitOutcome, TemplateSource, WaitOptions } from './template-source.ts';
import { witnessCommitmentOutput } from './witness-commitment.ts';

/** Options of a `MockTemplateSource`. */
export interface MockSourceOptions {
  /** Seed of the chain. Default `sockman`. */
  readonly seed?: string;
  /** Milliseconds between blocks. Default 30,000. */
  readonly blockIntervalMs?: number;
  /** Milliseconds between transactions. Default 1,000. */
  readonly transactionIntervalMs?: number;
  /** Fee of a transaction, in satoshi. Default 700. */
  readonly fee?: number;
  /** Transactions of a new block. Default 3. */
  readonly transactionsAtStart?: number;
  readonly clock?: Clock;
}

/** The easiest target: half of all hashes meet it, as on regtest. */
const EASIEST_BITS = 0x207f_ffff;

const SUBSIDY = 5_000_000_000n;
const BLOCK_VERSION = 0x2000_0000;
const FINAL_SEQUENCE_WITH_LOCK_TIME = 0xffff_fffe;

/** Most transactions of a simulated block: its data must fit into a message. */
const MAX_TRANSACTIONS = 2_000;

export class MockTemplateSource implements TemplateSource {
  readonly #seed: string;
  readonly #fee: bigint;
  readonly #transactionsAtStart: number;
  readonly #clock: Clock;
  readonly #live: LiveTemplates<BlockTemplate>;
  readonly #work: Intervals;
  #height = 100;
  #prevHash: Uint8Array;
  #transactions: Uint8Array[] = [];

  /** @throws {RangeError} `ERR_SOCKMAN_OUT_OF_RANGE`, naming the option. */
  constructor(options: MockSourceOptions = {}) {
    const { seed = 'sockman', blockIntervalMs = 30_000, transactionIntervalMs = 1_000, fee = 700 } = options;
    checkInteger('blockIntervalMs', blockIntervalMs, 1);
    checkInteger('transactionIntervalMs', transactionIntervalMs, 1);
    checkInteger('fee', fee, 0);
    this.#seed = seed;
    this.#fee = BigInt(fee);
    this.#transactionsAtStart = options.transactionsAtStart ?? 3;
    checkInteger('transactionsAtStart', this.#transactionsAtStart, 0, MAX_TRANSACTIONS);
    this.#clock = options.clock ?? systemClock;
    this.#live = new LiveTemplates(this.#clock);
    this.#work = new Intervals(this.#clock);
    this.#prevHash = this.#draw('genesis');
    this.#beginBlock();
    this.#work.every(blockIntervalMs, () => this.#addBlock(this.#draw(`block ${this.#height}`)));
    this.#work.every(transactionIntervalMs, () => this.addTransaction());
  }

  /** Height of the next block. */
  get height(): number {
    return this.#height;
  }

  /** Adds a block now. */
  addBlock(): void {
    this.#addBlock(this.#draw(`block ${this.#height}`));
  }

  /** Adds a transaction now. */
  addTransaction(): void {
    if (this.#transactions.length >= MAX_TRANSACTIONS) return;
    this.#transactions.push(this.#drawTransaction());
    this.#live.set(this.#build());
  }

  create(_constraints: CoinbaseOutputConstraints, signal: AbortSignal): Promise<BlockTemplate> {
    return this.#live.first(signal);
  }

  waitNext(
    template: BlockTemplate,
    _constraints: CoinbaseOutputConstraints,
    options: WaitOptions,
  ): Promise<BlockTemplate | undefined> {
    return this.#live.next(template, options);
  }

  async submit(template: BlockTemplate, block: FoundBlock): Promise<SubmitOutcome> {
    let header: Uint8Array;
    try {
      header = headerOf(template, block);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { ok: false, reason: 'bad-cb-tx' };
    }
    const hash = doubleSha256(header);
    if (!meetsTarget(hash, template.target)) return { ok: false, reason: 'high-hash' };
    if (Buffer.compare(template.prevHash, this.#prevHash) !== 0) return { ok: false, reason: 'inconclusive' };
    this.#addBlock(hash);
    return { ok: true };
  }

  async close(): Promise<void> {
    this.#work.stop();
  }

  #draw(what: string): Uint8Array {
    return createHash('sha256').update(`${this.#seed}/${what}`).digest();
  }

  #addBlock(hash: Uint8Array): void {
    this.#prevHash = hash;
    this.#height++;
    this.#beginBlock();
  }

  #beginBlock(): void {
    this.#transactions = [];
    while (this.#transactions.length < this.#transactionsAtStart) this.#transactions.push(this.#drawTransaction());
    this.#live.set(this.#build());
  }

  #drawTransaction(): Uint8Array {
    const input = this.#draw(`transaction ${this.#height}/${this.#transactions.length}`);
    return new ByteWriter()
      .uint32LE(2)
      .compactSize(1)
      .bytes(input)
      .uint32LE(0)
      .varBytes(new Uint8Array(0))
      .uint32LE(0xffff_ffff)
      .compactSize(1)
      .uint64LE(1_000n)
      .varBytes(Uint8Array.of(0x51))
      .uint32LE(0)
      .finish();
  }

  #build(): BlockTemplate {
    const transactions = [...this.#transactions];
    const ids = transactions.map(transactionId);
    const totalFees = this.#fee * BigInt(transactions.length);
    return {
      prevHash: this.#prevHash,
      version: BLOCK_VERSION,
      nBits: EASIEST_BITS,
      target: targetOfBits(EASIEST_BITS),
      headerTimestamp: Math.floor(this.#clock.wallTimeMs() / 1_000),
      coinbase: {
        txVersion: 2,
        prefix: heightScript(this.#height),
        inputSequence: FINAL_SEQUENCE_WITH_LOCK_TIME,
        valueRemaining: SUBSIDY + totalFees,
        // There are no witnesses: both ids of a transaction are the same.
        outputs: witnessCommitmentOutput(ids),
        outputCount: 1,
        lockTime: this.#height - 1,
        witness: new Uint8Array(32),
      },
      transactions,
      merklePath: merklePathOfFirst(ids),
      totalFees,
    };
  }
}
