// The exports of the addon. The terms are those of `Backend` in ts/sockman/backends/backend.ts; JavaScript allocates all
// memory, the addon fills it.

/** The engine of one backend. Invalid handles count as unknown ones; the caller has checked everything else. */
export interface Engine {
  /** Name of the poller in use. */
  readonly poller: string;
  /**
   * Begins to call `onBatch`, as `BatchSink.turn`; a negative count is the errno of a poller that failed.
   * @returns 0, or a negative errno of the loop.
   */
  start(onBatch: (recordCount: number, isNewPass: boolean) => boolean): number;
  stop(): void;
  /** Pauses or resumes the poller. */
  rest(on: boolean): void;
  destroy(): void;
  /** @returns A handle, or -1 with the number of the system call and the errno in `exchange`. */
  listen(packedAddress: Uint8Array, backlog: number, reusePort: boolean, dualStack: boolean): number;
  /** @returns As `listen`. */
  connect(packedAddress: Uint8Array, packedLocalAddress: Uint8Array | undefined): number;
  setAccepting(listener: number, on: boolean): void;
  drain(listener: number): void;
  setReceiving(handle: number, on: boolean): void;
  /** Makes the poller ignore a socket for a while, or watch it again. */
  setResting(handle: number, on: boolean): void;
  /** @returns Bytes taken, or a negative errno; undefined, which costs nothing to make, if all were taken. */
  send(handle: number, data: Uint8Array, willSendMore: boolean): number | undefined;
  /** As `send`, for bytes of the slab after which nothing follows: handle, offset and length are those in `exchange`. */
  sendLent(): number | undefined;
  sendMany(handles: Int32Array, count: number, data: Uint8Array, willSendMore: boolean, results: Int32Array): void;
  receive(handle: number): number;
  shutdownSend(handle: number): number;
  close(handle: number): void;
  reset(handle: number): void;
  /** Packs the address of the socket whose handle `exchange` holds; its length goes there too, 0 for none. */
  localAddress(): void;
  remoteAddress(): void;
  /** Writes received and sent bytes, times of creation, last send and last receive on the clock of `monotonicMs`. */
  countersOf(handle: number, out: Float64Array): boolean;
  /** Writes the fields of `TcpInfo` in their order. */
  tcpInfoOf(handle: number, out: Float64Array): boolean;
}

export interface Addon {
  /**
   * @param records - Room for 512 records, of memory that cannot be detached, as the other two.
   * @param slab - Three receive chunks.
   * @param exchange - 37 words: number of the system call and errno of the last failure; handle, offset and length; three
   *   unused ones; the bytes of a packed address.
   * @param settings - receiveChunkBytes, acceptBatch, noDelay, keepAliveSeconds, receiveBufferBytes, sendBufferBytes.
   * @param poller - One of `pollers`, or empty for the best.
   */
  Engine: new (
    records: Int32Array,
    slab: Uint8Array,
    exchange: Int32Array,
    settings: Int32Array,
    poller: string,
  ) => Engine;
  /** Whether this runtime has an event loop that can watch the engine. */
  isLoopAvailable: boolean;
  /** The pollers of this build, best first. */
  pollers: readonly string[];
  monotonicMs(): number;
  /** Makes the C library return free memory to the system, if it can. */
  trimMemory(): void;
  syscallName(call: number): string;
}

export function loadAddon(): { ok: true; addon: Addon } | { ok: false; reason: string };

/** The binary of this platform, if there is one. */
export function binaryFile(): string;
