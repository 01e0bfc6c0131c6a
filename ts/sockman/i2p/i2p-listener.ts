// Accepts I2P peers: one offer to the router at a time, a new one as soon as a peer took the last.
//
// SAM 3.1 has no queue: a peer that comes between two offers is lost, so the next offer is made before anything else. After
// a failure the next round waits, each time a second longer; only an accepted peer resets the wait, since a router that
// takes offers and then drops them is as bad as one that refuses.

import { NetAddress } from '../../netaddr/net-address.ts';
import { Service } from '../../netaddr/service.ts';
import { sleep } from '../../util/time/sleep.ts';
import { DialSocket } from '../dial/dial-socket.ts';
import type { Attempt } from '../dial/dial-socket.ts';
import { dialFailure } from '../dial/failure.ts';
import { endsSamSession, samAcceptedPeer } from '../dial/sam.ts';
import { I2P_SAM31_PORT } from './sam-session.ts';
import type { SamSession, SessionContext } from './sam-session.ts';

/** First wait after a failure, and what each failure adds, in milliseconds. (Bitcoin Core src/net.cpp, ThreadI2PAcceptIncoming.) */
const I2P_RETRY_STEP_MS = 1_000;
/** Longest wait, in milliseconds. */
export const I2P_RETRY_MAX_MS = 300_000;

/** Stands for our address while none is known. */
const NO_ADDRESS = new Service(NetAddress.UNSPECIFIED, 0);

export class I2PListener {
  readonly #context: SessionContext;
  readonly #session: SamSession;
  readonly #stop = new AbortController();
  #socket: DialSocket | undefined;
  #me = NO_ADDRESS;
  #delayMs = I2P_RETRY_STEP_MS;

  constructor(context: SessionContext, session: SamSession) {
    this.#context = context;
    this.#session = session;
  }

  start(): void {
    void this.#run();
  }

  /** Ends listening, at any stage. The owner closes the session. */
  stop(): void {
    this.#stop.abort();
    this.#socket?.abort(dialFailure('interrupted'));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const socket = (this.#socket = new DialSocket(this.#context.loop));
      const offered = await this.#session.listen(socket);
      if (signal.aborted) break;
      if (!offered.ok) {
        this.#context.logger.error(`listening on I2P failed: ${offered.failure.message}`);
        this.#context.loop.tellI2PListen(this.#me, false);
        await this.#backOff();
        continue;
      }
      this.#me = offered.value;
      this.#context.loop.tellI2PListen(this.#me, true);
      const accepted = await this.#accept(socket);
      if (accepted.ok) {
        this.#delayMs = I2P_RETRY_STEP_MS;
        continue;
      }
      this.#context.logger.debug(`accepting on I2P failed: ${accepted.failure.message}`);
      if (endsSamSession(accepted.failure)) this.#session.close(accepted.failure);
      await this.#backOff();
    }
  }

  /** Waits for a peer and makes it a connection in the same turn. */
  #accept(socket: DialSocket): Promise<Attempt<void>> {
    const me = this.#me;
    return new Promise((resolve) => {
      socket.run(samAcceptedPeer(), (accepted) => {
        if (!accepted.ok) return resolve(accepted);
        const them = new Service(accepted.value, I2P_SAM31_PORT);
        const { socket: connection, leftover } = socket.release();
        this.#context.loop.sockets.admit(connection, leftover, { me, them, whenClosed: undefined });
        resolve({ ok: true, value: undefined });
      });
    });
  }

  async #backOff(): Promise<void> {
    const delayMs = this.#delayMs;
    if (this.#delayMs < I2P_RETRY_MAX_MS) this.#delayMs += I2P_RETRY_STEP_MS;
    await sleep(this.#context.loop.clock, delayMs, this.#stop.signal);
  }
}
