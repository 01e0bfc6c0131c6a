// `SockMan` for people who do not subclass.

import { invalidArg } from '../util/errors.ts';
import type { SockManCallbacks } from './callbacks.ts';
import { SockMan } from './sock-man.ts';
import type { SockManOptions } from './options.ts';

/** The callbacks as plain functions. Only `eventGotData` is required. */
export type SockManHandlers = Pick<SockManCallbacks, 'eventGotData'> & Partial<SockManCallbacks>;

/**
 * Makes a `SockMan` from an object of functions. What is missing does what most programs want: every connection is welcome,
 * room to send is not waited for, and a connection is closed at its EOF or read error.
 *
 * @param handlers - Read once, here. Called without a receiver.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a handler is no function, or an option is wrong.
 * @example
 * const echo = createSockMan({ eventGotData: (nodeId, data) => void echo.sendBytes(nodeId, data) });
 */
export function createSockMan(handlers: SockManHandlers, options: SockManOptions = {}): SockMan {
  return new HandlerSockMan(handlers, options);
}

/** The callbacks there are, for the check of a handlers object. */
const CALLBACK_NAMES = [
  'eventNewConnectionAccepted',
  'eventReadyToSend',
  'eventGotData',
  'eventGotEOF',
  'eventGotPermanentReadError',
  'shouldTryToSend',
  'shouldTryToRecv',
  'eventIOLoopCompletedForNode',
  'eventIOLoopCompletedForAllPeers',
  'eventI2PListen',
] as const satisfies (keyof SockManCallbacks)[];

function checkHandlers(handlers: SockManHandlers): void {
  if (typeof handlers !== 'object' || handlers === null) throw invalidArg('handlers', 'an object', handlers);
  for (const name of CALLBACK_NAMES) {
    const handler: unknown = handlers[name];
    if (handler === undefined && name !== 'eventGotData') continue;
    if (typeof handler !== 'function') throw invalidArg(`handlers.${name}`, 'a function', handler);
  }
}

class HandlerSockMan extends SockMan {
  readonly #handlers: SockManHandlers;

  constructor(handlers: SockManHandlers, options: SockManOptions) {
    checkHandlers(handlers);
    super(options);
    this.#handlers = { ...handlers };
    // Only what is given becomes an override: the loop pays for predicates and hooks that exist.
    const { shouldTryToSend, shouldTryToRecv, eventIOLoopCompletedForNode, eventIOLoopCompletedForAllPeers } = handlers;
    if (shouldTryToSend !== undefined) this.shouldTryToSend = shouldTryToSend;
    if (shouldTryToRecv !== undefined) this.shouldTryToRecv = shouldTryToRecv;
    if (eventIOLoopCompletedForNode !== undefined) this.eventIOLoopCompletedForNode = eventIOLoopCompletedForNode;
    if (eventIOLoopCompletedForAllPeers !== undefined) {
      this.eventIOLoopCompletedForAllPeers = eventIOLoopCompletedForAllPeers;
    }
    if (handlers.eventI2PListen !== undefined) this.eventI2PListen = handlers.eventI2PListen;
  }

  eventNewConnectionAccepted(...args: Parameters<SockManCallbacks['eventNewConnectionAccepted']>): boolean {
    const { eventNewConnectionAccepted } = this.#handlers;
    return eventNewConnectionAccepted === undefined || eventNewConnectionAccepted(...args);
  }

  eventReadyToSend(nodeId: number): boolean {
    const { eventReadyToSend } = this.#handlers;
    return eventReadyToSend !== undefined && eventReadyToSend(nodeId);
  }

  eventGotData(nodeId: number, data: Uint8Array): void {
    const { eventGotData } = this.#handlers;
    eventGotData(nodeId, data);
  }

  eventGotEOF(nodeId: number): void {
    const { eventGotEOF } = this.#handlers;
    if (eventGotEOF === undefined) this.closeConnection(nodeId);
    else eventGotEOF(nodeId);
  }

  eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    const { eventGotPermanentReadError } = this.#handlers;
    if (eventGotPermanentReadError === undefined) this.closeConnection(nodeId);
    else eventGotPermanentReadError(nodeId, errmsg);
  }
}
