// The parts of a node that RPC methods work on.

import type { AddrMan } from '../../../addrman/addr-man.ts';
import type { Connman } from '../../../connman/connman.ts';
import type { ChainParams } from '../../../p2p/chain-params.ts';
import type { PeerManager } from '../../../peerman/peer-manager.ts';
import type { BanMan } from '../../../storage/ban-man.ts';
import type { Clock } from '../../../util/time/clock.ts';
import type { SettableClock } from '../../../util/time/settable-clock.ts';
import { RPC_CODES, RpcError } from '../protocol/rpc-error.ts';

/** The categories of debug lines, for the method `logging`. */
export interface LogCategories {
  /** All categories. */
  readonly names: readonly string[];
  /** Whether lines of a category are written. */
  isOn(name: string): boolean;
  /** Turns a category on or off. */
  set(name: string, isOn: boolean): void;
}

/** A node, for `nodeMethods`. Methods whose part is missing answer with Bitcoin Core's errors. */
export interface RpcNode {
  /** The network. */
  readonly chain: ChainParams;
  readonly connman?: Connman | undefined;
  readonly peerManager?: PeerManager | undefined;
  /** The address book of the `connman`. */
  readonly addressBook?: AddrMan | undefined;
  /** The bans of the `connman`. */
  readonly banMan?: BanMan | undefined;
  /** The clock of all parts. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** The same clock, if `setmocktime` may set it: on regtest. */
  readonly settableClock?: SettableClock | undefined;
  /** Whether fc00::/8 is CJDNS. Default false. */
  readonly cjdnsReachable?: boolean | undefined;
  readonly logCategories?: LogCategories | undefined;
  /** The script of a signet, as hex. Default: that of the public one. */
  readonly signetChallenge?: string | undefined;
  /** What `stop` says it stops. Default `sockman`. */
  readonly name?: string | undefined;
  /** Begins the shutdown of the program, and returns. Without it there is no method `stop`. */
  readonly stop?: (() => void) | undefined;
  /** Aborted when the program ends: calls that wait for something then end with −9. */
  readonly signal?: AbortSignal | undefined;
}

/** The connection manager. @throws {RpcError} −31: there is none. */
export function connmanOf({ connman }: RpcNode): Connman {
  if (connman !== undefined) return connman;
  throw new RpcError(RPC_CODES.p2pDisabled, 'Error: Peer-to-peer functionality missing or disabled');
}

/** The message processor. @throws {RpcError} −31: there is none. */
export function peerManagerOf({ peerManager }: RpcNode): PeerManager {
  if (peerManager !== undefined) return peerManager;
  throw new RpcError(RPC_CODES.p2pDisabled, 'Error: Peer-to-peer functionality missing or disabled');
}

/** The address book. @throws {RpcError} −31: there is none. */
export function addressBookOf({ addressBook }: RpcNode): AddrMan {
  if (addressBook !== undefined) return addressBook;
  throw new RpcError(RPC_CODES.p2pDisabled, 'Error: Address manager functionality missing or disabled');
}

/** The bans. @throws {RpcError} −20: there is no list. */
export function banManOf({ banMan }: RpcNode): BanMan {
  if (banMan !== undefined) return banMan;
  throw new RpcError(RPC_CODES.database, 'Error: Ban database not loaded');
}

/** Refuses methods for tests elsewhere. @throws {RpcError} −1: the node is not on regtest. */
export function requireRegtest({ chain }: RpcNode, method: string): void {
  if (chain.name === 'regtest') return;
  throw new RpcError(RPC_CODES.misc, `${method} is for regression testing (-regtest mode) only`);
}
