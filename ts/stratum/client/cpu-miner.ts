// Solves templates on the CPU: for regtest, where half of all hashes meet the target. It gives up at once on real targets.

import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import type { Sv2Client } from './sv2-client.ts';
import type { Sv2MessageOf } from '../messages/registry.ts';
import { coinbaseTransaction, doubleSha256, headerOf, meetsTarget, txOutput } from '../templates/block.ts';
import type { BlockTemplate } from '../templates/template-source.ts';

type Template = Sv2MessageOf<'NewTemplate'>;
type Tip = Sv2MessageOf<'SetNewPrevHash'>;

/** Most hashes tried for a template; they take some milliseconds. On regtest the first few succeed. */
const MAX_TRIES = 10_000;

/** Length of the counter after the prefix of the coinbase script, in bytes: it makes coinbase transactions unique. */
const EXTRA_NONCE_BYTES = 8;

/** Most future templates that are kept for the tip that names them. */
const MAX_FUTURE_TEMPLATES = 16;

/** Mines for a client, one solution for each new tip. */
export class CpuMiner {
  /** Called with each submitted solution: the hash of the block in wire order. */
  onSubmitted: ((hash: Uint8Array) => void) | undefined;
  /**
   * Called when the server builds on a block of ours: its hash, and the number of such blocks. After `stop`, called in it, no
   * further block is submitted.
   */
  onAccepted: ((hash: Uint8Array, count: number) => void) | undefined;

  readonly #client: Sv2Client;
  readonly #script: Uint8Array;
  readonly #future = new Map<bigint, Template>();
  #submitted: Uint8Array | undefined;
  #acceptedCount = 0;
  #extraNonce = BigInt(Date.now());
  #isStopped = false;

  /** @param script - Output script of rewards. */
  constructor(client: Sv2Client, script: Uint8Array) {
    this.#client = client;
    this.#script = script;
    client.on('message', (message) => {
      if (message.name === 'NewTemplate' && message.futureTemplate) this.#keep(message);
      else if (message.name === 'SetNewPrevHash') this.#mine(message);
    });
  }

  /** Submits nothing from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  #keep(template: Template): void {
    this.#future.set(template.templateId, template);
    if (this.#future.size > MAX_FUTURE_TEMPLATES) this.#future.delete(this.#future.keys().next().value!);
  }

  #mine(tip: Tip): void {
    const template = this.#future.get(tip.templateId);
    this.#future.clear();
    this.#noticeAccepted(tip.prevHash);
    // A listener may have stopped this.
    if (template === undefined || this.#isStopped) return;
    const forBlock = blockTemplateOf(template, tip);
    const extraNonce = Buffer.alloc(EXTRA_NONCE_BYTES);
    extraNonce.writeBigUInt64LE(this.#extraNonce++);
    const reward = txOutput(template.coinbaseTxValueRemaining, this.#script);
    const coinbaseTx = coinbaseTransaction(forBlock, extraNonce, [reward]);
    const { version } = template;
    for (let headerNonce = 0; headerNonce < MAX_TRIES; headerNonce++) {
      const found = { version, headerTimestamp: tip.headerTimestamp, headerNonce, coinbaseTx };
      const hash = doubleSha256(headerOf(forBlock, found));
      if (!meetsTarget(hash, tip.target)) continue;
      this.#client.send({ name: 'SubmitSolution', templateId: tip.templateId, ...found });
      this.#submitted = hash;
      this.onSubmitted?.(hash);
      return;
    }
  }

  #noticeAccepted(prevHash: Uint8Array): void {
    const hash = this.#submitted;
    if (hash === undefined || !equalBytes(hash, prevHash)) return;
    this.#submitted = undefined;
    this.onAccepted?.(hash, ++this.#acceptedCount);
  }
}

/** The template of a block, from a client's messages. */
function blockTemplateOf(template: Template, tip: Tip): BlockTemplate {
  return {
    prevHash: tip.prevHash,
    version: template.version,
    nBits: tip.nBits,
    target: tip.target,
    headerTimestamp: tip.headerTimestamp,
    coinbase: {
      txVersion: template.coinbaseTxVersion,
      prefix: template.coinbasePrefix,
      inputSequence: template.coinbaseTxInputSequence,
      valueRemaining: template.coinbaseTxValueRemaining,
      outputs: template.coinbaseTxOutputs,
      outputCount: template.coinbaseTxOutputsCount,
      lockTime: template.coinbaseTxLocktime,
      // If the block has witnesses, one of the outputs commits to them.
      witness: new Uint8Array(template.coinbaseTxOutputsCount > 0 ? 32 : 0),
    },
    transactions: [],
    merklePath: template.merklePath,
    totalFees: 0n,
  };
}
