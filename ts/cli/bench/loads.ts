// The loads of `sockman bench`: echoes over lasting connections, and connections that come and go.

import { SockMan } from '../../sockman/sock-man.ts';

/** Bytes of a message: less than a packet, so that calls are measured, not copies. */
export const MESSAGE_BYTES = 64;

/** Clients of an echo server, a message in flight on each. */
export class EchoClients extends SockMan {
  /** Messages that came back completely. */
  echoes = 0;
  /** The first failure to make a later connection. */
  failure: Error | undefined;
  readonly #message = new Uint8Array(MESSAGE_BYTES).fill(0x2a);
  readonly #endpoint: string;
  readonly #isChurning: boolean;
  /** Bytes of the message that came back so far, by connection. */
  readonly #received = new Map<number, number>();
  #isEnding = false;

  /** @param isChurning - Each connection ends with its first message, and is replaced by a new one. */
  constructor(port: number, isChurning: boolean) {
    super();
    this.#endpoint = `127.0.0.1:${port}`;
    this.#isChurning = isChurning;
  }

  /** Opens this many connections and begins. @throws {Error} One of them failed. */
  async begin(count: number): Promise<void> {
    this.startSocketsThreads();
    await Promise.all(Array.from({ length: count }, () => this.#open()));
  }

  async end(): Promise<void> {
    this.#isEnding = true;
    this.interruptNet();
    await this.joinSocketsThreads();
  }

  override eventGotData(nodeId: number, bytes: Uint8Array): void {
    const received = (this.#received.get(nodeId) ?? 0) + bytes.length;
    if (received < MESSAGE_BYTES) return void this.#received.set(nodeId, received);
    this.echoes += 1;
    if (!this.#isChurning) {
      this.#received.set(nodeId, 0);
      this.queueBytes(nodeId, this.#message);
      return;
    }
    this.#received.delete(nodeId);
    this.closeConnection(nodeId);
    this.#open().catch((error: unknown) => (this.failure ??= error as Error));
  }

  override eventGotEOF(nodeId: number): void {
    this.closeConnection(nodeId);
  }

  override eventGotPermanentReadError(nodeId: number): void {
    this.closeConnection(nodeId);
  }

  override eventReadyToSend(): boolean {
    return false;
  }

  override eventNewConnectionAccepted(): boolean {
    return false;
  }

  async #open(): Promise<void> {
    const { nodeId, errmsg } = await this.connectAndMakeNodeId(this.#endpoint);
    if (this.#isEnding) return;
    if (nodeId === undefined) throw new Error(`the server is not reached: ${errmsg}`);
    this.queueBytes(nodeId, this.#message);
  }
}
