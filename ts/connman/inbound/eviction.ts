// Which inbound peer goes when the slots are full. (Bitcoin Core src/node/eviction.cpp; sparing newcomers is our own)
//
// An attacker who can open many connections must not be able to have all others evicted. So peers are protected by several
// properties that are hard to have in numbers at once: unpredictable netgroups, low latency, useful work, networks that
// few use, age; and by the permission `noban`. Of the unprotected peers, discouraged ones come first; of these, or of all,
// the youngest member of the largest netgroup is evicted. With up to 20 peers all are protected, from 29 on never all.

import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { ConnectionType } from '../node/connection-types.ts';
import type { NodeTable } from '../node/node-table.ts';
import type { P2PNode } from '../node/peer.ts';

/** What the choice looks at. Times only compare; their unit does not matter. */
export interface EvictionCandidate {
  readonly id: number;
  readonly connectedAtMs: number;
  readonly minPingTimeMs: number;
  readonly lastBlockTimeSeconds: number;
  readonly lastTxTimeSeconds: number;
  readonly hasAllWantedServices: boolean;
  readonly relaysTxs: boolean;
  readonly isBloomFilterLoaded: boolean;
  readonly keyedNetGroup: bigint;
  readonly preferEvict: boolean;
  /** The peer's address is a loopback address. Everybody who comes through our onion service looks so. */
  readonly isLocal: boolean;
  readonly network: NetworkClass;
  readonly isNoBan: boolean;
  readonly connectionType: ConnectionType;
}

/** Peers protected by each property, at most. `PROTECTED_BLOCK_RELAY` are looked at, and protected if they qualify. */
const PROTECTED_BY_NETGROUP = 4;
const PROTECTED_BY_PING = 8;
const PROTECTED_BY_TX = 4;
const PROTECTED_BLOCK_RELAY = 8;
const PROTECTED_BY_BLOCK = 4;
/** Up to this many are sought one by one; for more, sorting is cheaper. */
const MAX_SOUGHT = 8;

type Order = (a: EvictionCandidate, b: EvictionCandidate) => number;
type Test = (candidate: EvictionCandidate) => boolean;

/** How long a peer may take to introduce itself before it can be evicted like any other, in milliseconds. */
const NEWCOMER_GRACE_MS = 1_000;
/** As many newcomers as this part of the inbound slots are spared at one time. */
const NEWCOMER_SHARE = 1 / 8;

/**
 * The node to evict; undefined when everybody is protected. Nodes that are marked for disconnection already do not count.
 *
 * A crowd of new peers would evict each other before any of them is heard. So the latest peers without a handshake, up to
 * `NEWCOMER_SHARE` of the slots, are spared for `NEWCOMER_GRACE_MS`, unless all other peers are protected.
 *
 * @param maxInbound - Inbound slots.
 * @param nowMs - Wall-clock time.
 */
export function pickNodeToEvict(table: NodeTable, maxInbound: number, nowMs: number): P2PNode | undefined {
  const candidates: EvictionCandidate[] = [];
  const newcomers: EvictionCandidate[] = [];
  for (const node of table.values()) {
    if (node.isMarkedForDisconnect) continue;
    const isNew = !node.isSuccessfullyConnected && node.connectedAtMs > nowMs - NEWCOMER_GRACE_MS;
    (isNew && node.isInbound ? newcomers : candidates).push(candidateOf(node));
  }
  const sparedCount = Math.ceil(maxInbound * NEWCOMER_SHARE);
  candidates.push(...newcomers.splice(0, Math.max(0, newcomers.length - sparedCount)));
  const id = selectNodeToEvict(candidates) ?? selectNodeToEvict([...candidates, ...newcomers]);
  return id === undefined ? undefined : table.get(id);
}

function candidateOf(node: P2PNode): EvictionCandidate {
  return {
    id: node.id,
    connectedAtMs: node.connectedAtMs,
    minPingTimeMs: node.minPingTimeMs,
    lastBlockTimeSeconds: node.lastBlockTimeSeconds,
    lastTxTimeSeconds: node.lastTxTimeSeconds,
    hasAllWantedServices: node.hasAllWantedServices,
    relaysTxs: node.relaysTxs,
    isBloomFilterLoaded: node.isBloomFilterLoaded,
    keyedNetGroup: node.keyedNetGroup,
    preferEvict: node.preferEvict,
    isLocal: node.addr.address.isLocal(),
    network: node.connectedThroughNetwork,
    isNoBan: node.hasPermission('noban'),
    connectionType: node.connectionType,
  };
}

/**
 * The candidate to evict; undefined when everybody is protected. Each order has the peers to protect at its end, and
 * `eraseLast` takes them off the list.
 */
export function selectNodeToEvict(candidates: readonly EvictionCandidate[]): number | undefined {
  const list = candidates.filter(({ isNoBan, connectionType }) => !isNoBan && connectionType === 'inbound');
  eraseLast(list, byNetGroup, PROTECTED_BY_NETGROUP);
  eraseLast(list, slowestPingFirst, PROTECTED_BY_PING);
  eraseLast(list, oldestTxFirst, PROTECTED_BY_TX);
  eraseLast(list, blockRelayLast, PROTECTED_BLOCK_RELAY, isBlockRelayLike);
  eraseLast(list, oldestBlockFirst, PROTECTED_BY_BLOCK);
  protectByRatio(list);
  if (list.length === 0) return undefined;
  const preferred = list.filter(({ preferEvict }) => preferEvict);
  return youngestOfLargestGroup(preferred.length > 0 ? preferred : list);
}

/**
 * Protects half of the list: up to a quarter of the list for networks that few use, however young, and the rest for the
 * longest connected.
 *
 * @param list - Loses the protected ones, and is left in any order.
 */
export function protectByRatio(list: EvictionCandidate[]): void {
  const totalCount = Math.floor(list.length / 2);
  const networkCount = Math.floor(totalCount / 2);
  const classes = DISADVANTAGED.map((isMember) => ({ isMember, count: list.filter(isMember).length }));
  classes.sort((a, b) => a.count - b.count);
  let protectedCount = 0;
  while (protectedCount < networkCount) {
    const populated = classes.filter(({ count }) => count > 0);
    if (populated.length === 0) break;
    const perClass = Math.max(1, Math.floor((networkCount - protectedCount) / populated.length));
    let isAnyProtected = false;
    for (const entry of populated) {
      const removed = eraseLast(list, membersLast(entry.isMember), perClass, entry.isMember);
      if (removed === 0) continue;
      isAnyProtected = true;
      protectedCount += removed;
      if (protectedCount >= networkCount) break;
      entry.count -= removed;
    }
    if (!isAnyProtected) break;
  }
  eraseLast(list, youngestFirst, totalCount - protectedCount);
}

const isBlockRelayLike: Test = ({ relaysTxs, hasAllWantedServices }) => !relaysTxs && hasAllWantedServices;

/** In the order that decides between classes of the same size. */
const DISADVANTAGED: readonly Test[] = [
  ({ network }) => network === 'cjdns',
  ({ network }) => network === 'i2p',
  ({ isLocal }) => isLocal,
  ({ network }) => network === 'onion',
];

const youngestFirst: Order = (a, b) => b.connectedAtMs - a.connectedAtMs;
const byNetGroup: Order = (a, b) => compare(a.keyedNetGroup, b.keyedNetGroup);
/** Infinity less infinity is no number: compared, not subtracted. */
const slowestPingFirst: Order = (a, b) => compare(b.minPingTimeMs, a.minPingTimeMs);
const lackingServicesFirst: Order = (a, b) => Number(a.hasAllWantedServices) - Number(b.hasAllWantedServices);

const oldestTxFirst: Order = (a, b) =>
  a.lastTxTimeSeconds - b.lastTxTimeSeconds ||
  Number(a.relaysTxs) - Number(b.relaysTxs) ||
  Number(b.isBloomFilterLoaded) - Number(a.isBloomFilterLoaded) ||
  youngestFirst(a, b);

const oldestBlockFirst: Order = (a, b) =>
  a.lastBlockTimeSeconds - b.lastBlockTimeSeconds || lackingServicesFirst(a, b) || youngestFirst(a, b);

const blockRelayLast: Order = (a, b) => Number(b.relaysTxs) - Number(a.relaysTxs) || oldestBlockFirst(a, b);

function membersLast(isMember: Test): Order {
  return (a, b) => Number(isMember(a)) - Number(isMember(b)) || youngestFirst(a, b);
}

function compare<T extends bigint | number>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Looks at the last `count` in an order, and removes those of them that pass.
 *
 * The test filters within the last `count`; it does not look further up for more.
 *
 * @returns How many were removed.
 */
function eraseLast(list: EvictionCandidate[], order: Order, count: number, test: Test = () => true): number {
  const candidateCount = list.length;
  if (count > MAX_SOUGHT) {
    list.sort(order);
    let kept = Math.max(0, candidateCount - count);
    for (let at = kept; at < candidateCount; at++) if (!test(list[at]!)) list[kept++] = list[at]!;
    list.length = kept;
  } else {
    const erased = lastOf(list, order, count).filter(test);
    let kept = 0;
    for (const candidate of list) if (!erased.includes(candidate)) list[kept++] = candidate;
    list.length = kept;
  }
  return candidateCount - list.length;
}

/** The last few in an order, found in one pass: a full node must not sort thousands of peers for each accept. */
function lastOf(list: readonly EvictionCandidate[], order: Order, count: number): EvictionCandidate[] {
  const last: EvictionCandidate[] = [];
  for (const candidate of list) {
    let at = last.length;
    while (at > 0 && order(last[at - 1]!, candidate) > 0) at--;
    if (at === 0 && last.length === count) continue;
    last.splice(at, 0, candidate);
    if (last.length > count) last.shift();
  }
  return last;
}

function youngestOfLargestGroup(list: readonly EvictionCandidate[]): number {
  const groups = new Map<bigint, { size: number; youngest: EvictionCandidate }>();
  for (const candidate of list) {
    const group = groups.get(candidate.keyedNetGroup);
    if (group === undefined) {
      groups.set(candidate.keyedNetGroup, { size: 1, youngest: candidate });
      continue;
    }
    group.size++;
    if (candidate.connectedAtMs > group.youngest.connectedAtMs) group.youngest = candidate;
  }
  const [first, ...others] = groups.values();
  const largest = others.reduce((best, group) => {
    if (group.size !== best.size) return group.size > best.size ? group : best;
    return group.youngest.connectedAtMs > best.youngest.connectedAtMs ? group : best;
  }, first!);
  return largest.youngest.id;
}
