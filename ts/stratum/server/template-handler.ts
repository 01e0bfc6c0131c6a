// The source of templates: what a server asks of it, and tells it.

import type { Sv2MessageOf } from '../messages/registry.ts';
import type { Sv2ServedClient } from './served-client.ts';

/** The answer to a request for transaction data. */
export type TransactionDataAnswer = Sv2MessageOf<'RequestTransactionData.Success' | 'RequestTransactionData.Error'>;

/** A block that a client found. */
export type Solution = Sv2MessageOf<'SubmitSolution'>;

/**
 * Called by `Sv2Connman`, one call at a time. An error is logged and ends no connection, except after a request for
 * transaction data, which would stay unanswered.
 */
export interface TemplateHandler {
  /** A client sent its constraints, for the first time or again: it expects a template and a tip at once. */
  onConstraints(client: Sv2ServedClient): void;
  /** A client asks for the transactions of a template. Its next request waits for the answer. */
  answerTransactionData(client: Sv2ServedClient, templateId: bigint): Promise<TransactionDataAnswer>;
  /** A client found a block. There is no answer. `solution` belongs to the handler. */
  onSubmitSolution(client: Sv2ServedClient, solution: Solution): void;
  /** A client is gone; messages to it are no longer sent. */
  onClientGone(client: Sv2ServedClient, reason: string): void;
}
