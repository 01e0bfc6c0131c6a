// The parts of the peer manager that track transactions over all peers.

import type { PeerContext } from '../state/peer-context.ts';
import { PrivateBroadcast } from './private-broadcast.ts';
import { TxDownload } from './tx-download.ts';

export class Transactions {
  readonly privateBroadcast: PrivateBroadcast;
  /** Undefined if the embedder requests transactions itself, or takes none. */
  readonly download: TxDownload | undefined;

  constructor(context: PeerContext) {
    this.privateBroadcast = new PrivateBroadcast(context);
    this.download = context.hooks.isTxKnown && new TxDownload(context, (item) => context.hooks.isTxKnown!(item));
  }
}
