// The sockets of a `Connman`: a `SockMan` that finds the node of each callback and passes it to a part.
//
// Nobody outside sees it. To send or receive past the parts would leave their counts wrong, so `Connman` offers facts about
// the sockets and no way to use them. (Bitcoin Core's `CConnman` inherits privately for the same reason.)
//
// `shouldTryToSend` and the hooks of the turn are not overridden: while they are, every connection is looked at twenty times
// a second. Nothing needs them. What is to be sent is sent when it is queued, and where the kernel does not take it all it
// says when there is room; a transport that has something of its own to say, or can say what was queued before, is known to
// `Wire`, which wakes it. Marked nodes are removed, and changes told, in a macrotask of their own.

import type { Service } from '../netaddr/service.ts';
import { sockManOptionsOf } from '../sockman/options.ts';
import type { SockManOptions } from '../sockman/options.ts';
import { SockMan } from '../sockman/sock-man.ts';
import type { Admission } from './inbound/admission.ts';
import type { Wire } from './messages/wire.ts';
import { markAndClose } from './node/mark-and-close.ts';
import type { NodeTable } from './node/node-table.ts';
import { LOCAL_SCORES } from './reach/local-addresses.ts';
import type { LocalAddresses } from './reach/local-addresses.ts';

/** The parts that handle callbacks. */
export interface SocketParts {
  readonly table: NodeTable;
  readonly wire: Wire;
  readonly admission: Admission;
  readonly localAddresses: LocalAddresses;
}

export class NodeSockets extends SockMan {
  #parts!: SocketParts;

  constructor(options: SockManOptions) {
    super(sockManOptionsOf(options));
  }

  /** Sets the parts that handle callbacks, before the first one: those parts are made with the sockets. */
  attach(parts: SocketParts): void {
    this.#parts = parts;
  }

  override eventNewConnectionAccepted(nodeId: number, me: Service, them: Service): boolean {
    return this.#parts.admission.accept(nodeId, me, them);
  }

  override shouldTryToRecv(nodeId: number): boolean {
    return this.#parts.table.get(nodeId)?.isReceivePaused === false;
  }

  override eventReadyToSend(nodeId: number): boolean {
    const node = this.#parts.table.get(nodeId);
    return node === undefined || this.#parts.wire.send(node);
  }

  override eventGotData(nodeId: number, data: Uint8Array): void {
    const node = this.#parts.table.get(nodeId);
    if (node !== undefined) this.#parts.wire.receive(node, data);
  }

  /**
   * Ends the connection, even if complete messages of the peer still wait: a peer that wants an answer keeps its sending
   * side open.
   */
  override eventGotEOF(nodeId: number): void {
    this.#end(nodeId, 'the peer closed the connection');
  }

  override eventGotPermanentReadError(nodeId: number, errmsg: string): void {
    this.#end(nodeId, `receive failed: ${errmsg}`);
  }

  #end(nodeId: number, reason: string): void {
    const node = this.#parts.table.get(nodeId);
    if (node !== undefined) markAndClose(this, node, reason);
  }

  /**
   * Our I2P address is one of ours while its session lasts. Reported again for each awaited peer, which does not raise its
   * score.
   */
  override eventI2PListen(addr: Service, success: boolean): void {
    const { localAddresses } = this.#parts;
    if (!success) localAddresses.remove(addr);
    else if (!localAddresses.has(addr)) localAddresses.add(addr, LOCAL_SCORES.manual);
  }
}
