// `TemplateProvider`: gives each client of a `Sv2Connman` its own templates, and submits the blocks they find.
//
// - On constraints, and on each new block: `NewTemplate` (future) and `SetNewPrevHash` with the same id, back to back.
// - When fees have risen enough: `NewTemplate` alone, at most once in `templateIntervalMs`.
// - A client that changes its constraints more than ten times a minute waits for its turn: each change may cost a template.
// - Every template stays known until ten seconds after its block is stale; transaction data are given for it meanwhile.
//
// Ids rise over all clients. Source: Stratum V2 specification, chapter 7; sv2-tp src/sv2/template_provider.

import { checkInteger } from '../../util/options/arguments.ts';
import { sleep } from '../../util/time/sleep.ts';
import { TokenBucket } from '../../util/time/token-bucket.ts';
import { systemClock } from '../../util/time/clock.ts';
import type { Clock } from '../../util/time/clock.ts';
import { equalBytes } from '../../util/bytes/compare-bytes.ts';
import { guardedLogger } from '../../util/guarded-logger.ts';
import type { Logger } from '../../util/logger.ts';
import { CONSTRAINTS_PER_MINUTE } from '../limits.ts';
import type { Sv2Connman } from '../server/sv2-connman.ts';
import type { Sv2ServedClient } from '../server/served-client.ts';
import type { Solution, TemplateHandler, TransactionDataAnswer } from '../server/template-handler.ts';
import type { BlockTemplate, TemplateSource } from './template-source.ts';
import { TemplateCache } from './template-cache.ts';

/** Least time between two templates of a client for the same block, in milliseconds. (sv2-tp `-sv2interval`) */
const DEFAULT_TEMPLATE_INTERVAL_MS = 5_000;

/** Least rise of the fees for a new template, in satoshi. (sv2-tp `-sv2feedelta`) */
const DEFAULT_FEE_DELTA = 1_000;

/** Longest single wait for another block, in milliseconds. The next wait follows at once. */
const LONGEST_WAIT_MS = 60_000;

/** Interval between two looks whether new constraints may be followed, in milliseconds. */
const TURN_MS = 1_000;

/** How a client is served. */
interface Following {
  /** Aborted at new constraints, and at the client's end. */
  readonly ending: AbortController;
  /** Constraints that may be followed. */
  readonly budget: TokenBucket;
}

/** Options of a `TemplateProvider`. */
export interface TemplateProviderOptions {
  /** Least milliseconds between two templates of one client and block, from 1,000. Default 5,000. */
  readonly templateIntervalMs?: number;
  /** Least rise of the fees for a new template, in satoshi. Default 1,000. */
  readonly feeDelta?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Called with each block that a client found, and the outcome. */
  readonly onSolution?: (client: Sv2ServedClient, solution: Solution, outcome: string) => void;
}

/** Serves the clients of a server with a source's templates. */
export class TemplateProvider implements TemplateHandler {
  readonly #server: Sv2Connman;
  readonly #source: TemplateSource;
  readonly #intervalMs: number;
  readonly #feeDelta: bigint;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #onSolution: TemplateProviderOptions['onSolution'];
  readonly #cache: TemplateCache;
  readonly #following = new Map<number, Following>();
  readonly #submitting = new Set<Promise<void>>();
  #lastId = 0n;

  /** @throws {RangeError} | {TypeError} `ERR_SOCKMAN_OUT_OF_RANGE`, `ERR_SOCKMAN_INVALID_ARG`, naming the option. */
  constructor(server: Sv2Connman, source: TemplateSource, options: TemplateProviderOptions = {}) {
    const { templateIntervalMs = DEFAULT_TEMPLATE_INTERVAL_MS, feeDelta = DEFAULT_FEE_DELTA } = options;
    checkInteger('templateIntervalMs', templateIntervalMs, 1_000);
    checkInteger('feeDelta', feeDelta, 0);
    this.#server = server;
    this.#source = source;
    this.#intervalMs = templateIntervalMs;
    this.#feeDelta = BigInt(feeDelta);
    this.#clock = options.clock ?? systemClock;
    this.#logger = guardedLogger(options.logger);
    this.#onSolution = options.onSolution;
    this.#cache = new TemplateCache(this.#clock);
  }

  /** Starts the server with this provider. */
  start(): void {
    this.#server.start(this);
  }

  /** Ends all waits, then the server, then the source; waits for blocks that are being submitted. */
  async stop(): Promise<void> {
    for (const { ending } of this.#following.values()) ending.abort();
    await this.#server.stop();
    await Promise.all(this.#submitting);
    await this.#source.close();
  }

  // ---- TemplateHandler ----------------------------------------------------------------------------------------------

  onConstraints(client: Sv2ServedClient): void {
    const before = this.#following.get(client.id);
    before?.ending.abort();
    const following = { ending: new AbortController(), budget: before?.budget ?? this.#newBudget() };
    this.#following.set(client.id, following);
    this.#follow(client, following).catch((error: unknown) => {
      if (!following.ending.signal.aborted)
        this.#logger.warn(`sv2: templates for client ${client.id} end: ${String(error)}`);
    });
  }

  async answerTransactionData(_client: Sv2ServedClient, templateId: bigint): Promise<TransactionDataAnswer> {
    const found = this.#cache.find(templateId);
    if (typeof found === 'string') return { name: 'RequestTransactionData.Error', templateId, errorCode: found };
    const { coinbase, transactions } = found;
    return {
      name: 'RequestTransactionData.Success',
      templateId,
      excessData: coinbase.witness,
      transactionList: [...transactions],
    };
  }

  onSubmitSolution(client: Sv2ServedClient, solution: Solution): void {
    const template = this.#cache.find(solution.templateId);
    if (typeof template === 'string') return this.#report(client, solution, template);
    const submitting = this.#source
      .submit(template, solution)
      .then(
        (outcome) => this.#report(client, solution, outcome.ok ? 'accepted' : outcome.reason),
        (error: unknown) => this.#report(client, solution, String(error)),
      )
      .finally(() => this.#submitting.delete(submitting));
    this.#submitting.add(submitting);
  }

  onClientGone(client: Sv2ServedClient): void {
    this.#following.get(client.id)?.ending.abort();
    this.#following.delete(client.id);
    this.#cache.forgetClient(client.id);
  }

  // ---- Inside -------------------------------------------------------------------------------------------------------

  /** Sends templates to one client, until its constraints change or it ends. */
  async #follow(client: Sv2ServedClient, { ending: { signal }, budget }: Following): Promise<void> {
    await this.#turn(budget, signal);
    const constraints = client.constraints!;
    let template = await this.#source.create(constraints, signal);
    for (let isNewTip = true; !signal.aborted;) {
      this.#sendTemplate(client, template, isNewTip);
      const next = await this.#nextTemplate(template, constraints, signal);
      isNewTip = !equalBytes(next.prevHash, template.prevHash);
      template = next;
    }
  }

  #newBudget(): TokenBucket {
    const nowMs = this.#clock.now();
    return new TokenBucket({ capacity: CONSTRAINTS_PER_MINUTE, tokensPerSecond: CONSTRAINTS_PER_MINUTE / 60, nowMs });
  }

  /** Waits until a client may have new constraints followed. @throws The reason of an aborted signal. */
  async #turn(budget: TokenBucket, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      budget.refill(this.#clock.now());
      if (budget.tryTake()) return;
      await sleep(this.#clock, TURN_MS, signal);
    }
  }

  /** The next template worth sending: for another block at once, with higher fees after the interval. */
  async #nextTemplate(
    template: BlockTemplate,
    constraints: NonNullable<Sv2ServedClient['constraints']>,
    signal: AbortSignal,
  ): Promise<BlockTemplate> {
    const early = { timeoutMs: this.#intervalMs, feeThreshold: undefined, signal };
    let next = await this.#source.waitNext(template, constraints, early);
    const late = { timeoutMs: LONGEST_WAIT_MS, feeThreshold: this.#feeDelta, signal };
    while (next === undefined) next = await this.#source.waitNext(template, constraints, late);
    return next;
  }

  #sendTemplate(client: Sv2ServedClient, template: BlockTemplate, isNewTip: boolean): void {
    const templateId = ++this.#lastId;
    const { coinbase, merklePath, prevHash, nBits, target, headerTimestamp, version } = template;
    this.#cache.add(templateId, client.id, template);
    this.#server.send(client.id, {
      name: 'NewTemplate',
      templateId,
      futureTemplate: isNewTip,
      version,
      coinbaseTxVersion: coinbase.txVersion,
      coinbasePrefix: coinbase.prefix,
      coinbaseTxInputSequence: coinbase.inputSequence,
      coinbaseTxValueRemaining: coinbase.valueRemaining,
      coinbaseTxOutputsCount: coinbase.outputCount,
      coinbaseTxOutputs: coinbase.outputs,
      coinbaseTxLocktime: coinbase.lockTime,
      merklePath,
    });
    if (isNewTip) {
      this.#server.send(client.id, { name: 'SetNewPrevHash', templateId, prevHash, headerTimestamp, nBits, target });
    }
  }

  #report(client: Sv2ServedClient, solution: Solution, outcome: string): void {
    this.#logger.info(`sv2: solution of client ${client.id} for template ${solution.templateId}: ${outcome}`);
    this.#onSolution?.(client, solution, outcome);
  }
}
