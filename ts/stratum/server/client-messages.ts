// What a client may say in which state, and what comes of it.
//
// | message                   | in state         | reaction                                                             |
// |---------------------------|------------------|----------------------------------------------------------------------|
// | SetupConnection           | setup            | Success, or Error and the end                                        |
// | SetupConnection           | confirmed, ready | ignored                                                              |
// | anything else             | setup            | the end                                                              |
// | CoinbaseOutputConstraints | confirmed, ready | `onConstraints`                                                      |
// | RequestTransactionData    | confirmed, ready | an answer, in its turn                                               |
// | SubmitSolution            | ready            | `onSubmitSolution`; in `confirmed` the end                           |
// | RequestExtensions         | confirmed, ready | Error: this server has none                                          |
// | all else                  | confirmed, ready | ignored                                                              |
//
// What does not decode is the end, whatever it is. Source: Stratum V2 specification, chapters 3 and 7.

import { DecodeError, shown } from '../../util/errors/errors.ts';
import type { Logger } from '../../util/logger.ts';
import type { Clock } from '../../util/time/clock.ts';
import { MAX_ADDITIONAL_SIZE } from '../limits.ts';
import { SV2_PROTOCOLS, SV2_VERSION } from '../messages/common.ts';
import type { SetupError } from '../messages/common.ts';
import { decodeMessage } from '../messages/registry.ts';
import type { Sv2Frame, Sv2Message, Sv2MessageOf } from '../messages/registry.ts';
import type { ServedClient } from './served-client.ts';
import type { TemplateHandler } from './template-handler.ts';

/** What this class works with. */
export interface ClientMessagesParts {
  readonly handler: TemplateHandler;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly send: (client: ServedClient, message: Sv2Message) => void;
  /** Ends a client once its queue has been sent. */
  readonly end: (client: ServedClient, reason: string) => void;
}

export class ClientMessages {
  readonly #handler: TemplateHandler;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #send: ClientMessagesParts['send'];
  readonly #end: ClientMessagesParts['end'];

  constructor({ handler, logger, clock, send, end }: ClientMessagesParts) {
    this.#handler = handler;
    this.#logger = logger;
    this.#clock = clock;
    this.#send = send;
    this.#end = end;
  }

  /** Takes a frame of a client that is not ending. */
  take(client: ServedClient, frame: Sv2Frame): void {
    const message = this.#decode(client, frame);
    if (message === undefined) return;
    if (client.state === 'setup') {
      if (message.name === 'SetupConnection') this.#setUp(client, message);
      else this.#end(client, `${message.name} before SetupConnection`);
      return;
    }
    switch (message.name) {
      case 'CoinbaseOutputConstraints':
        return this.#takeConstraints(client, message);
      case 'RequestTransactionData':
        return this.#takeRequest(client, message);
      case 'SubmitSolution':
        return this.#takeSolution(client, message);
      case 'RequestExtensions':
        return this.#refuseExtensions(client, message);
      default:
        this.#logger.debug(`sv2: client ${client.id} sent ${message.name}, which is ignored`);
    }
  }

  /** Answers requests for transaction data whose turn has come. */
  answerRequests(client: ServedClient): void {
    const templateId = client.nextRequest(this.#clock.now());
    if (templateId === undefined) return;
    this.#answer(client, templateId).catch((error: unknown) => {
      this.#warnOf(error, 'an answer with transaction data');
      this.#end(client, 'no answer to a request for transaction data');
    });
  }

  async #answer(client: ServedClient, templateId: bigint): Promise<void> {
    const answer = await this.#handler.answerTransactionData(client, templateId);
    client.requestAnswered();
    if (client.endReason !== undefined) return;
    this.#send(client, answer);
    this.answerRequests(client);
  }

  /** @returns Undefined if the message is unknown, or ended the connection. */
  #decode(client: ServedClient, frame: Sv2Frame): Sv2Message | undefined {
    try {
      const decoded = decodeMessage(frame);
      if (decoded !== undefined) return decoded.message;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#end(client, `message ${frame.messageType} does not decode: ${error.message}`);
      return undefined;
    }
    if (client.state === 'setup') this.#end(client, `message ${frame.messageType} before SetupConnection`);
    else this.#logger.debug(`sv2: client ${client.id} sent an unknown message ${frame.messageType}`);
    return undefined;
  }

  #setUp(client: ServedClient, message: Sv2MessageOf<'SetupConnection'>): void {
    const { protocol, minVersion, maxVersion, vendor, hardwareVersion, firmware, deviceId } = message;
    if (protocol !== SV2_PROTOCOLS.templateDistribution) return this.#refuseSetup(client, 'unsupported-protocol');
    if (SV2_VERSION < minVersion || SV2_VERSION > maxVersion) {
      return this.#refuseSetup(client, 'protocol-version-mismatch');
    }
    client.setup = { vendor, hardwareVersion, firmware, deviceId };
    client.enter('confirmed', this.#clock.now());
    this.#logger.info(`sv2: client ${client.id} (${client.address}) is ${shown(vendor)} ${shown(firmware)}`);
    this.#send(client, { name: 'SetupConnection.Success', usedVersion: SV2_VERSION, flags: 0 });
  }

  #refuseSetup(client: ServedClient, errorCode: SetupError): void {
    this.#send(client, { name: 'SetupConnection.Error', flags: 0, errorCode });
    this.#end(client, errorCode);
  }

  #takeConstraints(client: ServedClient, message: Sv2MessageOf<'CoinbaseOutputConstraints'>): void {
    const { coinbaseOutputMaxAdditionalSize, coinbaseOutputMaxAdditionalSigops } = message;
    if (coinbaseOutputMaxAdditionalSize > MAX_ADDITIONAL_SIZE) {
      return this.#end(client, `${coinbaseOutputMaxAdditionalSize} additional bytes asked for`);
    }
    client.constraints = { coinbaseOutputMaxAdditionalSize, coinbaseOutputMaxAdditionalSigops };
    client.enter('ready', this.#clock.now());
    this.#tell('new constraints', () => this.#handler.onConstraints(client));
  }

  #takeRequest(client: ServedClient, { templateId }: Sv2MessageOf<'RequestTransactionData'>): void {
    if (!client.addRequest(templateId)) return this.#end(client, 'too many requests for transaction data');
    this.answerRequests(client);
  }

  #takeSolution(client: ServedClient, message: Sv2MessageOf<'SubmitSolution'>): void {
    if (client.state !== 'ready') return this.#end(client, 'SubmitSolution before CoinbaseOutputConstraints');
    client.solutions++;
    client.lastSolutionAtMs = this.#clock.wallTimeMs();
    this.#tell('a solution', () => this.#handler.onSubmitSolution(client, message));
  }

  #refuseExtensions(client: ServedClient, message: Sv2MessageOf<'RequestExtensions'>): void {
    this.#send(client, {
      name: 'RequestExtensions.Error',
      requestId: message.requestId,
      unsupportedExtensions: message.requestedExtensions,
      requiredExtensions: [],
    });
  }

  #tell(what: string, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#warnOf(error, what);
    }
  }

  /** The handler threw. */
  #warnOf(error: unknown, doing: string): void {
    this.#logger.warn(`sv2: ${doing} failed: ${String(error)}`);
  }
}
