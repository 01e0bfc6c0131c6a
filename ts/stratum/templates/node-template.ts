// A node's answer to `getblocktemplate` (BIP 22, 23, 145): parsed, checked, and fitted to a client's constraints.

import { DecodeError } from '../../util/errors/errors.ts';
import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import { HASH_BYTES, heightScript, merklePathOfFirst, targetOfBits } from './block.ts';
import type { BlockTemplate } from './template-source.ts';
import { WITNESS_RESERVED_VALUE, witnessCommitmentOutput } from './witness-commitment.ts';

/** Weight of a block besides its transactions and the client's outputs. (sv2-tp: 1168, and 400 in reserve) */
const FIXED_WEIGHT = 1_168 + 400;

/** Weight of a byte outside of witnesses. */
const WEIGHT_PER_BYTE = 4;

/** What a node reserves for the coinbase transaction: weight (Core's `-blockreservedweight`) and sigops. */
const NODE_RESERVED_WEIGHT = 8_000;
const NODE_RESERVED_SIGOPS = 400;

/** A non-final sequence: with a lock time of the height before, coinbase transactions differ (Core does so since 30). */
const COINBASE_SEQUENCE = 0xffff_fffe;
const COINBASE_VERSION = 2;

interface NodeTransaction {
  readonly bytes: Uint8Array;
  readonly id: Uint8Array;
  readonly witnessId: Uint8Array;
  readonly fee: bigint;
  readonly sigops: number;
  readonly weight: number;
}

/** A node's template. */
export interface NodeTemplate {
  readonly longPollId: string | undefined;
  readonly prevHash: Uint8Array;
  readonly totalFees: bigint;
  readonly version: number;
  readonly nBits: number;
  readonly headerTimestamp: number;
  readonly height: number;
  /** Subsidy and all fees, in satoshi. */
  readonly coinbaseValue: bigint;
  readonly hasWitness: boolean;
  readonly weightLimit: number;
  readonly sigopLimit: number;
  readonly transactions: readonly NodeTransaction[];
}

/** Parses answers. Transactions shared by consecutive templates are kept once. */
export class TemplateReader {
  #known = new Map<string, NodeTransaction>();

  /** @throws {DecodeError} `ERR_SOCKMAN_DECODE`: a field is missing or malformed. */
  read(answer: unknown): NodeTemplate {
    const fields = new Fields(answer, 'getblocktemplate');
    const transactions = fields.list('transactions').map((entry) => this.#readTransaction(entry));
    this.#known = new Map(transactions.map((transaction) => [hexOf(transaction.witnessId), transaction]));
    return {
      longPollId: fields.has('longpollid') ? fields.text('longpollid') : undefined,
      prevHash: fields.hash('previousblockhash'),
      totalFees: transactions.reduce((sum, { fee }) => sum + fee, 0n),
      version: fields.integer('version'),
      nBits: Number.parseInt(fields.text('bits'), 16),
      headerTimestamp: fields.integer('curtime'),
      height: fields.integer('height'),
      coinbaseValue: BigInt(fields.integer('coinbasevalue')),
      hasWitness: fields.has('default_witness_commitment'),
      weightLimit: fields.integer('weightlimit'),
      sigopLimit: fields.integer('sigoplimit'),
      transactions,
    };
  }

  #readTransaction(entry: unknown): NodeTransaction {
    const fields = new Fields(entry, 'a transaction of getblocktemplate');
    const witnessId = fields.hash('hash');
    const known = this.#known.get(hexOf(witnessId));
    if (known !== undefined) return known;
    return {
      bytes: fields.bytes('data'),
      id: fields.hash('txid'),
      witnessId,
      fee: BigInt(fields.integer('fee')),
      sigops: fields.integer('sigops'),
      weight: fields.integer('weight'),
    };
  }
}

/**
 * Makes room for a client's outputs: how many transactions, from the first on, can stay. No remaining one depends on one that
 * goes. The node has already reserved room for an ordinary coinbase transaction.
 */
export function fittingCount(template: NodeTemplate, constraints: CoinbaseOutputConstraints): number {
  const { transactions } = template;
  const { coinbaseOutputMaxAdditionalSize: bytes, coinbaseOutputMaxAdditionalSigops: sigops } = constraints;
  const reservedWeight = Math.max(NODE_RESERVED_WEIGHT, FIXED_WEIGHT + WEIGHT_PER_BYTE * bytes);
  const reservedSigops = Math.max(NODE_RESERVED_SIGOPS, sigops);
  let weight = total(transactions, 'weight');
  let sigopsUsed = total(transactions, 'sigops');
  let count = transactions.length;
  while (
    count > 0 &&
    (weight > template.weightLimit - reservedWeight || sigopsUsed > template.sigopLimit - reservedSigops)
  ) {
    const dropped = transactions[--count]!;
    weight -= dropped.weight;
    sigopsUsed -= dropped.sigops;
  }
  return count;
}

/** A template with its first transactions only. @param count - How many. */
export function cutTemplate(template: NodeTemplate, count: number): BlockTemplate {
  const transactions = template.transactions.slice(0, count);
  const totalFees = transactions.reduce((sum, { fee }) => sum + fee, 0n);
  const { hasWitness, height, nBits, prevHash, version, headerTimestamp } = template;
  return {
    prevHash,
    version,
    nBits,
    target: targetOfBits(nBits),
    headerTimestamp,
    coinbase: {
      txVersion: COINBASE_VERSION,
      prefix: heightScript(height),
      inputSequence: COINBASE_SEQUENCE,
      valueRemaining: template.coinbaseValue - (template.totalFees - totalFees),
      outputs: hasWitness ? witnessCommitmentOutput(transactions.map(({ witnessId }) => witnessId)) : new Uint8Array(0),
      outputCount: hasWitness ? 1 : 0,
      lockTime: height - 1,
      witness: hasWitness ? WITNESS_RESERVED_VALUE : new Uint8Array(0),
    },
    transactions: transactions.map((transaction) => transaction.bytes),
    merklePath: merklePathOfFirst(transactions.map(({ id }) => id)),
    totalFees,
  };
}

function total(transactions: readonly NodeTransaction[], field: 'weight' | 'sigops'): number {
  return transactions.reduce((sum, transaction) => sum + transaction[field], 0);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** The fields of a JSON object, each checked when read. */
class Fields {
  readonly #values: Record<string, unknown>;
  readonly #where: string;

  constructor(value: unknown, where: string) {
    if (typeof value !== 'object' || value === null) throw new DecodeError(`${where}: not an object`, 0);
    this.#values = value as Record<string, unknown>;
    this.#where = where;
  }

  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  text(name: string): string {
    const value = this.#values[name];
    return typeof value === 'string' ? value : this.#refuse(name, 'text');
  }

  integer(name: string): number {
    const value = this.#values[name];
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : this.#refuse(name, 'a whole number');
  }

  list(name: string): unknown[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value : this.#refuse(name, 'a list');
  }

  bytes(name: string): Uint8Array {
    const text = this.text(name);
    if (!/^(?:[0-9a-f]{2})*$/i.test(text)) this.#refuse(name, 'hexadecimal digits');
    return Buffer.from(text, 'hex');
  }

  /** A hash, which JSON has in reverse order. */
  hash(name: string): Uint8Array {
    const bytes = this.bytes(name);
    if (bytes.length !== HASH_BYTES) this.#refuse(name, `${HASH_BYTES} bytes`);
    return bytes.reverse();
  }

  #refuse(name: string, expected: string): never {
    throw new DecodeError(`${this.#where}: ${name} is not ${expected}`, 0);
  }
}
