// A bcoin node in a process of its own, as a real peer for interoperation tests.

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** bcoin's facts of a peer after the handshake. */
export interface BcoinPeer {
  host: string;
  agent: string;
  version: number;
  isOutbound: boolean;
}

/** A block that bcoin mined. */
export interface BcoinBlock {
  /** In reversed byte order. */
  hash: string;
  hex: string;
}

type Report = { listening?: number; peer?: BcoinPeer; mined?: BcoinBlock; packet?: string; error?: string };

export class BcoinNode {
  readonly port: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(): Promise<BcoinNode> {
    const child = fork(join(import.meta.dirname, 'node.cjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const { listening } = await nextReport(child, (report) => report.listening !== undefined);
    return new BcoinNode(child, listening!);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  dial(address: string): void {
    this.#child.send({ connect: address });
  }

  async mine(): Promise<BcoinBlock> {
    const mined = nextReport(this.#child, (report) => report.mined !== undefined);
    this.#child.send({ mine: 1 });
    return (await mined).mined!;
  }

  /** The next peer whose handshake with bcoin is done, dialed by bcoin or by the peer. */
  async nextPeer(isOutbound: boolean): Promise<BcoinPeer> {
    return (await nextReport(this.#child, ({ peer }) => peer?.isOutbound === isOutbound)).peer!;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await gone;
  }
}

function nextReport(child: ChildProcess, isWanted: (report: Report) => boolean): Promise<Report> {
  return new Promise((resolve, reject) => {
    const onMessage = (report: Report): void => {
      if (report.error !== undefined) return end(() => reject(new Error(report.error)));
      if (isWanted(report)) end(() => resolve(report));
    };
    const onExit = (): void => end(() => reject(new Error('bcoin ended')));
    function end(settle: () => void): void {
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle();
    }
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}
