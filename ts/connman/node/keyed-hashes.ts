// Hashes under a key of this process: they look random to peers, and are the same each time.
//
// Each use has an id of its own, the first eight bytes of the SHA-256 of its name, so that a value of one use says nothing
// about another. (Bitcoin Core src/net.cpp, RANDOMIZER_ID_*, and GetDeterministicRandomizer)

import type { NetGroups } from '../../addrman/net-groups.ts';
import type { NetAddress } from '../../netaddr/net-address.ts';
import { NETWORK_NUMBERS } from '../../netaddr/networks/network.ts';
import type { NetworkClass } from '../../netaddr/networks/network.ts';
import type { Service } from '../../netaddr/service.ts';
import { random64 } from '../../util/random.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { SipHash } from '../../util/hashing/siphash.ts';

const UINT32 = 2 ** 32;

/** "netgroup" */
const NETGROUP_ID = 0x6c0e_dd80_36ef_4036n;
/** "localhostnonce" */
const LOCAL_NONCE_ID = 0xd93e_69e2_bbfa_5735n;
/** "networkkey" */
const NETWORK_KEY_ID = 0x0e8a_2b13_6c59_2a7dn;

/** The key, and what is hashed under it. */
export class KeyedHashes {
  readonly #seed0: bigint;
  readonly #seed1: bigint;
  /** Hashes to which the id of a use has been fed. Each connection is hashed three times, with one object for all of them. */
  readonly #netGroup: SipHash;
  readonly #localNonce: SipHash;
  readonly #networkKey: SipHash;
  readonly #hash = new SipHash(0n, 0n);
  /** A number as bytes: an address of another length than 16 or 32 leaves the hash in the middle of a word. */
  readonly #word = new DataView(new ArrayBuffer(8));
  readonly #wordBytes = new Uint8Array(this.#word.buffer);

  /** Two secret 64-bit numbers. */
  constructor(seed0: bigint, seed1: bigint) {
    this.#seed0 = seed0;
    this.#seed1 = seed1;
    this.#netGroup = this.randomizer(NETGROUP_ID);
    this.#localNonce = this.randomizer(LOCAL_NONCE_ID);
    this.#networkKey = this.randomizer(NETWORK_KEY_ID);
  }

  /** With a new key. */
  static random(random: RandomUint32): KeyedHashes {
    return new KeyedHashes(random64(random), random64(random));
  }

  /** A hash to which an id of 64 bits has been fed; further integers are fed as eight bytes, low first. */
  randomizer(id: bigint): SipHash {
    return new SipHash(this.#seed0, this.#seed1).writeUint64(id);
  }

  /** The peer's network group, hashed, so that outsiders cannot predict the order of groups in eviction. */
  keyedNetGroup(address: NetAddress, groups: NetGroups): bigint {
    return this.#hash.copyFrom(this.#netGroup).write(groups.group(address)).finalize();
  }

  /** The nonce in the `version` message to a node. */
  localNonce(nodeId: number): bigint {
    return this.#hash.copyFrom(this.#localNonce).write(this.#uint64LE(nodeId)).finalize();
  }

  /**
   * What a peer knows about our place in the network: the network of the connection, and our address there. The port of an
   * outbound connection is irrelevant.
   */
  networkKey(network: NetworkClass, addrBind: Service | undefined, isInbound: boolean): bigint {
    const hash = this.#hash.copyFrom(this.#networkKey).write(this.#uint64LE(NETWORK_NUMBERS[network]));
    if (addrBind !== undefined) hash.write(addrBind.address.getAddrBytes());
    const port = isInbound ? (addrBind?.port ?? 0) : 0;
    return hash.write(this.#uint64LE(port)).finalize();
  }

  /** Lent until the next call. */
  #uint64LE(value: number): Uint8Array {
    this.#word.setUint32(0, value % UINT32, true);
    this.#word.setUint32(4, Math.floor(value / UINT32), true);
    return this.#wordBytes;
  }
}
