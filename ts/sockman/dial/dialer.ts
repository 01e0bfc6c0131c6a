// Dials in progress: from `connectAndMakeNodeId` to a connection with a node id, or to a reason why not.
//
// A dial owns its socket (`SocketOwner`) until it ends; no callback of `SockMan` fires for it before. It ends exactly once:
// connected, failed, timed out, aborted by its signal, or interrupted. Ids of failed attempts are not consumed.

import type { Service } from '../../netaddr/service.ts';
import type { Timer } from '../../util/clock.ts';
import { errnoText } from '../../util/errno.ts';
import type { Connection, SocketOwner } from '../connection.ts';
import type { TurnLoop } from '../turn-loop.ts';

/** What `connectAndMakeNodeId` gives. */
export type DialResult =
  | { nodeId: number; me: Service }
  | {
      nodeId: undefined;
      /** The proxy itself is at fault, not the destination. */
      proxyFailed: boolean;
      errmsg: string;
    };

/** What a dial is asked for, checked. */
export interface DialRequest {
  to: Service;
  localAddress: Service | undefined;
  signal: AbortSignal | undefined;
  timeoutMs: number;
}

/** Starts dials and can end all of them. */
export class Dialer {
  dialed = 0;
  failures = 0;
  readonly #loop: TurnLoop;
  readonly #pending = new Set<Dial>();

  constructor(loop: TurnLoop) {
    this.#loop = loop;
  }

  /** Dials in progress. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  dial(request: DialRequest): Promise<DialResult> {
    return new Promise((resolve) => {
      const dial = new Dial(this.#loop, request, (result) => {
        this.#pending.delete(dial);
        if (result.nodeId === undefined) this.failures++;
        else this.dialed++;
        resolve(result);
      });
      this.#pending.add(dial);
      dial.start();
    });
  }

  /** Ends every dial in progress. */
  abortAll(reason: string): void {
    for (const dial of [...this.#pending]) dial.abort(reason);
  }
}

class Dial implements SocketOwner {
  readonly #loop: TurnLoop;
  readonly #request: DialRequest;
  readonly #onEnd: (result: DialResult) => void;
  readonly #onAbort = (): void => this.abort('aborted');
  #socket: Connection | undefined;
  #deadline: Timer | undefined;
  #isOver = false;

  constructor(loop: TurnLoop, request: DialRequest, onEnd: (result: DialResult) => void) {
    this.#loop = loop;
    this.#request = request;
    this.#onEnd = onEnd;
  }

  start(): void {
    const { to, localAddress, signal, timeoutMs } = this.#request;
    if (signal?.aborted === true) return this.abort('aborted');
    const result = this.#loop.connect(to, localAddress === undefined ? {} : { localAddress }, this);
    if (!result.ok) return this.#fail(`${result.syscall} to ${to} failed: ${errnoText(result.errno)}`);
    this.#socket = result.socket;
    this.#deadline = this.#loop.clock.after(timeoutMs, () => this.abort(`timed out after ${timeoutMs} ms`));
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  abort(reason: string): void {
    this.#fail(`connect to ${this.#request.to} failed: ${reason}`);
  }

  socketConnected(errno: number): void {
    const socket = this.#socket;
    if (errno !== 0 || socket === undefined) {
      this.#socket = undefined;
      return this.#fail(`connect to ${this.#request.to} failed: ${errnoText(errno)}`);
    }
    // Adoption ends this object's ownership, so nothing can reach it any more once the id exists.
    const me = this.#loop.backend.addressOf(socket.handle, 'local') ?? this.#request.to;
    const nodeId = this.#loop.adopt(socket, undefined);
    this.#end({ nodeId, me });
  }

  socketGotData(): void {}
  socketGotEOF(): void {}
  socketGotReadError(): void {}
  socketReadyToSend(): void {}

  socketClosed(): void {
    this.#socket = undefined;
    this.abort('closed');
  }

  #fail(errmsg: string): void {
    if (this.#isOver) return;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#end({ nodeId: undefined, proxyFailed: false, errmsg });
    if (socket !== undefined) this.#loop.close(socket);
  }

  #end(result: DialResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline?.cancel();
    this.#request.signal?.removeEventListener('abort', this.#onAbort);
    this.#onEnd(result);
  }
}
