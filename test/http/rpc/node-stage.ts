// A node on regtest with its RPC, over real sockets of the loopback interface.

import { AddrMan } from '../../../ts/addrman/addr-man.ts';
import type { AddrManOptions } from '../../../ts/addrman/addr-man.ts';
import { Connman } from '../../../ts/connman/connman.ts';
import type { ConnmanOptions } from '../../../ts/connman/settings/options.ts';
import type { HttpServerOptions } from '../../../ts/http.ts';
import { SettableClock, nodeMethods } from '../../../ts/rpc.ts';
import type { RpcAuthOptions, RpcNode } from '../../../ts/rpc.ts';
import { CHAIN_PARAMS } from '../../../ts/p2p/chain-params.ts';
import { PeerManager } from '../../../ts/peerman/peer-manager.ts';
import { BanMan } from '../../../ts/storage/ban-man.ts';
import type { BanManOptions } from '../../../ts/storage/ban-man.ts';
import { inTime } from '../../harness/until.ts';
import { RpcStage } from './stage.ts';

/** One entry of `getpeerinfo`, as far as tests look at it by name. */
export type PeerEntry = Record<string, unknown> & {
  id: number;
  addr: string;
  addrbind: string;
  inbound: boolean;
  version: number;
  bytesrecv_per_msg: Record<string, number>;
  bytessent_per_msg: Record<string, number>;
};

/** How a node of a test is set up. */
export interface NodeStageOptions {
  readonly connman?: ConnmanOptions;
  readonly bans?: BanManOptions;
  readonly addresses?: AddrManOptions;
  readonly node?: Partial<RpcNode>;
  readonly auth?: RpcAuthOptions;
  readonly http?: HttpServerOptions;
}

export class NodeStage {
  readonly clock = new SettableClock();
  readonly connman: Connman;
  readonly peerManager: PeerManager;
  readonly rpc: RpcStage;
  readonly addressBook: AddrMan;
  readonly banMan: BanMan;

  private constructor({ connman, bans, addresses, node, auth, http }: NodeStageOptions) {
    const { clock } = this;
    this.addressBook = new AddrMan({ clock, ...addresses });
    this.banMan = new BanMan({ clock, ...bans });
    const parts = { clock, addressBook: this.addressBook, banMan: this.banMan };
    this.connman = new Connman({ chain: 'regtest', noConnect: true, bind: ['127.0.0.1:0'], ...parts, ...connman });
    this.peerManager = new PeerManager({ ...parts });
    const known: RpcNode = {
      chain: CHAIN_PARAMS.regtest,
      connman: this.connman,
      peerManager: this.peerManager,
      ...parts,
      settableClock: clock,
      ...node,
    };
    this.rpc = new RpcStage(nodeMethods(known), auth, http);
  }

  static async start(options: NodeStageOptions = {}): Promise<NodeStage> {
    const stage = new NodeStage(options);
    await stage.connman.start(stage.peerManager);
    return stage;
  }

  /** Where it listens. */
  get address(): string {
    return String(this.connman.listeningAt[0]);
  }

  /** Calls a method. @throws {Error} With code and message of the error it is answered with. */
  async call<Result = unknown>(method: string, ...params: unknown[]): Promise<Result> {
    const { result, error } = await this.rpc.call(method, params);
    if (error !== undefined) throw new Error(`${error.code}: ${error.message}`);
    return result as Result;
  }

  peers(): Promise<PeerEntry[]> {
    return this.call('getpeerinfo');
  }

  /** Dials another node, and waits until both have shaken hands. */
  async meet(other: NodeStage): Promise<void> {
    const shaken = Promise.all([this.#nextHandshake(), other.#nextHandshake()]);
    await this.call('addnode', other.address, 'onetry');
    await inTime('two handshakes', shaken);
  }

  #nextHandshake(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.peerManager.on('peerReady', () => {
        stop();
        resolve();
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.rpc[Symbol.asyncDispose]();
    await this.connman.stop();
  }
}
