// One SAM session: our presence on I2P, with an address, for as long as its control socket is open.
//
// The session is made on first use, and again after its control socket ended; callers that need it meanwhile wait for the
// same attempt. Routers answer in seconds to minutes, when the tunnels are ready.

import type { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import type { Logger } from '../../util/logger.ts';
import { DialSocket } from '../dial/dial-socket.ts';
import type { Attempt, SocketRequest } from '../dial/dial-socket.ts';
import { dialFailure } from '../dial/failure.ts';
import type { DialFailure } from '../dial/failure.ts';
import { addressOfPrivateKey } from '../dial/i2p-destination.ts';
import {
  SAM_SESSION_ID_BYTES,
  endsSamSession,
  samAccept,
  samConnect,
  samControl,
  samCreateSession,
  samGenerateDestination,
  samHello,
  samLookup,
} from '../dial/sam.ts';
import type { TurnLoop } from '../turn/turn-loop.ts';
import { readKeyFile, writeKeyFile } from './key-file.ts';

/** I2P addresses have no ports in SAM 3.1. (Bitcoin Core src/i2p.h, I2P_SAM31_PORT.) */
export const I2P_SAM31_PORT = 0;

/** Parts that all sessions of a `SockMan` share. */
export interface SessionContext {
  readonly loop: TurnLoop;
  readonly logger: Logger;
  /** For opening a socket to the bridge, unless a dial has its own. */
  readonly connectTimeoutMs: number;
  readonly randomBytes: (byteCount: number) => Uint8Array;
}

/** The settings of a session. */
export interface SessionOptions {
  /** The SAM bridge. */
  readonly bridge: Service;
  /** File of the private key, which keeps the address; undefined for a transient session, with a new address each time. */
  readonly privateKeyFile: string | undefined;
  /** Appended to SESSION CREATE. */
  readonly sessionOptions: string | undefined;
}

/** How sockets to the bridge are opened. */
type Opening = Pick<SocketRequest, 'timeoutMs' | 'localAddress'>;

/** A session that exists. */
interface LiveSession {
  readonly id: string;
  readonly me: Service;
  readonly control: DialSocket;
}

export class SamSession {
  readonly #context: SessionContext;
  readonly #options: SessionOptions;
  #live: LiveSession | undefined;
  #creating: { attempt: Promise<Attempt<LiveSession>>; control: DialSocket } | undefined;

  constructor(context: SessionContext, options: SessionOptions) {
    this.#context = context;
    this.#options = options;
  }

  /** Whether it has this bridge and these options: tunnels of another length give another anonymity. */
  isMadeAs({ bridge, sessionOptions }: Omit<SessionOptions, 'privateKeyFile'>): boolean {
    return this.#options.bridge.equals(bridge) && this.#options.sessionOptions === sessionOptions;
  }

  /**
   * Connects `socket` to an I2P peer.
   *
   * "Connected" means only that the router knows the peer's tunnels; the peer itself may not have answered.
   *
   * @param opening - Used for the control socket as well, if the session is made for this connect.
   * @returns Our own address.
   */
  async connect(socket: DialSocket, target: NetAddress, opening: Opening): Promise<Attempt<Service>> {
    const opened = await this.#openStreamSocket(socket, opening);
    if (!opened.ok) return opened;
    const found = await socket.answered(samLookup(target));
    if (!found.ok) return found;
    const connected = await socket.answered(samConnect(opened.value.id, found.value));
    return connected.ok ? { ok: true, value: opened.value.me } : this.#streamFailed(connected.failure);
  }

  /** Offers `socket` to the next peer: `samAcceptedPeer` comes next on it. @returns Our own address. */
  async listen(socket: DialSocket): Promise<Attempt<Service>> {
    const opened = await this.#openStreamSocket(socket, { timeoutMs: this.#context.connectTimeoutMs });
    if (!opened.ok) return opened;
    const offered = await socket.answered(samAccept(opened.value.id));
    return offered.ok ? { ok: true, value: opened.value.me } : this.#streamFailed(offered.failure);
  }

  /** Ends the session, or the attempt to make it; the router ends its streams. It can be used again. */
  close(failure: DialFailure = dialFailure('interrupted')): void {
    this.#creating?.control.abort(failure);
    this.#live?.control.abort(failure);
  }

  /** A socket to the bridge after the greeting, once there is a session for it. */
  async #openStreamSocket(socket: DialSocket, opening: Opening): Promise<Attempt<LiveSession>> {
    const session = await this.#useSession(socket, opening);
    if (!session.ok) return session;
    const greeted = await this.#openAndGreet(socket, opening);
    return greeted.ok ? session : greeted;
  }

  #streamFailed(failure: DialFailure): Attempt<never> {
    if (endsSamSession(failure)) this.close(failure);
    return { ok: false, failure };
  }

  async #openAndGreet(socket: DialSocket, { timeoutMs, localAddress }: Opening): Promise<Attempt<void>> {
    const opened = await socket.opened({ to: this.#options.bridge, destination: 'sam', timeoutMs, localAddress });
    return opened.ok ? socket.answered(samHello()) : opened;
  }

  // ---- The session itself -------------------------------------------------------------------------------------------

  /** @param stream - The socket that needs a session: its step listener hears how the session is made. */
  async #useSession(stream: DialSocket, opening: Opening): Promise<Attempt<LiveSession>> {
    if (this.#live !== undefined) return { ok: true, value: this.#live };
    if (this.#creating === undefined) {
      const control = new DialSocket(this.#context.loop, stream.onStep);
      this.#creating = { attempt: this.#create(control, opening), control };
    }
    return this.#creating.attempt;
  }

  async #create(control: DialSocket, opening: Opening): Promise<Attempt<LiveSession>> {
    const created = await this.#createOn(control, opening);
    this.#creating = undefined;
    control.onStep = undefined;
    if (!created.ok) {
      control.abort(created.failure);
      return created;
    }
    const { me } = (this.#live = created.value);
    this.#context.logger.info(`I2P session created at ${this.#options.bridge}, our address is ${me.address}`);
    control.run(samControl(), (ended) => {
      this.#live = undefined;
      if (!ended.ok) this.#context.logger.info(`I2P session of ${me.address} ended: ${ended.failure.message}`);
    });
    return created;
  }

  async #createOn(control: DialSocket, opening: Opening): Promise<Attempt<LiveSession>> {
    const greeted = await this.#openAndGreet(control, opening);
    if (!greeted.ok) return greeted;
    const privateKey = await this.#privateKey(control);
    if (!privateKey.ok) return privateKey;
    const id = Buffer.from(this.#context.randomBytes(SAM_SESSION_ID_BYTES)).toString('hex');
    const { sessionOptions } = this.#options;
    const request = { id, privateKey: privateKey.value, extraOptions: sessionOptions };
    const created = await control.answered(samCreateSession(request));
    if (!created.ok) return created;
    const address = addressOfPrivateKey(privateKey.value ?? created.value);
    if (typeof address === 'string') {
      return { ok: false, failure: dialFailure('sam-private-key-malformed', { detail: address }) };
    }
    return { ok: true, value: { id, me: new Service(address, I2P_SAM31_PORT), control } };
  }

  /** The key of a persistent session, from its file or new; undefined for a transient one. */
  async #privateKey(control: DialSocket): Promise<Attempt<Uint8Array | undefined>> {
    const path = this.#options.privateKeyFile;
    if (path === undefined) return { ok: true, value: undefined };
    const kept = readKeyFile(path);
    if (!kept.ok || kept.value !== undefined) return kept;
    const made = await control.answered(samGenerateDestination());
    if (!made.ok) return made;
    // Written to the disk before the session exists: an address that was used must not be lost.
    const written = writeKeyFile(path, made.value);
    return written.ok ? made : written;
  }
}
