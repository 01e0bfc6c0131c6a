// Templates of a real node over its JSON-RPC server: `getblocktemplate` for templates, `submitblock` for blocks.
//
// Two loops ask. One waits at the node for the next block (long polling, BIP 22); the other looks every few seconds whether
// fees have risen. A node that is away, restarts or is in initial block download is asked again until it answers; what was
// known of it stays valid meanwhile. Blocks are submitted until the node has given an answer, or a minute has passed.

import { Tasks } from '../../util/time/background-tasks.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import { DecodeError } from '../../util/errors/errors.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import type { Logger } from '../../util/logger.ts';
import { sleep } from '../../util/time/sleep.ts';
import type { CoinbaseOutputConstraints } from '../messages/template-distribution.ts';
import { serializeBlock } from './block.ts';
import { LiveTemplates } from './live-templates.ts';
import { NodeRpc, NodeRpcError } from './node-rpc.ts';
import type { NodeRpcOptions } from './node-rpc.ts';
import { FittedTemplates } from './fitted-templates.ts';
import { TemplateReader } from './node-template.ts';
import type { NodeTemplate } from './node-template.ts';
import type { BlockTemplate, FoundBlock, SubmitOutcome, TemplateSource, WaitOptions } from './template-source.ts';

/** Interval between checks of the fees, in milliseconds. */
const FEE_POLL_MS = 5_000;

/** First pause after a failed call, in milliseconds; each further one is twice as long. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;

/** How long submitting to a node that does not answer is retried, in milliseconds. */
const SUBMIT_TIMEOUT_MS = 60_000;

/** Never aborted: submitting a block continues even while the source closes. */
const NEVER = new AbortController().signal;

/** Core's answer to a block that it already has. */
const DUPLICATE = 'duplicate';

/** Options of an `RpcTemplateSource`. */
export interface RpcSourceOptions extends NodeRpcOptions {
  /** True on signet, whose rules a template has to name. Default false. */
  readonly isSignet?: boolean;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

export class RpcTemplateSource implements TemplateSource {
  readonly #rpc: NodeRpc;
  readonly #rules: readonly string[];
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #live: LiveTemplates<NodeTemplate>;
  readonly #reader = new TemplateReader();
  readonly #fitted = new FittedTemplates();
  readonly #ending = new AbortController();
  readonly #tasks: Tasks;
  #isAway = false;

  /** Starts polling at once. @throws {TypeError} an invalid URL, or a logger without one of its methods. */
  constructor(options: RpcSourceOptions) {
    this.#rpc = new NodeRpc(options);
    this.#rules = options.isSignet === true ? ['segwit', 'signet'] : ['segwit'];
    this.#clock = options.clock ?? systemClock;
    this.#logger = guardedLogger(options.logger);
    this.#live = new LiveTemplates(this.#clock);
    this.#tasks = new Tasks((error, name) => this.#logger.warn(`sv2: ${name} ended: ${String(error)}`));
    this.#tasks.run('waiting for blocks', () => this.#followBlocks());
    this.#tasks.run('waiting for fees', () => this.#followFees());
  }

  async create(constraints: CoinbaseOutputConstraints, signal: AbortSignal): Promise<BlockTemplate> {
    const template = await this.#live.first(signal);
    // A client that changed its mind meanwhile wants another.
    signal.throwIfAborted();
    return this.#fitted.fit(template, constraints);
  }

  async waitNext(
    template: BlockTemplate,
    constraints: CoinbaseOutputConstraints,
    options: WaitOptions,
  ): Promise<BlockTemplate | undefined> {
    const next = await this.#live.next(this.#fitted.originOf(template), options);
    return next && this.#fitted.fit(next, constraints);
  }

  async submit(template: BlockTemplate, block: FoundBlock): Promise<SubmitOutcome> {
    let hex: string;
    try {
      hex = Buffer.from(serializeBlock(template, block)).toString('hex');
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return { ok: false, reason: 'the coinbase transaction does not decode' };
    }
    const deadline = this.#clock.now() + SUBMIT_TIMEOUT_MS;
    for (let retryMs = FIRST_RETRY_MS; ; retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)) {
      try {
        const answer = await this.#rpc.call('submitblock', [hex], AbortSignal.timeout(SUBMIT_TIMEOUT_MS));
        // If an earlier answer was lost, the node has the block: that counts as success.
        return answer === null || answer === DUPLICATE ? { ok: true } : { ok: false, reason: String(answer) };
      } catch (error) {
        if (error instanceof NodeRpcError) return { ok: false, reason: error.message };
        if (this.#clock.now() + retryMs > deadline) return { ok: false, reason: reasonOf(error) };
        this.#logger.warn(`sv2: submitblock is tried again: ${reasonOf(error)}`);
        await sleep(this.#clock, retryMs, NEVER);
      }
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#tasks.settled();
  }

  async #followBlocks(): Promise<void> {
    let longPollId: string | undefined;
    let retryMs = FIRST_RETRY_MS;
    while (!this.#ending.signal.aborted) {
      const template = await this.#ask(longPollId);
      longPollId = template?.longPollId;
      retryMs = template === undefined ? Math.min(retryMs * 2, MAX_RETRY_MS) : FIRST_RETRY_MS;
      if (longPollId === undefined) await sleep(this.#clock, retryMs, this.#ending.signal);
    }
  }

  async #followFees(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await sleep(this.#clock, FEE_POLL_MS, this.#ending.signal);
      if (!this.#isAway && !this.#ending.signal.aborted) await this.#ask(undefined);
    }
  }

  /** Requests a template and makes it the newest. @returns Undefined if the node gave none. */
  async #ask(longPollId: string | undefined): Promise<NodeTemplate | undefined> {
    const request = { rules: this.#rules, ...(longPollId !== undefined && { longpollid: longPollId }) };
    try {
      const template = this.#reader.read(await this.#rpc.call('getblocktemplate', [request], this.#ending.signal));
      if (this.#isAway) this.#logger.info('sv2: the node gives templates');
      this.#isAway = false;
      this.#live.set(template);
      return template;
    } catch (error) {
      if (!this.#ending.signal.aborted) this.#noteFailure(error);
      return undefined;
    }
  }

  #noteFailure(error: unknown): void {
    // A node that answers without a template (initial block download) must not be mined on; one that does not answer may be
    // back soon, and its last template is still valid.
    if (error instanceof NodeRpcError) this.#live.set(undefined);
    if (!this.#isAway) this.#logger.warn(`sv2: no template: ${reasonOf(error)}`);
    this.#isAway = true;
  }
}

/** The innermost message, since `fetch failed` alone is not helpful. */
function reasonOf(error: unknown): string {
  for (let inner = error; ; inner = inner.cause) {
    if (!(inner instanceof Error)) return String(inner);
    if (inner.cause === undefined) return inner.message;
  }
}
