// A chain that a test defines: the view by which a peer manager judges its peers.

import type { ChainView } from '../../../ts/peerman/index.ts';

export class FakeChain implements ChainView {
  work = 100n;
  minimumChainWork = 10n;
  tipTime = 1_700_000_000;
  headerTime = 1_700_000_000;
  /** Best known work of each peer. */
  readonly peerWork = new Map<number, bigint>();
  readonly inFlight = new Map<number, readonly number[]>();
  readonly blocks = new Map<string, { height: number; timeSeconds: number }>();

  tipWork(): bigint {
    return this.work;
  }

  tipTimeSeconds(): number {
    return this.tipTime;
  }

  bestHeaderTimeSeconds(): number {
    return this.headerTime;
  }

  peerBestWork(nodeId: number): bigint | undefined {
    return this.peerWork.get(nodeId);
  }

  blocksInFlight(nodeId: number): readonly number[] {
    return this.inFlight.get(nodeId) ?? [];
  }

  anyBlocksInFlight(): boolean {
    return this.inFlight.size > 0;
  }

  headersLocator(): readonly Uint8Array[] {
    return [new Uint8Array(32).fill(1)];
  }

  /** Tells the tips apart by their work. */
  tipLocator(): readonly Uint8Array[] {
    return [new Uint8Array(32).fill(Number(this.work))];
  }

  block(hash: Uint8Array) {
    return this.blocks.get(Buffer.from(hash).toString('hex'));
  }
}
