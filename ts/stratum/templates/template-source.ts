// The source of block templates: the seam between a server and a node, or its substitute.

import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';

/**
 * A block to build: everything except the coinbase transaction's outputs, the nonce and the time. Hashes are in wire order.
 */
export interface BlockTemplate {
  /** Hash of the block to build on, 32 bytes. */
  readonly prevHash: Uint8Array;
  readonly version: number;
  /** The target in its short form. */
  readonly nBits: number;
  /** The largest hash that the header may have, 32 bytes, least significant first. */
  readonly target: Uint8Array;
  /** The time to start from, in Unix seconds. */
  readonly headerTimestamp: number;
  readonly coinbase: CoinbaseTemplate;
  /** The other transactions, with witness, in block order. */
  readonly transactions: readonly Uint8Array[];
  /** Path of the coinbase transaction to the merkle root, deepest first. */
  readonly merklePath: Uint8Array[];
  /** Fees of all transactions, in satoshi. */
  readonly totalFees: bigint;
}

/** The prescribed parts of the coinbase transaction. */
export interface CoinbaseTemplate {
  readonly txVersion: number;
  /** Start of the script: the height (BIP 34), at most 8 bytes. */
  readonly prefix: Uint8Array;
  readonly inputSequence: number;
  /** What the client's outputs may spend: subsidy and fees, in satoshi. */
  readonly valueRemaining: bigint;
  /** Outputs that a block needs, serialized one after another: the witness commitment. They go last. */
  readonly outputs: Uint8Array;
  readonly outputCount: number;
  readonly lockTime: number;
  /** The witness of the input, 32 zero bytes; empty without segwit. */
  readonly witness: Uint8Array;
}

/** How long to wait for a better template, and when one is better. */
export interface WaitOptions {
  /** Milliseconds; a finite number. */
  readonly timeoutMs: number;
  /** Least rise of the fees, in satoshi; undefined waits only for another block. */
  readonly feeThreshold: bigint | undefined;
  readonly signal: AbortSignal;
}

/** A block found for a template. */
export interface FoundBlock {
  readonly version: number;
  readonly headerTimestamp: number;
  readonly headerNonce: number;
  /** The coinbase transaction, with witness. */
  readonly coinbaseTx: Uint8Array;
}

/** Whether a block was accepted, or why not. */
export type SubmitOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/**
 * Gives templates, and takes blocks. All methods wait rather than fail while the node is unreachable or in initial block
 * download; only an aborted signal rejects, with its reason.
 */
export interface TemplateSource {
  /** The current template, with room for what the client adds. */
  create(constraints: CoinbaseOutputConstraints, signal: AbortSignal): Promise<BlockTemplate>;
  /** The next template better than `template`; undefined when none came in time. */
  waitNext(
    template: BlockTemplate,
    constraints: CoinbaseOutputConstraints,
    options: WaitOptions,
  ): Promise<BlockTemplate | undefined>;
  /** Submits a block; a source that cannot be reached is retried for a while. */
  submit(template: BlockTemplate, block: FoundBlock): Promise<SubmitOutcome>;
  /** Ends all pending work. */
  close(): Promise<void>;
}
