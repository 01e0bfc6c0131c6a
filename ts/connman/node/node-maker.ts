// Makes the node of a connection: its nonce, its keyed hashes, its transport.

import type { NetAddress } from '../../netaddr/net-address.ts';
import type { RandomBytes } from '../../p2p/bip324/ellswift.ts';
import { V1Transport } from '../../p2p/transport/v1.ts';
import { V2Transport } from '../../p2p/transport/v2.ts';
import type { Transport } from '../../p2p/transport/transport.ts';
import type { RandomUint32 } from '../../util/random.ts';
import { BlockPool } from './block-pool.ts';
import type { KeyedHashes } from './keyed-hashes.ts';
import { LongMessages } from './long-messages.ts';
import { P2PNode } from './peer.ts';
import { hasPermission } from './permission-flags.ts';
import type { ConnectionInfo } from './peer.ts';
import { ReceivedBytes } from './received-bytes.ts';
import type { ResolvedConnmanOptions } from '../settings/resolve-options.ts';

/** A connection that begins. */
export interface NewConnection extends ConnectionInfo {
  /** Whether to encrypt, or, inbound, to take that up. */
  readonly usesV2: boolean;
}

/** Makes nodes of one `Connman`. */
export class NodeMaker {
  /** Those of all inbound nodes. */
  readonly longMessages: LongMessages;
  readonly #options: ResolvedConnmanOptions;
  readonly #hashes: KeyedHashes;
  readonly #randomBytes: RandomBytes;
  readonly #blocks = new BlockPool();
  readonly #onMarked: (node: P2PNode) => void;
  readonly #onReceiveResumed: (nodeId: number) => void;

  /**
   * @param onMarked - Called once for each node that is marked for disconnection.
   * @param onReceiveResumed - Called when a node may be received from again.
   */
  constructor(
    options: ResolvedConnmanOptions,
    hashes: KeyedHashes,
    onMarked: (node: P2PNode) => void,
    onReceiveResumed: (nodeId: number) => void,
  ) {
    this.#options = options;
    this.longMessages = new LongMessages(options.maxLongMessageBytes);
    this.#onReceiveResumed = onReceiveResumed;
    this.#hashes = hashes;
    this.#randomBytes = bytesFrom(options.random);
    this.#onMarked = onMarked;
  }

  /** Fields are copied straight into the node: rest patterns and spreads made half of the garbage of a flood of connections. */
  make(connection: NewConnection): P2PNode {
    const { id, addr, addrBind, connectionType, isInboundOnion, permissions } = connection;
    const { maxSendBufferBytes, memoryBudget, clock } = this.#options;
    const isInbound = connectionType === 'inbound';
    const network = isInboundOnion ? 'onion' : addr.address.getNetClass();
    const parts = {
      keyedNetGroup: this.#keyedNetGroup(addr.address),
      networkKey: this.#hashes.networkKey(network, addrBind, isInbound),
      localNonce: this.#hashes.localNonce(id),
      connectedAtMs: clock.wallTimeMs(),
      transport: this.#makeTransport(connection.usesV2, !isInbound),
      received: this.#receivedBytes(id, isInbound && !hasPermission(permissions, 'noban')),
      sendAccount: memoryBudget.open(undefined, maxSendBufferBytes),
    };
    return new P2PNode(connection, parts, this.#onMarked);
  }

  #receivedBytes(id: number, isStranger: boolean): ReceivedBytes {
    const { maxReceiveBufferBytes, memoryBudget } = this.#options;
    const account = memoryBudget.open(() => this.#onReceiveResumed(id), maxReceiveBufferBytes);
    return new ReceivedBytes(account, this.#blocks, isStranger ? this.longMessages : undefined);
  }

  #keyedNetGroup(address: NetAddress): bigint {
    return this.#hashes.keyedNetGroup(address, this.#options.netGroups);
  }

  #makeTransport(usesV2: boolean, isInitiator: boolean): Transport {
    const { magic } = this.#options.chain;
    return usesV2 ? new V2Transport({ magic, isInitiator, randomBytes: this.#randomBytes }) : new V1Transport(magic);
  }
}

function bytesFrom(random: RandomUint32): RandomBytes {
  return (byteCount) => {
    const words = new Uint32Array(Math.ceil(byteCount / Uint32Array.BYTES_PER_ELEMENT));
    for (let index = 0; index < words.length; index++) words[index] = random();
    return new Uint8Array(words.buffer, 0, byteCount);
  };
}
