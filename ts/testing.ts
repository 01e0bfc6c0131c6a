// `sockman/testing`: a network in memory for tests of programs that use this package, a village of Bitcoin nodes, and the
// conformance suite of backends.
//
// See `MemoryNetwork`, which a `SockMan` joins by its option `backend: net.createBackend`, and `backendChecks`.

export { MemoryNetwork } from './sockman/backends/memory.ts';
export type { MemoryNetworkOptions } from './sockman/backends/memory.ts';
export { MemoryPeer } from './sockman/backends/memory/memory-peer.ts';
export { MemoryPeerListener } from './sockman/backends/memory/memory-peer-listener.ts';
export { VirtualClock } from './sockman/backends/memory/virtual-clock.ts';
export type { VirtualClockOptions } from './sockman/backends/memory/virtual-clock.ts';
export {
  combineFaults,
  failConnects,
  limitSends,
  randomFaults,
  splitReceives,
} from './sockman/backends/memory/fault-script.ts';
export type {
  AcceptFault,
  ConnectFault,
  FaultOdds,
  FaultScript,
  FaultSite,
} from './sockman/backends/memory/fault-script.ts';
export { MAX_VILLAGERS, Village } from './crawl/village/village.ts';
export type { VillageOptions } from './crawl/village/village.ts';
export { VILLAGER_KINDS } from './crawl/village/villager.ts';
export type { Villager, VillagerKind } from './crawl/village/villager.ts';
export { DEFAULT_MIX } from './crawl/village/population.ts';
export type { NetworkMix } from './crawl/village/population.ts';
export { backendChecks } from './sockman/conformance/backend-checks.ts';
export type { BackendCheck, BackendLimits } from './sockman/conformance/check.ts';
export type { Backend, BackendOptions } from './sockman/backends/backend.ts';
export type { BackendFactory } from './sockman/options.ts';
export type { Clock, Timer } from './util/time/clock.ts';
