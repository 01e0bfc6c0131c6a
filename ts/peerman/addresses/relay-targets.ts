// The peers that an address is relayed to: one or two, the same ones for about a day. Repeating an address does not spread
// it further, and outsiders cannot tell who will hear of it. (Bitcoin Core src/net_processing.cpp, RelayAddress)

import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import type { PeerAddress } from '../../p2p/messages/addresses.ts';
import { SipHash } from '../../util/hashing/siphash.ts';
import { canTakeAddress } from './address-gossip.ts';
import type { PeerContext } from '../state/peer-context.ts';
import type { PeerState } from '../state/peer-state.ts';

/** The peers of an address change once in this time, at a time of day that depends on the address. */
const EPOCH_SECONDS = 86_400n;
/** First eight bytes of SHA-256 of "main address relay". (Core RANDOMIZER_ID_ADDRESS_RELAY) */
const ADDRESS_RELAY_ID = 0x3cac0035b5866b90n;
/** Most peers to choose from. Each address costs time for all of them, and thousands of peers send addresses. */
const MAX_CANDIDATES = 1_000;

/** A candidate and its random number: the highest win. */
interface Draw {
  readonly peer: PeerState;
  readonly low: number;
  readonly high: number;
}

/** Chooses among the peers that take part in gossip and can read the address. */
export function relayTargets(
  context: PeerContext,
  from: PeerState,
  record: PeerAddress,
  isReachable: boolean,
): PeerState[] {
  const base = addressHash(context, record.service);
  const [baseLow] = base.finalizeHalves();
  // An address that we cannot try ourselves is relayed less.
  const targetCount = isReachable || (baseLow! & 1) === 1 ? 2 : 1;
  const hash = new SipHash(0n, 0n);
  const idBytes = new Uint8Array(8);
  const idView = new DataView(idBytes.buffer);
  const best: Draw[] = [];
  for (const peer of candidates(context, baseLow!)) {
    if (peer === from || peer.gossip === undefined || !canTakeAddress(peer, record)) continue;
    idView.setBigUint64(0, BigInt(peer.node.id), true);
    const [low, high] = hash.copyFrom(base).write(idBytes).finalizeHalves();
    best.push({ peer, low: low!, high: high! });
    best.sort((a, b) => b.high - a.high || b.low - a.low);
    best.length = Math.min(best.length, targetCount);
  }
  return best.map(({ peer }) => peer);
}

/** All peers; of very many, a consecutive range, starting at one that the address determines. */
function* candidates({ peers }: PeerContext, choice: number): Generator<PeerState> {
  if (peers.size <= MAX_CANDIDATES) return yield* peers.values();
  const all = [...peers.values()];
  const start = choice % all.length;
  for (let index = 0; index < MAX_CANDIDATES; index++) yield all[(start + index) % all.length]!;
}

/** A secret hash of the address and of its day. */
function addressHash(context: PeerContext, { address, port }: Service): SipHash {
  const plain = new SipHash(0n, 0n);
  plain.writeUint64(BigInt(NETWORK_NUMBERS[address.network])).writeUint64(BigInt(port)).write(address.bytes);
  const hash = plain.finalize();
  const epoch = BigInt.asUintN(64, BigInt(context.nowSeconds()) + hash) / EPOCH_SECONDS;
  return context.network.deterministicRandomizer(ADDRESS_RELAY_ID).writeUint64(hash).writeUint64(epoch);
}
