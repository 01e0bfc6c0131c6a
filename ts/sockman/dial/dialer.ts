// Dials in progress: from `connectAndMakeNodeId` to a connection with a node id, or to a failure.
//
// A dial ends exactly once: connected, failed, aborted by its signal, or interrupted. Ids of failed attempts are not
// consumed. Which way it goes:
//
//   target                 without proxy     with proxy
//   IPv4, IPv6, CJDNS      direct            SOCKS5, the address as text
//   Unix-domain socket     direct            (refused as an argument)
//   onion                  fails             SOCKS5
//   I2P                    the bridge that   SAM
//                          is listened on
//   { host, port }         (refused)         SOCKS5, the name as it is

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { DebugLog } from '../../util/debug-log.ts';
import { errnoName } from '../../util/errors/errno.ts';
import { shown } from '../../util/errors/errors.ts';
import { nodeAsyncHooks } from '../../util/load-later.ts';
import type { Logger } from '../../util/logger.ts';
import { whenAborted } from '../../util/time/when-aborted.ts';
import type { ProxiedEnds } from '../connections/connection.ts';
import type { TurnLoop } from '../turn/turn-loop.ts';
import { isNamed } from './connect-options.ts';
import type { DialRequest, ProxyRequest } from './connect-options.ts';
import { DialSocket } from './dial-socket.ts';
import type { Attempt } from './dial-socket.ts';
import { dialFailure, logFailure } from './failure.ts';
import type { DialFailure, DialFailureCode } from './failure.ts';
import { Socks5Handshake, socks5HostFailure } from './socks5.ts';
import type { ProxyCredentials, StreamIsolation } from './stream-isolation.ts';
import { hasSocketFamily } from '../backends/socket-family.ts';

/** Result of `connectAndMakeNodeId`. Each of its fields tells success from failure, also after destructuring. */
export type DialResult =
  | {
      nodeId: number;
      me: Service;
      proxyFailed?: undefined;
      code?: undefined;
      systemCode?: undefined;
      errmsg?: undefined;
    }
  | {
      nodeId: undefined;
      me?: undefined;
      /** The proxy itself is at fault; the dial says nothing about the destination. */
      proxyFailed: boolean;
      /** The failure: a key of `DIAL_FAILURES`. */
      code: DialFailureCode;
      /** The name of the errno, such as `ECONNREFUSED`, if the operating system ended the attempt. */
      systemCode?: string | undefined;
      /** One line for people. */
      errmsg: string;
    };

/**
 * Stands for a local end without an address: through a proxy at a Unix-domain socket, or one that the system does not name.
 */
const NO_LOCAL_END = new Service(NetAddress.UNSPECIFIED, 0);

/** A connected I2P stream. */
export interface I2PConnection {
  readonly me: Service;
  /** Called once the connection is closed: a transient session ends with its only stream. */
  readonly whenClosed: (() => void) | undefined;
}

/** How I2P addresses are dialed. Implemented by the room `i2p`, which knows sessions. */
export interface I2PDialing {
  /** Connects `socket` to an I2P peer. */
  connect(to: Service, request: DialRequest, socket: DialSocket): Promise<Attempt<I2PConnection>>;
}

/** What all dials of a `SockMan` share. */
export interface DialContext {
  readonly loop: TurnLoop;
  readonly i2p: I2PDialing;
  readonly isolation: StreamIsolation;
  readonly logger: Logger;
  /** Receives each step of each dial. */
  readonly debug: DebugLog | undefined;
}

/** Starts dials and can end all of them. */
export class Dialer {
  dialed = 0;
  failures = 0;
  #count = 0;
  readonly #context: DialContext;
  readonly #pending = new Set<Dial>();

  constructor(context: DialContext) {
    this.#context = context;
  }

  dial(request: DialRequest): Promise<DialResult> {
    const { debug } = this.#context;
    return debug === undefined ? this.#dial(request) : this.#dialAloud(request, debug);
  }

  #dialAloud(request: DialRequest, debug: DebugLog): Promise<DialResult> {
    const name = `dial ${this.#count++}`;
    const { to, onStep } = request;
    debug(`${name}: to ${isNamed(to) ? `${shown(to.host)}:${to.port}` : to}`);
    const tell = (step: string): void => {
      debug(`${name}: ${step}`);
      onStep?.(step);
    };
    const dialed = this.#dial({ ...request, onStep: tell });
    void dialed.then(({ nodeId, me, errmsg, code }) =>
      debug(nodeId === undefined ? `${name}: ${errmsg} [${code}]` : `${name}: connected as node ${nodeId} from ${me}`),
    );
    return dialed;
  }

  #dial(request: DialRequest): Promise<DialResult> {
    return new Promise((resolve) => {
      const dial = new Dial(this.#context, request, (result) => {
        this.#pending.delete(dial);
        if (result.nodeId === undefined) this.failures++;
        else this.dialed++;
        resolve(result);
      });
      this.#pending.add(dial);
      dial.start();
    });
  }

  /** Ends every dial in progress as interrupted. */
  interrupt(): void {
    for (const dial of [...this.#pending]) dial.fail(dialFailure('interrupted'));
  }
}

class Dial {
  readonly #context: DialContext;
  readonly #request: DialRequest;
  readonly #onEnd: (result: DialResult) => void;
  readonly #onAbort = (): void => this.fail(dialFailure('aborted'));
  readonly #socket: DialSocket;
  #forgetSignal: (() => void) | undefined;
  #isOver = false;

  constructor(context: DialContext, request: DialRequest, onEnd: (result: DialResult) => void) {
    this.#context = context;
    this.#request = request;
    this.#onEnd = onEnd;
    const { onStep } = request;
    // Called in the asynchronous context of the dial, whatever the turn runs in.
    const tell = onStep && context.loop.callbacks.guarded('onStep', nodeAsyncHooks().AsyncResource.bind(onStep));
    // An I2P session is finished even if the dial that asked for it is over.
    this.#socket = new DialSocket(context.loop, tell && ((step) => void (this.#isOver || tell(step))));
  }

  start(): void {
    const { to, proxy, signal } = this.#request;
    if (signal?.aborted === true) return this.#onAbort();
    this.#forgetSignal = signal && whenAborted(signal, this.#onAbort);
    if (isNamed(to)) this.#dialThroughProxy(to.host, to.port, proxy!);
    else if (to.address.isI2P()) void this.#dialI2P(to);
    else if (proxy !== undefined) this.#dialThroughProxy(to.address.toString(), to.port, proxy);
    else this.#dialDirectly(to);
  }

  /** Ends the dial; its socket is closed. Idempotent. */
  fail(failure: DialFailure): void {
    if (this.#isOver) return;
    const { to, proxy, isImportant } = this.#request;
    const target = isNamed(to) ? `${shown(to.host)}:${to.port}` : to;
    const through = proxy === undefined ? '' : ` through ${proxy.endpoint}`;
    const errmsg = `connect to ${target}${through} failed: ${failure.message}`;
    const { proxyFailed, code, errno } = failure;
    const systemCode = errno === undefined ? undefined : errnoName(errno);
    this.#end({ nodeId: undefined, proxyFailed, code, systemCode, errmsg });
    this.#socket.abort(failure);
    // Last, because the logger is the caller's code.
    logFailure(this.#context.logger, failure, errmsg, isImportant);
  }

  #dialDirectly(to: Service): void {
    if (!hasSocketFamily(to)) {
      return this.fail(dialFailure('network-unsupported'));
    }
    const { localAddress, timeoutMs } = this.#request;
    this.#socket.open({ to, destination: 'peer', localAddress, timeoutMs }, (opened) => {
      if (!opened.ok) return this.fail(opened.failure);
      this.#established(to.unixPath === undefined ? this.#localEnd(to) : to, undefined);
    });
  }

  #dialThroughProxy(host: string, port: number, proxy: ProxyRequest): void {
    const hostFailure = socks5HostFailure(host);
    if (hostFailure !== undefined) return this.fail(hostFailure);
    const { to, localAddress, timeoutMs } = this.#request;
    this.#socket.open({ to: proxy.endpoint, destination: 'proxy', localAddress, timeoutMs }, (opened) => {
      if (!opened.ok) return this.fail(opened.failure);
      this.#socket.run(new Socks5Handshake(host, port, this.#credentialsFor(proxy)), (granted) => {
        if (!granted.ok) return this.fail(granted.failure);
        const me = this.#localEnd(proxy.endpoint);
        this.#established(me, { me, them: isNamed(to) ? undefined : to, whenClosed: undefined });
      });
    });
  }

  #localEnd(connectedTo: Service): Service {
    const local = this.#socket.localAddress;
    if (local === undefined && connectedTo.unixPath === undefined) {
      this.#context.logger.warn(`the system does not name our end of the connection to ${connectedTo}`);
    }
    return local ?? NO_LOCAL_END;
  }

  #credentialsFor(proxy: ProxyRequest): ProxyCredentials | undefined {
    return proxy.streamIsolation ? this.#context.isolation.next() : proxy.credentials;
  }

  async #dialI2P(to: Service): Promise<void> {
    const connected = await this.#context.i2p.connect(to, this.#request, this.#socket);
    if (!connected.ok) return this.fail(connected.failure);
    const { me, whenClosed } = connected.value;
    // Ended since the last answer: nothing is left to own the session.
    if (this.#isOver) return whenClosed?.();
    this.#established(me, { me, them: to, whenClosed });
  }

  #established(me: Service, ends: ProxiedEnds | undefined): void {
    const { socket, leftover } = this.#socket.release();
    const nodeId = this.#context.loop.sockets.adopt(socket, leftover, ends);
    this.#end({ nodeId, me });
  }

  #end(result: DialResult): void {
    this.#isOver = true;
    this.#forgetSignal?.();
    this.#onEnd(result);
  }
}
