// `sockman/tor`: Tor's control port, and onion services of our own. Re-exports only.

export { OnionService, DEFAULT_TOR_CONTROL } from './onion-service.ts';
export type { OnionServiceEvents, OnionServiceOptions } from './onion-service.ts';
export { TorControl } from './tor-control.ts';
export type { TorControlNetwork, TorControlOptions } from './tor-control.ts';
export { authenticate, protocolInfo } from './authenticate.ts';
export type { TorCredentials, TorProtocolInfo } from './authenticate.ts';
export { DEFAULT_TOR_SOCKS, addOnion, socksListener } from './commands.ts';
export type { Onion, OnionRequest } from './commands.ts';
export type { TorReply } from './reply-reader.ts';
export { TOR_FAILURES, TorControlError } from './failure.ts';
export type { TorFailure, TorFailureDetails } from './failure.ts';
export type { ListenerErrorHandler } from '../util/emitter.ts';
