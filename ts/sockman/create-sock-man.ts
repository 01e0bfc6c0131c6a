// `SockMan` without a subclass.

import { invalidArg } from '../util/errors/errors.ts';
import { CALLBACK_NAMES, checkHandlerNames } from './callbacks/callback-names.ts';
import type { SockManCallbacks } from './callbacks/callbacks.ts';
import { SockMan } from './sock-man.ts';
import type { SockManOptions } from './options.ts';

/** The callbacks as plain functions. Only `eventGotData` is required. */
export type SockManHandlers = Pick<SockManCallbacks, 'eventGotData'> & Partial<SockManCallbacks>;

/**
 * Makes a `SockMan` from an object of functions. Missing ones do what most programs want: every connection is accepted, room
 * to send is ignored, and a connection is closed at its EOF or read error.
 *
 * @param handlers - Read once, here. Called without a receiver.
 * @throws {TypeError} `ERR_SOCKMAN_INVALID_ARG`: a handler is not a function or has an unknown name, or an option is wrong.
 * @example
 * const echo = createSockMan({ eventGotData: (nodeId, data) => void echo.sendBytes(nodeId, data) });
 */
export function createSockMan(handlers: SockManHandlers, options: SockManOptions = {}): SockMan {
  return new HandlerSockMan(handlers, options);
}

/** The handlers that are given, including inherited ones. */
function readHandlers(given: SockManHandlers): SockManHandlers {
  if (typeof given !== 'object' || given === null) throw invalidArg('handlers', 'an object', given);
  checkHandlerNames(given);
  const handlers: Record<string, unknown> = {};
  for (const name of CALLBACK_NAMES) {
    const handler: unknown = given[name];
    if (handler === undefined && name !== 'eventGotData') continue;
    if (typeof handler !== 'function') throw invalidArg(`handlers.${name}`, 'a function', handler);
    handlers[name] = handler;
  }
  return handlers as unknown as SockManHandlers;
}

class HandlerSockMan extends SockMan {
  readonly #handlers: SockManHandlers;

  constructor(given: SockManHandlers, options: SockManOptions) {
    const handlers = readHandlers(given);
    super(options);
    this.#handlers = handlers;
    // Only given handlers become overrides: the loop pays for each predicate and hook that exists.
    const { shouldTryToSend, shouldTryToRecv, eventIOLoopCompletedForNode, eventIOLoopCompletedForAllPeers } = handlers;
    const { eventConnectionClosed, eventI2PListen } = handlers;
    if (eventConnectionClosed !== undefined) {
      this.eventConnectionClosed = (nodeId, reason, code) => eventConnectionClosed(nodeId, reason, code);
    }
    if (shouldTryToSend !== undefined) this.shouldTryToSend = (nodeId) => shouldTryToSend(nodeId);
    if (shouldTryToRecv !== undefined) this.shouldTryToRecv = (nodeId) => shouldTryToRecv(nodeId);
    if (eventIOLoopCompletedForNode !== undefined) {
      this.eventIOLoopCompletedForNode = (nodeId) => eventIOLoopCompletedForNode(nodeId);
    }
    if (eventIOLoopCompletedForAllPeers !== undefined) {
      this.eventIOLoopCompletedForAllPeers = () => eventIOLoopCompletedForAllPeers();
    }
    if (eventI2PListen !== undefined) this.eventI2PListen = (addr, success) => eventI2PListen(addr, success);
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

  eventGotPermanentReadError(nodeId: number, errmsg: string, code: string): void {
    const { eventGotPermanentReadError } = this.#handlers;
    if (eventGotPermanentReadError === undefined) this.closeConnection(nodeId);
    else eventGotPermanentReadError(nodeId, errmsg, code);
  }
}
