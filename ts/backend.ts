// The entry point `sockman/backend`: what it takes to write a backend of one's own, and the two on real sockets that ship.
// Re-exports only.
//
// `Backend` is the contract. A `SockMan` uses any function that makes one: option `backend`. `ReadinessBackend` is that contract
// over any kind of non-blocking socket. The network in memory of `sockman/testing` is another implementation.

export { MAX_RECORDS, RECORD_WORDS, RecordFlag, SLOT_BITS, SLOT_MASK } from './sockman/backends/backend.ts';
export type {
  Backend,
  BackendOptions,
  BatchSink,
  ConnectResult,
  ListenResult,
  PollerName,
  SocketConnectOptions,
  SocketCounters,
  SocketListenOptions,
  SystemFailure,
  TcpInfo,
} from './sockman/backends/backend.ts';
export { createNativeBackend, createNodeNetBackend } from './sockman/backends/factories.ts';
export type { NativeBackendOptions } from './sockman/backends/factories.ts';
export { ReadinessBackend } from './sockman/backends/readiness/readiness-backend.ts';
export type {
  DriverConnectResult,
  DriverListenResult,
  ListenerOwner,
  ListenerSocket,
  SocketDriver,
  StreamOwner,
  StreamSocket,
} from './sockman/backends/readiness/driver.ts';
export { Slab, undetachableWords } from './sockman/backends/slab.ts';
export type { BackendFactory } from './sockman/options.ts';
export type { Clock, Timer } from './util/time/clock.ts';
