// The package's main entry point: re-exports only.

export { SockMan } from './sockman/sock-man.ts';
export { createSockMan } from './sockman/create-sock-man.ts';
export type { SockManHandlers } from './sockman/create-sock-man.ts';
export type { CloseReason, SockManCallbacks } from './sockman/callbacks/callbacks.ts';
export type { CallbackErrorHandler } from './util/errors/callback-errors.ts';
export type { PollerName } from './sockman/backends/backend.ts';
export type { BackendFactory, SockManOptions } from './sockman/options.ts';
export type { EndOptions, QueueOptions, StartOptions } from './sockman/core.ts';
export type { ConnectOptions, ConnectTarget, NamedTarget, Proxy } from './sockman/dial/connect-options.ts';
export type { StepListener } from './sockman/dial/dial-socket.ts';
export type { DialResult } from './sockman/dial/dialer.ts';
export { DIAL_FAILURES } from './sockman/dial/failure.ts';
export type {
  DialFailureCode,
  FailureKind as DialFailureKind,
  FailureLog as DialFailureLog,
} from './sockman/dial/failure.ts';
export type { ProxyCredentials } from './sockman/dial/stream-isolation.ts';
export type { I2PListenOptions } from './sockman/i2p/i2p.ts';
export type { BindResult } from './sockman/listeners.ts';
export type { SockManStats } from './sockman/stats.ts';
export type { Backend, BackendOptions, BatchSink, SocketCounters, TcpInfo } from './sockman/backends/backend.ts';
export { NetAddress } from './netaddr/net-address.ts';
export type { NetworkClass, NetworkName, PublicNetworkName, RawAddress } from './netaddr/networks/network.ts';
export { Service } from './netaddr/service.ts';
export { Subnet } from './netaddr/subnet.ts';
export { DecodeError, ERROR_CODES, SockManError } from './util/errors/errors.ts';
export type { ErrorCode, ErrorDetails } from './util/errors/errors.ts';
export { SystemError } from './util/errors/system-error.ts';
export type { SystemErrorDetails } from './util/errors/system-error.ts';
export type { ConnectionStream } from './sockman/streams/connection-stream.ts';
export { MemoryBudget } from './util/memory/memory-budget.ts';
export type { MemoryAccount, MemoryBudgetOptions } from './util/memory/memory-budget.ts';
export { silentLogger } from './util/logger.ts';
export type { Logger } from './util/logger.ts';
export type { Histogram } from './util/histogram.ts';
export { systemClock } from './util/time/clock.ts';
export type { Clock, Timer } from './util/time/clock.ts';
export { createSecureRandom } from './util/random.ts';
export type { RandomUint32 } from './util/random.ts';
