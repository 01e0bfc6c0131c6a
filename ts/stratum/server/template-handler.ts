// Who knows templates: what a server asks, and what it tells.

import type { Sv2MessageOf } from '../messages/registry.ts';
import type { Sv2Client } from './served-client.ts';

/** The answer to a request for transaction data. */
export type TransactionDataAnswer = Sv2MessageOf<'RequestTransactionData.Success' | 'RequestTransactionData.Error'>;

/** A block that a client found. */
export type Solution = Sv2MessageOf<'SubmitSolution'>;

/**
 * Called by `Sv2Connman`, one call at a time. What throws, or rejects, is logged and ends no connection but that of a request
 * for transaction data, which would wait for ever.
 */
export interface TemplateHandler {
  /** A client said how much room it needs, for the first time or anew: it expects a template and a tip at once. */
  onConstraints(client: Sv2Client): void;
  /** A client wants the transactions of a template. The next request of this client waits for the answer. */
  answerTransactionData(client: Sv2Client, templateId: bigint): Promise<TransactionDataAnswer>;
  /** A client found a block. There is no answer. `solution` belongs to the handler. */
  onSubmitSolution(client: Sv2Client, solution: Solution): void;
  /** A client is gone; nothing can be sent to it. */
  onClientGone(client: Sv2Client, reason: string): void;
}
