// The callbacks of a `SockMan`, guarded: what they throw is reported and disturbs nothing else.

import type { Service } from '../../netaddr/service.ts';
import { errnoName, errnoText } from '../../util/errors/errno.ts';
import { reportThrown } from '../../util/errors/callback-errors.ts';
import type { CallbackErrorHandler } from '../../util/errors/callback-errors.ts';
import type { CloseReason, SockManCallbacks } from './callbacks.ts';

/**
 * One method for each callback except `eventGotData`, which is called for each chunk and guarded where that is delivered. A
 * throw counts as documented in `SockManCallbacks`.
 */
export class GuardedCallbacks {
  errorCount = 0;
  readonly host: SockManCallbacks;
  readonly #onError: CallbackErrorHandler | undefined;

  constructor(host: SockManCallbacks, onError: CallbackErrorHandler | undefined) {
    this.host = host;
    this.#onError = onError;
  }

  accepts(nodeId: number, me: Service, them: Service): boolean {
    try {
      return this.host.eventNewConnectionAccepted(nodeId, me, them) === true;
    } catch (error) {
      this.report(error, 'eventNewConnectionAccepted', nodeId);
      return false;
    }
  }

  /** @returns True to skip this turn's receive. */
  readyToSend(nodeId: number): boolean {
    try {
      return this.host.eventReadyToSend(nodeId) === true;
    } catch (error) {
      this.report(error, 'eventReadyToSend', nodeId);
      return false;
    }
  }

  gotEOF(nodeId: number): void {
    try {
      this.host.eventGotEOF(nodeId);
    } catch (error) {
      this.report(error, 'eventGotEOF', nodeId);
    }
  }

  gotPermanentReadError(nodeId: number, errno: number): void {
    try {
      this.host.eventGotPermanentReadError(nodeId, errnoText(errno), errnoName(errno));
    } catch (error) {
      this.report(error, 'eventGotPermanentReadError', nodeId);
    }
  }

  connectionClosed(nodeId: number, reason: CloseReason, code: string | undefined): void {
    try {
      this.host.eventConnectionClosed(nodeId, reason, code);
    } catch (error) {
      this.report(error, 'eventConnectionClosed', nodeId);
    }
  }

  shouldTryToSend(nodeId: number): boolean {
    try {
      return this.host.shouldTryToSend(nodeId) === true;
    } catch (error) {
      this.report(error, 'shouldTryToSend', nodeId);
      return false;
    }
  }

  shouldTryToRecv(nodeId: number): boolean {
    try {
      return this.host.shouldTryToRecv(nodeId) === true;
    } catch (error) {
      this.report(error, 'shouldTryToRecv', nodeId);
      return false;
    }
  }

  loopCompletedForNode(nodeId: number): void {
    try {
      this.host.eventIOLoopCompletedForNode(nodeId);
    } catch (error) {
      this.report(error, 'eventIOLoopCompletedForNode', nodeId);
    }
  }

  loopCompletedForAllPeers(): void {
    try {
      this.host.eventIOLoopCompletedForAllPeers();
    } catch (error) {
      this.report(error, 'eventIOLoopCompletedForAllPeers', undefined);
    }
  }

  i2pListen(me: Service, success: boolean): void {
    try {
      this.host.eventI2PListen(me, success);
    } catch (error) {
      this.report(error, 'eventI2PListen', undefined);
    }
  }

  /** Wraps a caller's function: its throws are reported like those of a callback. */
  guarded<Args extends unknown[]>(where: string, call: (...args: Args) => void): (...args: Args) => void {
    return (...args) => {
      try {
        call(...args);
      } catch (error) {
        this.report(error, where, undefined);
      }
    };
  }

  /** See `reportThrown`. */
  report(error: unknown, where: string, nodeId: number | undefined): void {
    this.errorCount++;
    reportThrown(this.#onError, error, where, nodeId);
  }
}
